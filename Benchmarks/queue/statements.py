"""The statements that a worker sends, for pgbench to send the same."""

import glob
import os
import re
import subprocess

STORE = os.path.join(os.path.dirname(__file__), "../../Sources/Worker/Store/PostgresStepStore*.swift")


def statement(function, values):
    """Returns the store's statement that calls a function, with pgbench's parameters in place of its own."""
    found = []
    for name in sorted(glob.glob(STORE)):
        with open(name, encoding="utf-8") as file:
            found += [text for text in file.read().split('"""')[1::2] if f"nofx.{function}(" in text]
    if len(found) != 1:
        raise SystemExit(f"the store has {len(found)} statements that call {function}")
    parts = found[0].split("\\(")
    if len(parts) != len(values) + 1:
        raise SystemExit(f"{function} is given {len(parts) - 1} parameters, not {len(values)}")
    text = parts[0]
    for value, part in zip(values, parts[1:]):
        depth, end = 1, 0
        while depth > 0:
            depth += {"(": 1, ")": -1}.get(part[end], 0)
            end += 1
        text += value + part[end:]
    return " ".join(text.split())


def script():
    """Claims steps and finishes them.

    pgbench keeps at most one row, so the values of several rows are arrays.
    """
    claim = statement(
        "claim_jobs",
        [
            "NULL", "'test.echo'", ":size", "'30 s'", "NULL", "NULL", ":last::uuid", "'{}'", "NULL", "0", "2147483647",
            "'{}'",
        ],
    )
    finish = statement(
        "finish_steps",
        [":ids::uuid[]", ":fences::bigint[]", ":outcomes::text[]", ":outputs::text[]", ":errors::text[]"]
        + [":delays::bigint[]", "'{}'", "'{}'", "'{}'", "'{}'", "'{}'"],
    )
    arrays = "array_agg(c.id) AS ids, array_agg(c.fence) AS fences, (array_agg(c.tenant_id))[count(*)] AS last"
    return f"SELECT {arrays}, array_agg(c.inputs::text) AS inputs FROM ({claim}) c \\gset\n{finish};\n"


def pgbench(world, connections, batches, size):
    """Returns how many steps pgbench completes per second."""
    path = os.path.join(world.folder, f"steps-{size}.sql")
    with open(path, "w", encoding="utf-8") as file:
        file.write(script())
    every = lambda text: "{" + ",".join([text] * size) + "}"  # noqa: E731
    values = {
        "size": size, "last": "00000000-0000-0000-0000-000000000000", "outcomes": every("succeeded"), "outputs": every('"{}"'), "errors": every('""'),
        "delays": every("0"),
    }  # fmt: skip
    answer = subprocess.run(
        [os.path.join(world.programs, "pgbench"), "--no-vacuum", "--protocol=extended", f"--client={connections}"]
        + [f"--jobs={min(connections, 2)}", f"--transactions={batches}", f"--file={path}"]
        + [f"--define={name}={value}" for name, value in values.items()]
        + [f"--host={world.folder}", f"--port={world.port}", f"--username={world.operator}", world.database],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = re.search(r"^tps = ([0-9.]+)", answer.stdout, re.MULTILINE)
    if answer.returncode != 0 or not found or "number of failed transactions: 0 " not in answer.stdout:
        raise SystemExit(f"pgbench: {answer.stdout}{answer.stderr}")
    return float(found[1]) * size
