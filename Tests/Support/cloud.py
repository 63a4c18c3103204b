"""An account of AWS for tests of `deploy.sh lambda`: moto in this process, a bundle of small programs, and the aws CLI."""
import json
import os
import pathlib
import subprocess
import sys
import zipfile

import boto3
from moto.server import ThreadedMotoServer

ROOT = pathlib.Path(__file__).resolve().parents[2]
REGION = "eu-central-1"
PLAIN = "postgresql://operator:only-in-files@db/nofx"


def zip_with(path, program):
    """A zip as `deploy.sh bundle` makes it."""
    with zipfile.ZipFile(path, "w") as archive:
        entry = zipfile.ZipInfo("bootstrap", (1980, 1, 1, 0, 0, 0))
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, program)


class Cloud:
    """The server, a bundle, and the aws CLI in a process that forks for each call."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self.server.start()
        host, port = self.server.get_host_and_port()
        self.url = f"http://{host}:{port}"
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        helper, socket = ROOT / "Tests/Support/aws_server.py", self.folder / "aws.sock"
        self.aws = subprocess.Popen(
            [sys.executable, helper, "serve", socket], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self.aws.stdout.readline() == b"ready\n"
        self.calls = self.folder / "calls"
        stub = self.bin / "aws"
        stub.write_text(
            f"#!/bin/sh\nprintf '%s\\n' \"$*\" >>{self.calls}\n"
            f'exec /usr/bin/python3 -S -E {helper} call {socket} "$@"\n'
        )
        stub.chmod(0o755)
        self.environment = {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        self.post("/moto-api/config", {"lambda": {"use_docker": False}})
        self.bundle()
        self.secrets()

    def post(self, path, value):
        subprocess.run(
            ["curl", "-sS", "--fail", "-d", json.dumps(value), self.url + path], check=True, stdout=subprocess.DEVNULL
        )

    def bundle(self):
        self.dist = self.folder / "dist"
        (self.dist / "zip").mkdir(parents=True)
        for name in ["nofx"] + [path.name for path in (ROOT / "Functions").iterdir()]:
            zip_with(self.dist / f"zip/{name}.zip", f"program {name}")
        (self.dist / "manifest.json").write_text('{"architecture": "x86_64", "functions": []}')

    def secrets(self):
        self.secret = self.client("secretsmanager").create_secret(Name="nofx-app", SecretString="{}")["ARN"]
        ssm = self.client("ssm")
        ssm.put_parameter(Name="/nofx/jwt", Type="SecureString", Value="x" * 32)
        self.parameter = ssm.get_parameter(Name="/nofx/jwt")["Parameter"]["ARN"]
        self.variables = self.folder / "app.env"
        self.variables.write_text(
            "# for all functions\n"
            "NOFX_JWT_ISSUER=https://issuer.example\n"
            'NOFX_JWT_AUDIENCE="nofx"\n'
            f"NOFX_JWT_SECRET={self.parameter}\n"
            f"DATABASE_URL={self.secret}:url\n"
            "[operator]\n"
            f"DATABASE_URL={PLAIN}\n"
            "[runWorker]\n"
            "NOFX_WORKER_THREADS=8\n"
        )

    def client(self, service):
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def deploy(self, *arguments, status=0, without=(), **variables):
        environment = {key: value for key, value in {**self.environment, **variables}.items() if key not in without}
        result = subprocess.run(
            [ROOT / "deploy.sh", "lambda", *map(str, arguments)],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        text = result.stdout + result.stderr
        assert result.returncode == status, f"status {result.returncode}, not {status}: {text}"
        assert PLAIN not in text and "only-in-files" not in text, text
        return text

    def left(self):
        """Every resource of every kind that a deployment makes."""
        found = {
            "functions": [f["FunctionName"] for f in self.client("lambda").list_functions()["Functions"]],
            "mappings": self.client("lambda").list_event_source_mappings()["EventSourceMappings"],
            "roles": [r["RoleName"] for r in self.client("iam").list_roles()["Roles"]],
            "apis": self.client("apigatewayv2").get_apis()["Items"],
            "schedules": self.client("scheduler").list_schedules()["Schedules"],
            "groups": [
                group["Name"]
                for group in self.client("scheduler").list_schedule_groups()["ScheduleGroups"]
                if group["Name"] != "default"
            ],
            "queues": self.client("sqs").list_queues().get("QueueUrls", []),
            "logs": self.client("logs").describe_log_groups()["logGroups"],
        }
        return {kind: items for kind, items in found.items() if items}

    def stop(self):
        self.aws.stdin.close()
        self.aws.wait()
        self.server.stop()
