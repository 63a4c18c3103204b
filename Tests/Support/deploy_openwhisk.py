"""Runs deploy.sh openwhisk against an imitation of OpenWhisk's API that keeps actions in memory, and prints as JSON what
the API was asked for. The API's paths and fields are those of its specification (core/controller, apiv1swagger.json)."""

import base64
import hashlib
import http.server
import io
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import zipfile

KEY = "user:key"
ROOT = pathlib.Path(__file__).parent.parent.parent
actions, packages, calls = {}, set(), []


class API(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path, _, query = self.path.partition("?")
        name = path.removeprefix("/api/v1/namespaces/_/")
        calls.append(f"{self.command} {name}")
        status, value = self.handle_call(name, query, body)
        text = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def handle_call(self, name, query, body):
        if self.headers.get("Authorization") != "Basic " + base64.b64encode(KEY.encode()).decode():
            return 401, {"error": "The supplied authentication is invalid"}
        kind, _, entity = name.partition("/")
        if kind == "packages" and self.command == "PUT" and query == "overwrite=true":
            packages.add(entity)
            return 200, {"name": entity}
        if kind == "packages" and self.command == "GET" and entity in packages:
            return 200, {"name": entity, "actions": [{"name": action} for action in actions]}
        if kind == "packages" and self.command == "DELETE" and entity in packages:
            packages.remove(entity)
            return 200, {}
        if kind == "actions" and self.command == "PUT" and query == "overwrite=true":
            action = json.loads(body)
            with zipfile.ZipFile(io.BytesIO(base64.b64decode(action["exec"]["code"]))) as archive:
                mode = archive.getinfo("exec").external_attr >> 16
                if not mode & 0o100:
                    return 400, {"error": "exec is not executable"}
            actions[entity] = action
            return 200, {"name": entity}
        if kind == "actions" and entity in actions:
            if self.command == "DELETE":
                return 200, actions.pop(entity)
            return 200, {"name": entity, "annotations": actions[entity]["annotations"]}
        return 404, {"error": "The requested resource does not exist."}

    do_GET = do_PUT = do_DELETE = answer

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), API)
threading.Thread(target=server.serve_forever, daemon=True).start()
result = {}

with tempfile.TemporaryDirectory() as folder:
    dist = pathlib.Path(folder)
    for name in ("createTeam", "getTeam"):
        (dist / name).write_bytes(b"#!/bin/sh\n" + name.encode())
        (dist / name).chmod(0o755)
    (dist / "env").write_text("# none\nDATABASE_URL=postgresql://u:p@h/d?a=b\n", encoding="utf-8")

    def deploy(*words, key=KEY):
        calls.clear()
        command = [ROOT / "deploy.sh", "openwhisk", "--functions", "createTeam,getTeam", "--dist", folder, *words]
        command += ["--apihost", f"http://127.0.0.1:{server.server_port}", "--env", dist / "env"]
        variables = {"PATH": "/usr/local/bin:/usr/bin:/bin", "OPENWHISK_AUTH": key}
        outcome = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
        return [outcome.returncode, list(calls)]

    result["first"] = deploy()
    action = actions["nofx/createTeam"]
    archive = ROOT / ".build/openwhisk/createTeam.zip"
    result["kind"] = [action["exec"]["kind"], action["exec"]["binary"], action["parameters"]]
    result["annotations"] = [item["key"] for item in action["annotations"]]
    before = hashlib.sha256(archive.read_bytes()).hexdigest()
    os.utime(dist / "createTeam", (1e9, 1e9))
    result["second"] = deploy()
    result["reproducible"] = before == hashlib.sha256(archive.read_bytes()).hexdigest()
    (dist / "getTeam").write_bytes(b"#!/bin/sh\nother")
    result["changed"] = deploy()
    result["secrets left"] = [path.name for path in archive.parent.glob("*.json")]
    result["destroyed"] = deploy("destroy")
    result["left"] = len(actions) + len(packages)
    result["destroyed again"] = deploy("destroy")[0]
    result["wrong key"] = deploy(key="user:other")[0]
print(json.dumps(result))
