#!/usr/bin/env python3
"""Checks in the server's log (JSON) that sessions sent the same statements: same_statements.py LOG NAME...

The log contains one session for each named program, in that order. All sessions must match the first.
"""

import json
import sys

sessions = {}
with open(sys.argv[1]) as log:
    for line in log:
        entry = json.loads(line)
        kind, separator, statement = entry.get("message", "").partition(": ")
        if separator and (kind == "statement" or kind.startswith("execute ")):
            # Compares the names of prepared statements, but ignores white space in the SQL.
            sessions.setdefault(entry["session_id"], []).append(f"{kind}: {' '.join(statement.split())}")

names = sys.argv[2:]
if len(sessions) != len(names):
    sys.exit(f"{len(names)} programs were run, but the server's log has {len(sessions)} sessions")
first, *others = sessions.values()
for name, statements in zip(names[1:], others):
    for one, other in zip(first, statements):
        if one != other:
            sys.exit(f"{names[0]} and {name} do not send the same:\n  {one}\n  {other}")
    if len(first) != len(statements):
        sys.exit(f"{names[0]} sends {len(first)} statements, {name} {len(statements)}")
print(f"{', '.join(names)}: the same {len(first)} statements, as the server's log has them")
