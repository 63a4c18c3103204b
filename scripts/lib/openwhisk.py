"""Writes the zip of an action, and the body of the request that makes the action.

Usage: openwhisk.py PROGRAM ZIP BODY IMAGE, with NAME=VALUE on standard input, each ended by a zero byte.

The zip has the program as `exec` and no times, so that the same program gives the same bytes. Prints the SHA-256 of the
body without the annotation that holds it.
"""

import base64
import hashlib
import json
import pathlib
import sys
import zipfile

program, archive, body, image = sys.argv[1:]
# The variables are not arguments, which other users of the machine could see.
pairs = [pair for pair in sys.stdin.read().split("\0") if pair]
entry = zipfile.ZipInfo("exec", (1980, 1, 1, 0, 0, 0))
entry.external_attr = 0o100755 << 16
entry.compress_type = zipfile.ZIP_DEFLATED
with zipfile.ZipFile(archive, "w") as file:
    file.writestr(entry, pathlib.Path(program).read_bytes(), compresslevel=9)

# Parameters with `init` become variables of the process. `final` keeps callers from overriding parameters, and
# `raw-http` passes the body on as it came.
variables = [pair.split("=", 1) for pair in pairs]
action = {
    "exec": {
        "kind": "blackbox",
        "image": image,
        "binary": True,
        "code": base64.b64encode(pathlib.Path(archive).read_bytes()).decode(),
    },
    "parameters": [{"key": name, "value": value, "init": True} for name, value in variables],
    "annotations": [{"key": key, "value": True} for key in ("web-export", "raw-http", "final")],
    "limits": {"timeout": 60000, "memory": 256},
}
digest = hashlib.sha256(json.dumps(action, sort_keys=True).encode()).hexdigest()
action["annotations"].append({"key": "nofx-sha256", "value": digest})
pathlib.Path(body).write_text(json.dumps(action), encoding="utf-8")
print(digest)
