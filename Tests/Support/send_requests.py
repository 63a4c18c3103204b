"""Sends the requests of a .http file in order, as the REST client of an editor does.

Usage: send_requests.py FILE NAME=VALUE ...

The values replace those of the file's variables. Before the request getArtifact it runs the command in the variable
`worker`. Prints the path and the status of each request, and fails if an answer is not a success.
"""

import json
import re
import shlex
import subprocess
import sys
import urllib.error
import urllib.request

path, *pairs = sys.argv[1:]
variables, answers = {}, {}


def value(text):
    """The value of a variable, or of a part of an answer: NAME.response.body.$.MEMBER."""
    if text in variables:
        return variables[text]
    name, member = re.fullmatch(r"(\w+)\.response\.body\.\$\.(\w+)", text).groups()
    return answers[name][member]


def filled(text):
    return re.sub(r"\{\{([^{}]+)\}\}", lambda hit: value(hit[1]), text)


def send(block):
    head, _, body = block.partition("\n\n")
    lines = [line for line in head.splitlines() if line and not line.startswith("#")]
    name = re.search(r"(?m)^# @name (\w+)$", head)[1]
    method, address = filled(lines[0]).split(" ", 1)
    headers = dict(filled(line).split(": ", 1) for line in lines[1:])
    if name == "getArtifact":
        subprocess.run(shlex.split(variables["worker"]), input=b'{"budgetSeconds":30}', check=True,
                       stdout=subprocess.DEVNULL)
    data = filled(body.strip()).encode() if method == "POST" else None
    request = urllib.request.Request(address, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            answers[name] = json.load(response)
            print(address.rsplit("/", 1)[1], response.status)
    except urllib.error.HTTPError as error:
        sys.exit(f"{name}: {error.code} {error.read().decode()}")


with open(path, encoding="utf-8") as file:
    first, *blocks = re.split(r"(?m)^###\n", file.read())
variables.update(re.findall(r"(?m)^@(\w+) = (.*)$", first))
variables.update(pair.split("=", 1) for pair in pairs)
for block in blocks:
    send(block)
