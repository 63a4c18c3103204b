"""Names every case that Tests/CASES.md does not have exactly once, and every test named there that does not exist."""

import collections
import pathlib
import re
import sys

TESTS = pathlib.Path("Tests")
CASES = range(1, 158)


def tests_in(file):
    return re.findall(r"^ *(?:@Test.* )?func `([^`]+)`\(", file.read_text(), re.MULTILINE)


def problems_of(number, cell):
    names = []
    for word in re.findall(r"`([^`]+)`", cell):
        if word.endswith(".swift"):
            file = TESTS / word
            names = tests_in(file) if file.is_file() else []
            if not names:
                yield f"{number}: there are no tests in {file}"
        elif word not in names:
            yield f"{number}: there is no test `{word}` in {file}" if names else f"{number}: `{word}` is in no file"
    if not names and not cell.startswith(("left out: ", "elsewhere: ")):
        yield f"{number}: there is neither a test nor a reason for none"


rows = re.findall(r"^\| (\d+) \| [^|]+ \| ([^|]+) \|", (TESTS / "CASES.md").read_text(), re.MULTILINE)
counts = collections.Counter(int(number) for number, _ in rows)
problems = [f"{number}: there is no such case" for number in sorted(counts) if number not in CASES]
problems += [f"{number}: stands there {counts[number]} times" for number in CASES if counts[number] != 1]
problems += [problem for number, cell in rows for problem in problems_of(number, cell)]
print("\n".join(f"Tests/CASES.md: {problem}" for problem in problems), end="\n" if problems else "")
sys.exit(1 if problems else 0)
