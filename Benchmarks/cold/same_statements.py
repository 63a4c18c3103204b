#!/usr/bin/env python3
"""Checks in the server's log (JSON) that sessions sent the same statements: same_statements.py LOG NAME...

The sessions of the log are those of the named programs, in that order; the first is what the others must be like.
"""

import json
import sys

sessions = {}
with open(sys.argv[1]) as log:
    for line in log:
        entry = json.loads(line)
        kind, separator, statement = entry.get("message", "").partition(": ")
        if separator and (kind == "statement" or kind.startswith("execute ")):
            # Whether a program names its statements makes a difference; how it breaks its lines does not.
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
