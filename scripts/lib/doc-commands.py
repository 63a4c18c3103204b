"""Runs the commands of README.md and docs/ in a copy of the sources.

Usage: doc-commands.py FOLDER [PAGE...]

FOLDER is the copy. The script creates or updates it first; the copy has its own build folder. If FOLDER is the folder
of the sources, nothing is copied. bash runs each ```sh block. All pages run in one shell, README.md first, so that
later blocks see the variables of earlier ones. A block with status=N must exit with status N, every other block with 0.
A block with skip="reason" is not run.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"^```sh([^\n]*)\n(.*?)^```$", re.M | re.S)


def copy(source, target):
    """Copies all files that git does not ignore. Removes deleted files. Unchanged files keep their times."""
    names = subprocess.run(
        ["git", "-C", source, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True,
        stdout=subprocess.PIPE,
    ).stdout.decode().split("\0")
    wanted = {name for name in names if name and ((source / name).exists() or (source / name).is_symlink())}
    list_file = target / ".build/copied"
    for name in set(list_file.read_text().splitlines() if list_file.is_file() else []) - wanted:
        (target / name).unlink(missing_ok=True)
    for name in sorted(wanted):
        old, new = source / name, target / name
        new.parent.mkdir(parents=True, exist_ok=True)
        if old.is_symlink():
            if not new.is_symlink() or new.readlink() != old.readlink():
                new.unlink(missing_ok=True)
                new.symlink_to(old.readlink())
        elif not new.is_file() or new.read_bytes() != old.read_bytes():
            shutil.copy(old, new)
    list_file.parent.mkdir(parents=True, exist_ok=True)
    list_file.write_text("\n".join(sorted(wanted)) + "\n")


def script(pages, root, position):
    """Returns one shell script with all blocks. It records its position, so that a failure can be located."""
    lines = ["set -uo pipefail"]
    for page in pages:
        text = (root / page).read_text()
        for hit in BLOCK.finditer(text):
            line = text.count("\n", 0, hit.start()) + 1
            if skip := re.search(r'skip="([^"]+)"', hit[1]):
                lines.append(f"printf '   %s:%s skipped: %s\\n' '{page}' {line} '{skip[1]}'")
                continue
            status = re.search(r"status=(\d+)", hit[1])
            lines += [
                f"printf '=> %s:%s\\n' '{page}' {line}",
                f"printf '%s:%s' '{page}' {line} >'{position}'",
                f"wanted={status[1] if status else 0}",
            ]
            # With a status, only the last command is checked. Without one, every command must succeed.
            if status:
                lines += [hit[2].rstrip("\n"), 'found=$?; [[ $found == "$wanted" ]] || exit 1']
            else:
                lines += ["set -e", hit[2].rstrip("\n"), "set +e"]
    lines.append(f"rm -f '{position}'")
    return "\n".join(lines) + "\n"


def main():
    source = pathlib.Path(__file__).resolve().parent.parent.parent
    target = pathlib.Path(sys.argv[1]).resolve()
    if target != source:
        copy(source, target)
    found = sorted(path.relative_to(source).as_posix() for path in (source / "docs").rglob("*.md"))
    pages = sys.argv[2:] or ["README.md", *found]
    # The variables of the caller's shell would not be set in a reader's shell.
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("NOFX_", "DATABASE_URL"))}
    with tempfile.TemporaryDirectory() as folder:
        position = pathlib.Path(folder, "position")
        program = pathlib.Path(folder, "commands.sh")
        program.write_text(script(pages, target, position))
        status = subprocess.run(["bash", program], cwd=target, env=variables, stdin=subprocess.DEVNULL).returncode
        if status != 0 or position.exists():
            where = position.read_text() if position.exists() else "the first block"
            print(f"error: the commands at {where} failed", file=sys.stderr)
            status = 1
    if target != source:
        subprocess.run([target / "deploy.sh", "local", "stop"], env=variables, stdin=subprocess.DEVNULL)
    return status


sys.exit(main())
