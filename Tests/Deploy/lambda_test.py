#!/usr/bin/env python3
"""Tests `deploy.sh lambda` against moto, with small programs in place of a bundle.

scripts/test runs it with the environment .build/python/cloud. The last line is `N passed, N failed`.
"""
import base64
import hashlib
import json
import logging
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Support"))
from cloud import PLAIN, REGION, ROOT, Cloud, zip_with  # noqa: E402

ACCOUNT = "123456789012"
PROGRAM = pathlib.Path(os.environ.get("NOFX_PROGRAM", ROOT / ".build/debug/nofx"))


class LambdaTests(unittest.TestCase):
    """One deployment from its first day to its end; each test begins where the one before ended."""

    FUNCTIONS = "createTeam,runWorker"
    ANOTHER = {"functions": ["nofx-dev-createTeam"], "roles": ["another"]}

    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.cloud = Cloud(cls.temporary.name)
        cls.functions = cls.cloud.client("lambda")

    @classmethod
    def tearDownClass(cls):
        cls.cloud.stop()
        cls.temporary.cleanup()

    def deploy(self, *more):
        cloud = self.cloud
        return cloud.deploy(
            "--dist", cloud.dist, "--functions", self.FUNCTIONS, "--env", cloud.variables, "--queue", *more
        )

    def alias(self, function):
        return self.functions.get_alias(FunctionName=f"nofx-{function}", Name="live")

    def policy(self, group):
        role = f"nofx-{REGION}-{group}"
        document = self.cloud.client("iam").get_role_policy(RoleName=role, PolicyName="nofx")["PolicyDocument"]
        return {action: s["Resource"] for s in document["Statement"] for action in s["Action"]}

    # MARK: - The life of a deployment

    def test_01_a_dry_run_changes_nothing(self):
        text = self.deploy("--dry-run")
        self.assertIn("aws lambda create-function", text)
        self.assertEqual(self.cloud.left(), {})

    def test_02_the_first_deployment_makes_everything(self):
        text = self.deploy()
        self.assertIn("2 functions, 2 uploaded", text)
        self.assertIn("warning: the value of DATABASE_URL is stored", text)
        created = self.functions.get_function(FunctionName="nofx-createTeam", Qualifier="live")
        configuration = created["Configuration"]
        self.assertEqual(configuration["Runtime"], "provided.al2023")
        self.assertEqual(configuration["Handler"], "createTeam")
        self.assertEqual(configuration["Timeout"], 15)
        self.assertEqual(configuration["MemorySize"], 512)
        self.assertEqual(
            configuration["Environment"]["Variables"],
            {
                "NOFX_JWT_ISSUER": "https://issuer.example",
                "NOFX_JWT_AUDIENCE": "nofx",
                "NOFX_JWT_SECRET": self.cloud.parameter,
                "DATABASE_URL": f"{self.cloud.secret}:url",
            },
        )
        worker = self.functions.get_function_configuration(FunctionName="nofx-runWorker")
        self.assertEqual(worker["Environment"]["Variables"]["DATABASE_URL"], PLAIN)
        self.assertEqual(worker["Environment"]["Variables"]["NOFX_WORKER_THREADS"], "8")
        self.assertEqual(worker["Timeout"], 900)
        self.assertEqual(self.alias("createTeam")["FunctionVersion"], "1")

    def test_03_roles_have_the_least_rights(self):
        logs = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/nofx-"
        dead = f"arn:aws:sqs:{REGION}:{ACCOUNT}:nofx-dead-letters"
        work = [f"arn:aws:sqs:{REGION}:{ACCOUNT}:nofx-work"]
        self.assertEqual(
            self.policy("endpoints"),
            {
                "logs:CreateLogStream": [logs + "endpoints:*"],
                "logs:PutLogEvents": [logs + "endpoints:*"],
                "secretsmanager:GetSecretValue": [self.cloud.secret],
                "ssm:GetParameter": [self.cloud.parameter],
            },
        )
        operator = self.policy("operator")
        self.assertEqual(operator["sqs:SendMessage"], [dead])
        self.assertEqual(operator["sqs:ReceiveMessage"], work)
        self.assertNotIn("secretsmanager:GetSecretValue", operator)
        self.assertEqual(set(self.policy("scheduler")), {"lambda:InvokeFunction"})
        groups = self.cloud.client("logs").describe_log_groups()["logGroups"]
        self.assertEqual({group["retentionInDays"] for group in groups}, {30})

    def test_04_only_endpoints_have_routes(self):
        api = self.cloud.client("apigatewayv2")
        (item,) = api.get_apis()["Items"]
        routes = {route["RouteKey"]: route for route in api.get_routes(ApiId=item["ApiId"])["Items"]}
        self.assertEqual(set(routes), {"POST /createTeam"})
        self.assertEqual({route["AuthorizationType"] for route in routes.values()}, {"NONE"})
        integrations = api.get_integrations(ApiId=item["ApiId"])["Items"]
        self.assertEqual({one["PayloadFormatVersion"] for one in integrations}, {"2.0"})
        self.assertTrue(all(one["IntegrationUri"].endswith(":live") for one in integrations))
        (stage,) = api.get_stages(ApiId=item["ApiId"])["Items"]
        self.assertTrue(stage["AutoDeploy"])
        policy = json.loads(self.functions.get_policy(FunctionName="nofx-createTeam", Qualifier="live")["Policy"])
        (statement,) = policy["Statement"]
        self.assertEqual(statement["Principal"], {"Service": "apigateway.amazonaws.com"})
        self.assertIn(item["ApiId"], json.dumps(statement["Condition"]))

    def test_05_schedule_queue_and_dead_letters(self):
        schedule = self.cloud.client("scheduler").get_schedule(Name="runWorker", GroupName="nofx")
        self.assertEqual(schedule["ScheduleExpression"], "rate(1 minute)")
        self.assertEqual(schedule["Target"]["Input"], "{}")
        self.assertTrue(schedule["Target"]["Arn"].endswith(":nofx-runWorker:live"))
        (mapping,) = self.functions.list_event_source_mappings()["EventSourceMappings"]
        self.assertEqual(mapping["FunctionResponseTypes"], ["ReportBatchItemFailures"])
        queues = self.cloud.client("sqs")
        url = queues.get_queue_url(QueueName="nofx-work")["QueueUrl"]
        attributes = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        self.assertEqual(attributes["VisibilityTimeout"], "5400")
        self.assertEqual(json.loads(attributes["RedrivePolicy"])["maxReceiveCount"], 5)
        failures = self.functions.get_function_event_invoke_config(FunctionName="nofx-runWorker", Qualifier="live")
        self.assertIn("nofx-dead-letters", failures["DestinationConfig"]["OnFailure"]["Destination"])

    def test_06_the_second_deployment_uploads_and_changes_nothing(self):
        self.assertIn("2 functions, 0 uploaded, 0 changes", self.deploy())

    def test_07_a_changed_function_is_the_only_one_that_is_uploaded(self):
        zip_with(self.cloud.dist / "zip/createTeam.zip", "program createTeam, changed")
        self.assertIn("2 functions, 1 uploaded", self.deploy())
        alias = self.alias("createTeam")
        self.assertEqual(alias["FunctionVersion"], "2")
        self.assertIn("previous=1", alias["Description"])
        self.assertEqual(self.alias("runWorker")["FunctionVersion"], "1")
        now = self.functions.get_function_configuration(FunctionName="nofx-createTeam", Qualifier="live")
        zipped = (self.cloud.dist / "zip/createTeam.zip").read_bytes()
        self.assertEqual(now["CodeSha256"], base64.b64encode(hashlib.sha256(zipped).digest()).decode())

    def test_08_rollback_moves_the_alias_once(self):
        self.assertIn("nofx-createTeam:live is version 1 again", self.cloud.deploy("--rollback"))
        self.assertEqual(self.alias("createTeam")["FunctionVersion"], "1")
        self.assertEqual(self.alias("runWorker")["FunctionVersion"], "1")
        self.assertIn("is undone already", self.cloud.deploy("--rollback", status=1))
        self.assertIn("0 uploaded, 1 changes", self.deploy())
        self.assertEqual(self.alias("createTeam")["FunctionVersion"], "2")

    def test_09_canary_and_its_end(self):
        zip_with(self.cloud.dist / "zip/createTeam.zip", "program createTeam, changed again")
        self.assertIn("1 uploaded", self.deploy("--canary", "10"))
        alias = self.alias("createTeam")
        self.assertEqual(alias["FunctionVersion"], "2")
        self.assertEqual(alias["RoutingConfig"]["AdditionalVersionWeights"], {"3": 0.1})
        status = self.cloud.deploy("status")
        self.assertRegex(status, r"nofx-createTeam +2 +10 % to version 3")
        self.cloud.deploy("--rollback")
        self.assertEqual(self.alias("createTeam").get("RoutingConfig", {}).get("AdditionalVersionWeights", {}), {})
        self.assertEqual(self.alias("createTeam")["FunctionVersion"], "2")
        self.deploy("--canary", "50")
        self.deploy()
        alias = self.alias("createTeam")
        self.assertEqual(alias["FunctionVersion"], "3")
        self.assertEqual(alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {}), {})

    def test_10_options_are_changes_too(self):
        text = self.deploy(
            "--memory", "1024", "--keep", "0", "--retention", "7", "--schedule", "runWorker=off",
            "--jwt-issuer", "https://issuer.example/", "--jwt-audience", "nofx,other",
            "--cors-origin", "https://a.example",
        )  # fmt: skip
        self.assertIn("0 uploaded", text)
        now = self.functions.get_function_configuration(FunctionName="nofx-createTeam", Qualifier="live")
        self.assertEqual(now["MemorySize"], 1024)
        versions = self.functions.list_versions_by_function(FunctionName="nofx-createTeam")["Versions"]
        # Of the versions 1 to 4: the newest, which is the alias's, the one before for a rollback, and none else.
        self.assertEqual([one["Version"] for one in versions][1:], ["3", "4"])
        api = self.cloud.client("apigatewayv2")
        (item,) = api.get_apis()["Items"]
        self.assertEqual(item["CorsConfiguration"]["AllowOrigins"], ["https://a.example"])
        routes = api.get_routes(ApiId=item["ApiId"])["Items"]
        self.assertEqual({route["AuthorizationType"] for route in routes}, {"JWT"})
        authorizer = api.get_authorizer(ApiId=item["ApiId"], AuthorizerId=routes[0]["AuthorizerId"])
        self.assertEqual(authorizer["JwtConfiguration"]["Audience"], ["nofx", "other"])
        self.assertEqual(self.cloud.client("scheduler").list_schedules()["Schedules"], [])
        self.assertEqual(
            {group["retentionInDays"] for group in self.cloud.client("logs").describe_log_groups()["logGroups"]}, {7}
        )

    def test_11_one_function_serves_all_routes(self):
        text = self.cloud.deploy("--single", "--dist", self.cloud.dist)
        listed = subprocess.check_output([ROOT / "scripts/endpoints", "--list"], text=True)
        operators = {line.split()[0] for line in listed.splitlines() if line.split()[1] == "operatorOnly"}
        # runWorker was there before.
        self.assertIn(f"{len(operators) + 1} functions, {len(operators)} uploaded", text)
        names = {one["FunctionName"] for one in self.functions.list_functions()["Functions"]}
        self.assertEqual(names, {f"nofx-{one}" for one in operators | {"nofx"}})
        api = self.cloud.client("apigatewayv2")
        (item,) = api.get_apis()["Items"]
        keys = {route["RouteKey"] for route in api.get_routes(ApiId=item["ApiId"])["Items"]}
        wanted = {"GET /healthz", "GET /readyz"}
        for line in listed.splitlines():
            endpoint, access, methods, _ = line.split()
            wanted |= set() if access == "operatorOnly" else {f"{one} /{endpoint}" for one in methods.split(",")}
        self.assertEqual(keys, wanted)
        self.assertEqual(len(api.get_integrations(ApiId=item["ApiId"])["Items"]), 1)
        # Without --env, functions keep their variables.
        worker = self.functions.get_function_configuration(FunctionName="nofx-runWorker")
        self.assertEqual(worker["Environment"]["Variables"]["DATABASE_URL"], PLAIN)
        self.assertEqual(self.functions.list_event_source_mappings()["EventSourceMappings"], [])

    def test_12_function_urls_in_place_of_the_api(self):
        text = self.cloud.deploy("--single", "--functions", "nofx", "--dist", self.cloud.dist, "--front", "urls")
        self.assertIn("0 uploaded", text)
        self.assertEqual(self.cloud.client("apigatewayv2").get_apis()["Items"], [])
        url = self.functions.get_function_url_config(FunctionName="nofx-nofx", Qualifier="live")
        self.assertEqual(url["AuthType"], "NONE")
        policy = json.loads(self.functions.get_policy(FunctionName="nofx-nofx", Qualifier="live")["Policy"])
        self.assertEqual({one["Sid"] for one in policy["Statement"]}, {"url", "url-invoke"})
        self.cloud.deploy("--single", "--functions", "nofx", "--dist", self.cloud.dist, "--front", "none")
        with self.assertRaises(self.functions.exceptions.ResourceNotFoundException):
            self.functions.get_function_url_config(FunctionName="nofx-nofx", Qualifier="live")

    def test_13_destroy_leaves_nothing(self):
        self.cloud.client("iam").create_role(
            RoleName="another",
            AssumeRolePolicyDocument=json.dumps({
                "Version": "2012-10-17",
                "Statement": [{
                    "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole",
                }],
            }),
        )  # fmt: skip
        self.functions.create_function(
            FunctionName="nofx-dev-createTeam", Runtime="provided.al2023", Handler="x", Code={"ZipFile": b"x"},
            Role=f"arn:aws:iam::{ACCOUNT}:role/another",
        )  # fmt: skip
        self.assertIn("aws lambda delete-function", self.cloud.deploy("destroy", "--dry-run"))
        self.assertIn("nothing of nofx is left", self.cloud.deploy("destroy"))
        # Another deployment's function, whose name begins in the same way, stays.
        self.assertEqual(self.cloud.left(), self.ANOTHER)
        self.assertIn("nothing is deployed", self.cloud.deploy("destroy"))
        self.assertIn("nothing is deployed", self.cloud.deploy("status"))
        self.assertIn("nothing is deployed", self.cloud.deploy("--rollback", status=1))

    def test_14_secrets_are_in_no_argument(self):
        self.assertNotIn("only-in-files", self.cloud.calls.read_text())

    # MARK: - Wrong inputs

    def test_15_wrong_arguments(self):
        wrong = {
            ("--what",): "unknown argument '--what'",
            ("extra",): "unknown argument 'extra'",
            ("--name",): "--name takes a value",
            ("--name", "Nofx"): "--name takes",
            ("--name", "nofx-"): "--name takes",
            ("--name", "a" * 21): "--name takes",
            ("--region", "moon"): "--region takes",
            ("--memory", "127"): "--memory takes",
            ("--memory", "0x200"): "--memory takes",
            ("--retention", "8"): "--retention takes",
            ("--keep", "-1"): "--keep takes",
            ("--front", "alb"): "--front takes",
            ("--canary", "100"): "--canary takes",
            ("--canary", "ten"): "--canary takes",
            ("--vpc-subnets", "subnet-1"): "both or none",
            ("--jwt-issuer", "https://issuer.example"): "needs --jwt-audience",
            ("--jwt-issuer", "http://a", "--jwt-audience", "b"): "https URL",
            ("--cors-origin", "https://a", "--front", "urls"): "need --front api",
            ("--schedule", "createTeam=rate(1 minute)"): "--schedule takes",
            ("--schedule", "purge"): "--schedule takes",
            ("--schedule", "purge=hourly"): "--schedule purge takes",
            ("--env", "/nowhere"): "there is no file '/nowhere'",
            ("--dist", "/nowhere"): "there is no folder '/nowhere'",
            ("--dist", "/"): "has no manifest.json",
            ("--functions", "createTeem"): "there is no function 'createTeem'",
            ("--single", "--functions", "createTeam"): "there is no function 'createTeam'",
            ("status", "--single"): "--single cannot be used with status",
            ("destroy", "--canary", "5"): "--canary cannot be used with destroy",
            ("--rollback", "--canary", "5"): "--canary cannot be used with --rollback",
        }
        for arguments, message in wrong.items():
            with self.subTest(arguments):
                self.assertIn(message, self.cloud.deploy(*arguments, status=64))
        self.assertEqual(self.cloud.left(), self.ANOTHER)

    def test_16_wrong_variables(self):
        wrong = {
            "no equals sign": "1: the line is not NAME=value",
            "DATABASE-URL=x": "1: the line is not NAME=value",
            "A=1\n\nA=2": "3: A is there twice",
            "AWS_REGION=x": "AWS_REGION is set by Lambda",
            "NOFX_TOKEN=x": "NOFX_TOKEN is set by Lambda, or has no use there",
            "[worker]": "no group and no function 'worker'",
            "[runWorker": "1: a section is",
            "DATABASE_URL=arn:aws:secretsmanager:eu-central-1:1:secret:x": "not a complete ARN",
            "A=" + "x" * 4096: "Lambda allows 4096",
            f"A=arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:absent-a1b2c3": "there is no secret",
            f"A=arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/absent": "there is no parameter",
        }
        file = self.cloud.folder / "wrong.env"
        for text, message in wrong.items():
            with self.subTest(text[:40]):
                file.write_text(text)
                output = self.cloud.deploy(
                    "--dist", self.cloud.dist, "--functions", "createTeam", "--env", file, status=1
                )
                self.assertIn(message, output)
        self.cloud.deploy("destroy")

    def test_17_region_credentials_and_server(self):
        cloud = self.cloud
        self.assertIn("no AWS region", cloud.deploy("status", status=1, without=["AWS_REGION"]))
        keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
        self.assertIn("no AWS credentials", cloud.deploy("status", status=1, without=keys))
        text = cloud.deploy("status", status=1, AWS_ENDPOINT_URL="http://127.0.0.1:1", AWS_MAX_ATTEMPTS="1")
        self.assertIn("cannot be reached", text)
        # A dry run needs no account.
        text = cloud.deploy("--dry-run", "--functions", "createTeam", "--dist", cloud.dist, without=keys)
        self.assertIn("aws lambda create-function", text)

    def test_18_a_function_of_another_owner_is_not_touched(self):
        text = self.cloud.deploy(
            "--name", "nofx-dev", "--functions", "createTeam", "--dist", self.cloud.dist, status=1
        )
        self.assertIn("nofx-dev-createTeam exists and belongs to no deployment named nofx-dev", text)

    # MARK: - The program

    @unittest.skipUnless(PROGRAM.exists(), f"{PROGRAM} is not built")
    def test_19_a_function_reads_its_secrets_when_it_starts(self):
        cloud = self.cloud
        secret = cloud.client("secretsmanager").create_secret(
            Name="nofx-program", SecretString=json.dumps({"url": "postgresql://app@127.0.0.1:1/nofx", "jwt": "k" * 32})
        )["ARN"]
        program = cloud.folder / "createTeam"
        program.symlink_to(PROGRAM)
        event = cloud.folder / "event.json"
        event.write_text('{"name":"Acme"}')

        def start(**variables):
            return subprocess.run(
                [sys.executable, ROOT / "Tests/Support/lambda_runtime_api.py", "--event", event, "--run", program],
                env={
                    **cloud.environment, "NOFX_JWT_ISSUER": "https://issuer.example",
                    "NOFX_JWT_AUDIENCE": "nofx", **variables,
                },
                capture_output=True,
                text=True,
            )  # fmt: skip

        # The configuration is complete, so that the call is refused for its missing credential.
        result = start(DATABASE_URL=f"{secret}:url", NOFX_JWT_SECRET=f"{secret}:jwt")
        self.assertEqual(json.loads(result.stdout.splitlines()[-1])["errors"], 1, result.stderr)
        result = start(DATABASE_URL=f"{secret}:url", NOFX_JWT_SECRET=cloud.parameter)
        self.assertEqual(json.loads(result.stdout.splitlines()[-1])["errors"], 1, result.stderr)
        for reference in (f"{secret}:absent", secret.replace("nofx-program", "nofx-absent")):
            result = start(DATABASE_URL=f"{secret}:url", NOFX_JWT_SECRET=reference)
            summary = json.loads(result.stdout.splitlines()[-1])
            self.assertEqual(summary["initializationError"]["type"], "Runtime.Misconfigured")
            self.assertIn('"variable":"NOFX_JWT_SECRET"', result.stderr)
            self.assertNotIn("kkkk", result.stdout + result.stderr)


if __name__ == "__main__":
    os.environ.pop("AWS_CA_BUNDLE", None)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    result = unittest.main(exit=False, verbosity=2, argv=sys.argv).result
    bad = len({str(test) for test, _ in result.failures + result.errors})
    print(f"{result.testsRun - bad} passed, {bad} failed")
    sys.exit(not result.wasSuccessful())
