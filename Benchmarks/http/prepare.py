"""Writes the requests of a run: prepare.py URL FOLDER USERS. One user has one team; the file for createTeam has all users,
because a user may make 20 teams in a minute."""

import json
import pathlib
import sys
import urllib.request
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "cold"))
import tokens  # noqa: E402

url, folder, users = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])


def make_team(token):
    request = urllib.request.Request(f"{url}/createTeam", b'{"name":"Benchmark"}', {"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["id"]


everyone = [tokens.make_token(uuid.uuid4()) for _ in range(users)]
with open(folder / "getTeam", "w", encoding="utf-8") as file:
    for token in everyone[:200]:
        print(token, json.dumps({"teamId": make_team(token)}), sep="\t", file=file)
with open(folder / "createTeam", "w", encoding="utf-8") as file:
    for token in everyone[200:]:
        print(token, '{"name":"Benchmark"}', sep="\t", file=file)
