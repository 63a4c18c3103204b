#!/usr/bin/env python3
"""Writes calls of createTeam, each by a different user: calls.py FOLDER COUNT fresh|forged."""

import pathlib
import sys
import uuid

from tokens import forge_token, make_token, write_call

folder, count, kind = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
for number in range(count):
    user = uuid.uuid4()
    if kind == "forged":
        token, expected = forge_token(user), '"code":"invalid_token"'
    else:
        token, expected = make_token(user), f'"ownerId":"{user}"'
    write_call(folder, number, token, expected, b'{"name":"Acme"}')
