"""Names every case that a file of Tests/Cases does not have exactly once, and every test named there that is not there."""

import collections
import pathlib
import re
import sys

TESTS = pathlib.Path("Tests")
# The file and how many cases its subject has, numbered from 1.
SUBJECTS = {"teams": 157, "breaker": 93, "ai": 70, "queue": 103}


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


def problems_in(file, count):
    rows = re.findall(r"^\| (\d+) \| [^|]+ \| ([^|]+) \|", file.read_text(), re.MULTILINE)
    counts = collections.Counter(int(number) for number, _ in rows)
    yield from (f"{number}: there is no such case" for number in sorted(counts) if not 1 <= number <= count)
    yield from (f"{case}: stands there {counts[case]} times" for case in range(1, count + 1) if counts[case] != 1)
    for number, cell in rows:
        yield from problems_of(number, cell)


files = {file.stem: file for file in (TESTS / "Cases").glob("*.md")}
problems = [f"Tests/Cases/{name}.md: is there, or is not, against scripts/lib/cases.py" for name in files.keys() ^ SUBJECTS.keys()]
problems += [f"{files[name]}: {problem}" for name in files.keys() & SUBJECTS.keys() for problem in problems_in(files[name], SUBJECTS[name])]
print("\n".join(sorted(problems)), end="\n" if problems else "")
sys.exit(1 if problems else 0)
