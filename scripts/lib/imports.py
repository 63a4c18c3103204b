"""Reports every import of a target of this package that the importing target does not declare as a dependency.

Reads the output of `swift package dump-package`. SwiftPM's own check misses imports with an access level.
"""

import json
import pathlib
import re
import sys

IMPORT = re.compile(
    r"^\s*(?:@\w+\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+"
    r"(?:(?:struct|class|enum|protocol|func|typealias|let|var)\s+)?(\w+)"
)


def undeclared(target, names):
    declared = {target["name"]}
    for dependency in target["dependencies"]:
        declared.update(value[0] for value in dependency.values())
    kind = "Tests" if target["type"] == "test" else "Sources"
    folder = pathlib.Path(target.get("path") or f"{kind}/{target['name']}")
    excluded = [folder / path for path in target.get("exclude", [])]
    for file in sorted(folder.rglob("*.swift")):
        if any(path in file.parents for path in excluded):
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            found = IMPORT.match(line)
            if found and found[1] in names - declared:
                yield f"{file}:{number}: {target['name']} does not declare that it uses {found[1]}"


targets = json.load(sys.stdin)["targets"]
names = {target["name"] for target in targets}
problems = [problem for target in targets for problem in undeclared(target, names)]
print("\n".join(problems), end="\n" if problems else "")
sys.exit(1 if problems else 0)
