#!/usr/bin/env python3
"""Runs one program on every platform that this machine can run or imitate, and prints a table in Markdown.

    platforms.py PROGRAM CALLS

PROGRAM is createTeam. A cold call is the first one after the platform has started the program: where the platform
starts a process for each request, every call is one. The time is that of the client, from the request to the whole
answer. For a platform that keeps the process, it includes the start of the process. Each platform gets the same event
and must answer with the new team.
"""

import http.client
import hashlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time
import uuid

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "cold"))
from tokens import make_token  # noqa: E402

BODY = b'{"name":"Acme"}'
STARTS = 10

# What a web server or a watchdog starts: the kind for web_server.py, the platform, its command, and whether the program
# serves more than one request.
FRONTS = [
    ("lighttpd-fastcgi", "FastCGI, lighttpd", "deploy.sh http, systemd", True),
    ("nginx-fastcgi", "FastCGI, nginx", "deploy.sh systemd", True),
    ("lighttpd-cgi", "CGI, lighttpd", "deploy.sh bundle", False),
    ("nginx-fcgiwrap", "CGI, nginx and fcgiwrap", "deploy.sh bundle", False),
    ("openfaas-classic", "OpenFaaS, classic watchdog (imitated)", "deploy.sh openfaas", False),
    ("openfaas-serializing", "OpenFaaS, of-watchdog serializing (imitated)", "deploy.sh openfaas", False),
    ("openfaas-streaming", "OpenFaaS, of-watchdog streaming (imitated)", "deploy.sh openfaas", False),
    ("openwhisk-raw", "OpenWhisk ActionLoop (imitated)", "deploy.sh openwhisk", True),
]


def check(answer):
    if b'"name":"Acme"' not in answer.replace(b'\\"', b'"').replace(b" ", b""):
        sys.exit(f"an unexpected answer: {answer.decode()}")


def milliseconds(seconds):
    return f"{statistics.median(seconds) * 1000:.1f}"


def row(platform, command, ran, cold, warm, digest):
    print(f"| {platform} | `{command}` | {ran} | {milliseconds(cold)} | {milliseconds(warm) if warm else '–'} | `{digest[:12]}` |", flush=True)


class Front:
    """A web server or watchdog in front of a program."""

    def __init__(self, kind, program, variables):
        pairs = [f"{name}={value}" for name, value in variables.items()]
        self.process = subprocess.Popen(
            ["/usr/bin/python3", "-B", ROOT / "Tests/Support/web_server.py", kind, program, *pairs],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        line = self.process.stdout.readline().split()
        if not line:
            sys.exit(f"{kind} did not start")
        self.connection = http.client.HTTPConnection("127.0.0.1", int(line[0]), timeout=30)

    def call(self, token):
        start = time.perf_counter()
        self.connection.request("POST", "/createTeam", BODY, {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
        answer = self.connection.getresponse().read()
        took = time.perf_counter() - start
        check(answer)
        return took

    def end(self):
        self.connection.close()
        self.process.stdin.close()
        self.process.wait()


def direct(program, token):
    start = time.perf_counter()
    done = subprocess.run([program], input=BODY, stdout=subprocess.PIPE, env={**os.environ, "NOFX_TOKEN": token}, check=False)
    took = time.perf_counter() - start
    check(done.stdout)
    return took


def lambda_calls(program, token, calls):
    """Cold and warm calls on an imitation of the Runtime API, by the benchmark of Lambda."""
    sys.path.insert(0, str(HERE.parent / "lambda"))
    import loop

    event = loop.event_of(token, BODY.decode())
    cold, warm = [], []
    for number in range(STARTS):
        one = loop.Program([program], event, "createTeam", expected=b'"statusCode":201')
        one.call()
        cold.append(time.perf_counter() - one.started)
        if number == STARTS - 1:
            warm = [one.call()[0] for _ in range(calls)]
        one.process.kill()
        one.process.wait()
    return cold, warm


def main():
    program, calls = sys.argv[1], int(sys.argv[2])
    digest = hashlib.sha256(pathlib.Path(program).read_bytes()).hexdigest()
    token = make_token(uuid.uuid4())
    names = ("DATABASE_URL", "NOFX_JWT_SECRET", "NOFX_JWT_ISSUER", "NOFX_JWT_AUDIENCE", "NOFX_WRITES_PER_MINUTE", "NOFX_MAX_TEAMS", "LOG_LEVEL")
    variables = {name: os.environ[name] for name in names}
    print("| platform | command | what ran it | cold, ms | warm, ms | SHA-256 of createTeam |")
    print("|---|---|---|---|---|---|")
    direct(program, token)
    row("standard input: shell, cron, CronJob", "deploy.sh bundle", "the program itself", [direct(program, token) for _ in range(STARTS)], [], digest)
    cold, warm = lambda_calls(program, token, calls)
    row("AWS Lambda (Runtime API imitated)", "deploy.sh lambda, terraform, sam", "Benchmarks/lambda/loop.py", cold, warm, digest)
    for kind, platform, command, keeps in FRONTS:
        cold, warm = [], []
        if keeps:
            for number in range(STARTS):
                front = Front(kind, program, variables)
                cold.append(front.call(token))
                if number == STARTS - 1:
                    warm = [front.call(token) for _ in range(calls)]
                front.end()
        else:
            front = Front(kind, program, variables)
            front.call(token)
            cold = [front.call(token) for _ in range(STARTS * 5)]
            front.end()
        row(platform, command, f"`web_server.py {kind}`", cold, warm, digest)


main()
