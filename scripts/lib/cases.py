"""Usage: scripts/lib/cases.py [SUBJECT [NUMBER]]

Without arguments it checks the cases of Tests/Cases: the numbers start at 1 and have no gaps, each case has a test or a
reason for having none, and no test names a case that does not exist. With a subject, such as `queue`, it prints the
tests for each case of that subject.

A test names its cases in a comment above it: `// Cases: queue 12, 13; teams 4`.
"""

import collections
import pathlib
import re
import sys

TESTS = pathlib.Path(__file__).resolve().parents[2] / "Tests"
MARK = re.compile(r"^ *// Cases: (.*(?:\n *// [\d;].*)*)", re.MULTILINE)
# The line after the comment: a test, or a suite whose tests all show the case.
TEST = re.compile(r"func `([^`]+)`\(|^(?:@Suite.* )?(?:\w+ )*(?:struct|class|enum|extension) (\w+)", re.MULTILINE)


def shown():
    """Returns the names of the tests for each case. A case is a subject and a number."""
    tests = collections.defaultdict(list)
    for file in sorted(TESTS.rglob("*.swift")):
        text = file.read_text()
        for mark in MARK.finditer(text):
            test = TEST.search(text, mark.end())
            name = f"{file.relative_to(TESTS)}: {(test[1] or test[2]) if test else '?'}"
            for group in re.sub(r"\n *//", "", mark[1]).split(";"):
                subject, *numbers = re.split(r"[ ,]+", group.strip())
                for number in numbers:
                    tests[subject, int(number)].append(name)
    return tests


def cases_in(file):
    """Returns the number, the statement and the remark of each case."""
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \|(?: ([^|]+))? \|$", file.read_text(), re.MULTILINE)
    return [(int(number), what, remark) for number, what, remark in rows]


def problems(files, tests):
    known = set()
    for subject, file in files.items():
        numbers = [number for number, _, _ in cases_in(file)]
        if sorted(numbers) != list(range(1, len(numbers) + 1)):
            yield f"{file.name}: the numbers do not go on from 1 to {len(numbers)}"
        for number, _, remark in cases_in(file):
            known.add((subject, number))
            is_left_out = remark.startswith(("left out: ", "elsewhere: "))
            if is_left_out == ((subject, number) in tests):
                yield f"{subject} {number}: there is " + ("a test, and a reason for none" if is_left_out else "neither a test nor a reason for none")
    for case in sorted(tests.keys() - known):
        yield f"{case[0]} {case[1]}: there is no such case; named by {tests[case][0]}"


def main(arguments):
    files = {file.stem: file for file in sorted((TESTS / "Cases").glob("*.md"))}
    tests = shown()
    if not arguments:
        found = list(problems(files, tests))
        print("\n".join(found), end="\n" if found else "")
        return 1 if found else 0
    if arguments[0] not in files or len(arguments) > 2:
        print(__doc__, end="", file=sys.stderr)
        return 64
    for number, what, remark in cases_in(files[arguments[0]]):
        if arguments[1:] in ([], [str(number)]):
            print(f"{number}. {what}")
            for line in tests[arguments[0], number] or [remark]:
                print(f"    {line}")
    return 0


sys.exit(main(sys.argv[1:]))
