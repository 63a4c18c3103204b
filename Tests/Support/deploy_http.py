"""Starts deploy.sh http, uses it, reloads it under load, ends it under load, and prints what happened as JSON.

Usage: deploy_http.py PROGRAM TOKEN ENDPOINT,ENDPOINT NAME=VALUE ...
"""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

program, token, endpoints, *pairs = sys.argv[1:]
here = pathlib.Path(__file__).parent
authorization = f"Bearer {token}"
result = {}


def send(path, body=b"{}", **headers):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read()
    except urllib.error.URLError as error:
        # The server refuses a large body before it has arrived.
        return [0, str(error.reason)]
    value = json.loads(text)
    return [status, value.get("code") or value.get("status") or value.get("name") or len(value.get("items", []))]


def programs():
    """The processes of nofx of this server."""
    found = set()
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "exe").readlink() == pathlib.Path(program).resolve():
                variables = (folder / "environ").read_bytes().split(b"\0")
                if f"PORT={port}".encode() in variables:
                    found.add(folder.name)
        except OSError:
            pass
    return found


def wait(condition):
    give_up = time.monotonic() + 60
    while not condition():
        if time.monotonic() > give_up:
            sys.exit(f"waited too long: {result}")
        time.sleep(0.02)


with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]

with tempfile.TemporaryDirectory(prefix="n", dir="/tmp") as folder:
    environment = dict(pair.split("=", 1) for pair in pairs)
    file = pathlib.Path(folder, "environment")
    file.write_text(f"# a comment\nDATABASE_URL={environment.pop('DATABASE_URL')}\n", encoding="utf-8")
    command = [here.parent.parent / "deploy.sh", "http", "--port", str(port), "--processes", "3"]
    command += ["--program", program, "--env", str(file)]
    variables = {"PATH": "/usr/local/bin:/usr/bin:/bin", "TMPDIR": folder, **environment}
    server = subprocess.Popen(command, env=variables, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        for line in server.stderr:
            if line.startswith("http: try"):
                break
        else:
            sys.exit(f"the server did not start: {server.wait()}")
        # Reads on, so that the server can write.
        log = subprocess.Popen(["cat"], stdin=server.stderr, stdout=subprocess.DEVNULL)
        result["health"] = [send("/healthz", None), send("/readyz", None), send("/_/health", None), send("/_/ready", None)]
        result["create"] = send("/v1/createTeam", b'{"name":"Acme"}', Authorization=authorization)
        result["list"] = send("/listTeams", Authorization=authorization)
        result["missing"] = send("/createTaem")
        result["large"] = send("/createTeam", b" " * (2 << 20))
        result["twins"] = send("/createTeam", **{"X-Api-Key": "good", "X_Api_Key": "evil"})
        # Without credentials every endpoint must refuse, and none may be missing.
        result["served"] = {name: send(f"/{name}")[0] for name in endpoints.split(",")}
        again = subprocess.run(command, env=variables, capture_output=True, text=True)
        result["again"] = [again.returncode, "is in use" in again.stderr]
        load = subprocess.Popen(
            [sys.executable, here / "load.py", str(port), "/listTeams", "8", f"Authorization: {authorization}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        load.stdout.readline()
        for _ in range(3):
            old = programs()
            server.send_signal(signal.SIGHUP)
            wait(lambda: len(programs()) == 3 and not old & programs())
        server.send_signal(signal.SIGTERM)
        result["status"] = server.wait(60)
        answers, failures, example = load.communicate(timeout=60)[0].split(maxsplit=2)
        result["answers"], result["failures"], result["example"] = int(answers), int(failures), example.strip()
        wait(lambda: not programs())
        result["left"] = sorted(path.name for path in pathlib.Path(folder).iterdir())
    finally:
        server.terminate()
        server.wait()
print(json.dumps(result))
