#!/usr/bin/env python3
"""Tests `deploy.sh sam` and `deploy.sh terraform`: what they write is valid, and the same as what lambda deploys.

scripts/test runs it with the environment .build/python/cloud. The last line is `N passed, N failed`.
"""
import json
import logging
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import cfnlint.decode
from cfnlint.api import ManualArgs, lint
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROVIDERS = pathlib.Path(os.environ.get("NOFX_TERRAFORM_PLUGINS", "/opt/tf-plugins"))
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:nofx-app-a1b2c3"
VARIABLES = f"""
NOFX_JWT_ISSUER=https://issuer.example
NOFX_JWT_AUDIENCE=nofx
DATABASE_URL={SECRET}:url
[operator]
DATABASE_URL=postgresql://operator@db/nofx
[migrate]
NOFX_TIMEOUT_MS=600000
"""


class TemplateTests(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.temporary.name)
        self.dist = self.folder / "dist"
        (self.dist / "zip").mkdir(parents=True)
        for name in ["nofx"] + [path.name for path in (ROOT / "Functions").iterdir()]:
            (self.dist / f"zip/{name}.zip").write_bytes(name.encode())
        (self.dist / "manifest.json").write_text('{"architecture": "arm64"}')
        self.variables = self.folder / "app.env"
        self.variables.write_text(VARIABLES)

    def tearDown(self):
        self.temporary.cleanup()

    def deploy(self, target, *arguments, status=0):
        command = [ROOT / "deploy.sh", target, *map(str, arguments)]
        result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        text = result.stdout + result.stderr
        self.assertEqual(result.returncode, status, text)
        return text

    # MARK: - SAM

    def template(self, *options):
        out = self.folder / "sam"
        self.deploy("sam", "--out", out, "--dist", self.dist, "--env", self.variables, *options)
        text = (out / "template.yaml").read_text()
        found = lint(text, config=ManualArgs(regions=["eu-central-1"]))
        self.assertEqual([f"{one.linenumber}: {one.message}" for one in found], [])
        return text

    def translated(self, text):
        """What CloudFormation gets of a template; the address of the code stands for the uploaded zip."""
        (self.folder / "one.yaml").write_text(text)
        template = json.loads(json.dumps(cfnlint.decode.cfn_yaml.load(str(self.folder / "one.yaml"))))
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::Serverless::Function":
                resource["Properties"]["CodeUri"] = "s3://bucket/key"
        os.environ["AWS_DEFAULT_REGION"] = "eu-central-1"
        result = Translator({}, Parser()).translate(template, {})
        kinds = {}
        for name, resource in result["Resources"].items():
            kinds.setdefault(resource["Type"], {})[name] = resource["Properties"]
        return result, kinds

    def endpoints(self):
        listed = subprocess.run([ROOT / "scripts/endpoints", "--list"], check=True, capture_output=True, text=True)
        return [line.split() for line in listed.stdout.splitlines()]

    def test_sam_has_a_function_per_endpoint_and_routes_only_for_those_of_the_web(self):
        result, kinds = self.translated(self.template("--queue"))
        functions = {one["FunctionName"]: one for one in kinds["AWS::Lambda::Function"].values()}
        self.assertEqual(set(functions), {f"nofx-{name}" for name, *_ in self.endpoints()})
        self.assertEqual({one["Runtime"] for one in functions.values()}, {"provided.al2023"})
        self.assertEqual({one["Architectures"][0] for one in functions.values()}, {"arm64"})
        self.assertEqual(functions["nofx-createTeam"]["Environment"]["Variables"]["DATABASE_URL"], f"{SECRET}:url")
        self.assertEqual(functions["nofx-migrate"]["Timeout"], 605)
        self.assertEqual(functions["nofx-runWorker"]["Timeout"], 900)
        self.assertEqual({one["Name"] for one in kinds["AWS::Lambda::Alias"].values()}, {"live"})
        paths = next(iter(kinds["AWS::ApiGatewayV2::Api"].values()))["Body"]["paths"]
        wanted = {
            (f"/{name}", method.lower())
            for name, access, methods, _ in self.endpoints()
            if access != "operatorOnly"
            for method in methods.split(",")
        }
        self.assertEqual({(path, method) for path, one in paths.items() for method in one}, wanted)
        self.assertEqual(len(kinds["AWS::Scheduler::Schedule"]), 3)
        (mapping,) = kinds["AWS::Lambda::EventSourceMapping"].values()
        self.assertEqual(mapping["FunctionResponseTypes"], ["ReportBatchItemFailures"])
        self.assertEqual(len(kinds["AWS::SQS::Queue"]), 2)
        self.assertEqual(len(kinds["AWS::IAM::Role"]), 4)
        endpoints = json.dumps(kinds["AWS::IAM::Role"]["EndpointsRole"])
        self.assertIn(f'["{SECRET}"]', endpoints)
        self.assertNotIn("sqs:", endpoints)

    def test_sam_single_with_an_authorizer(self):
        _, kinds = self.translated(
            self.template("--single", "--jwt-issuer", "https://issuer.example/", "--jwt-audience", "nofx,other")
        )
        operators = [one for one in self.endpoints() if one[1] == "operatorOnly"]
        self.assertEqual(len(kinds["AWS::Lambda::Function"]), 1 + len(operators))
        body = next(iter(kinds["AWS::ApiGatewayV2::Api"].values()))["Body"]
        self.assertEqual(body["paths"]["/createTeam"]["post"]["security"], [{"jwt": []}])
        self.assertNotIn({"jwt": []}, body["paths"]["/healthz"]["get"].get("security", []))
        self.assertNotIn("AWS::Lambda::EventSourceMapping", kinds)

    def test_sam_urls_and_a_canary(self):
        _, kinds = self.translated(self.template("--front", "urls", "--deployment", "Canary10Percent5Minutes"))
        self.assertEqual({one["AuthType"] for one in kinds["AWS::Lambda::Url"].values()}, {"NONE"})
        web = [one for one in self.endpoints() if one[1] != "operatorOnly"]
        self.assertEqual(len(kinds["AWS::Lambda::Url"]), len(web))
        self.assertIn("AWS::CodeDeploy::DeploymentGroup", kinds)
        self.assertNotIn("AWS::ApiGatewayV2::Api", kinds)

    # MARK: - Terraform

    @unittest.skipUnless(shutil.which("terraform"), "terraform is not installed")
    def test_terraform_is_formatted_and_valid(self):
        out = self.folder / "terraform"
        self.deploy("terraform", "--out", out, "--dist", self.dist, "--env", self.variables)
        environment = {key: value for key, value in os.environ.items() if key != "TF_CLI_CONFIG_FILE"}

        def terraform(*arguments):
            result = subprocess.run(
                ["terraform", f"-chdir={out}", *arguments], env=environment, capture_output=True, text=True
            )
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

        terraform("fmt", "-check")
        if PROVIDERS.is_dir():
            terraform("init", "-backend=false", f"-plugin-dir={PROVIDERS}")
            terraform("validate")
        else:
            print("terraform validate was not run: it needs the provider of AWS")

    def test_terraform_knows_all_endpoints_and_variables(self):
        out = self.folder / "terraform"
        for _ in range(2):
            self.deploy("terraform", "--out", out, "--dist", self.dist, "--env", self.variables)
        endpoints = json.loads((out / "endpoints.json").read_text())
        self.assertEqual([one["name"] for one in endpoints], [one[0] for one in self.endpoints()])
        operators = {one["name"] for one in endpoints if one["group"] != "endpoints"}
        self.assertEqual(operators, {one[0] for one in self.endpoints() if one[1] == "operatorOnly"})
        self.assertTrue(all(one["methods"] == [] for one in endpoints if one["group"] != "endpoints"))
        variables = json.loads((out / "environment.auto.tfvars.json").read_text())["environment"]
        self.assertEqual(variables["all"]["DATABASE_URL"], f"{SECRET}:url")
        self.assertEqual(variables["migrate"], {"NOFX_TIMEOUT_MS": "600000"})
        self.assertEqual(json.loads((out / "bundle.auto.tfvars.json").read_text()), {"bundle": str(self.dist)})

    # MARK: - Wrong inputs

    def test_wrong_inputs(self):
        secret = self.folder / "secret.env"
        secret.write_text("NOFX_JWT_SECRET=0123456789abcdef0123456789abcdef\n")
        empty = self.folder / "empty"
        empty.mkdir()
        dist = ["--dist", self.dist]
        for target in ("sam", "terraform"):
            wrong = {
                ("--what",): "unknown argument '--what'",
                ("--out",): "--out takes a value",
                ("--out", self.variables, *dist): "is not a folder",
                ("--dist", "/nowhere"): "there is no folder '/nowhere'",
                ("--dist", empty): "is no bundle",
                ("--env", "/nowhere"): "there is no file '/nowhere'",
                ("--env", secret, *dist): "the secret itself of: NOFX_JWT_SECRET",
            }
            for arguments, message in wrong.items():
                with self.subTest(target=target, arguments=arguments):
                    text = self.deploy(target, *arguments, status=1 if "secret" in message else 64)
                    self.assertIn(message, text)
                    self.assertNotIn("0123456789abcdef", text)
        for arguments, message in {
            ("--front", "alb"): "--front takes",
            ("--name", "N"): "--name takes",
            ("--deployment", "Soon"): "--deployment takes",
            ("--jwt-issuer", "https://a"): "needs --jwt-audience",
        }.items():
            with self.subTest(arguments):
                self.assertIn(message, self.deploy("sam", *arguments, status=64))

    def test_help_and_dry_runs_write_nothing(self):
        for target in ("bundle", "lambda", "sam", "terraform"):
            self.assertIn(f"./deploy.sh {target}", self.deploy(target, "--help"))
        for target in ("sam", "terraform"):
            out = self.folder / f"dry-{target}"
            text = self.deploy(target, "--dry-run", "--out", out, "--dist", self.dist)
            self.assertIn({"terraform": "cp ", "sam": "AWS::Serverless::Function"}[target], text)
            self.assertFalse(out.exists())

    def test_bundle_packs_the_same_zip_each_time(self):
        script = """
            set -euo pipefail
            source scripts/lib/common.sh; source scripts/lib/bundle.sh
            mkdir -p "$1/a/zip" "$1/b/zip"
            printf program >"$1/a/x"; touch -d 2001-02-03 "$1/a/x"; chmod 700 "$1/a/x"
            (umask 077; printf program >"$1/b/x")
            bundle_zip x "$1/a" "$1/none"; TZ=Asia/Tokyo bundle_zip x "$1/b" "$1/none"
            cmp "$1/a/zip/x.zip" "$1/b/zip/x.zip"
            unzip -Z "$1/a/zip/x.zip"
        """
        result = subprocess.run(
            ["bash", "-c", script, "bash", self.folder], cwd=ROOT, capture_output=True, text=True, check=True
        )
        self.assertRegex(result.stdout, r"-rwxr-xr-x .* 80-Jan-01 00:00 bootstrap")

    def test_bundle_for_another_architecture_says_what_is_missing(self):
        other = "x86_64" if os.uname().machine in ("aarch64", "arm64") else "arm64"
        self.assertIn("on a machine that is", self.deploy("bundle", "--dry-run", "--architecture", other, status=1))
        self.assertIn("x86_64 or arm64", self.deploy("bundle", "--architecture", "mips", status=64))


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    result = unittest.main(exit=False, verbosity=2, argv=sys.argv).result
    bad = len({str(test) for test, _ in result.failures + result.errors})
    print(f"{result.testsRun - bad - len(result.skipped)} passed, {bad} failed")
    sys.exit(not result.wasSuccessful())
