"""What a worker says to the database, for pgbench to say the same."""

import os
import re
import subprocess

# As PostgresStepStore has it.
CLAIM = """SELECT j.id, j.fence, j.tenant_id, j.run_id, j.step_no, j.attempt, s.name, s.tool, s.inputs, s.timeout_s,
       s.retry_base_s, s.retry_cap_s, s.secrets_scope, j.enqueued_at, now() AS claimed_at
FROM nofx.claim_jobs('test.echo', :size, '30 s', NULL, NULL, :last::uuid) j
CROSS JOIN LATERAL (
    SELECT * FROM nofx.steps s
    WHERE s.team_id = j.tenant_id AND s.run_id = j.run_id AND s.no = j.step_no OFFSET 0
) s"""

FINISH = """SELECT nofx.finish_steps(
    :ids::uuid[], :fences::bigint[], :outcomes::text[], :outputs::text[], :errors::text[],
    ARRAY(SELECT d.microseconds * interval '1 microsecond'
          FROM unnest(:delays::bigint[]) WITH ORDINALITY AS d (microseconds, position) ORDER BY d.position),
    '{}', '{}', '{}', '{}', '{}')"""

# pgbench keeps one row at most: what it needs of many comes as arrays. An answer of many rows it only counts.
SCRIPT = f"""SELECT array_agg(c.id) AS ids, array_agg(c.fence) AS fences,
    (array_agg(c.tenant_id))[count(*)] AS last, array_agg(c.inputs::text) AS inputs
FROM ({CLAIM}) c \\gset
{FINISH};
"""


def pgbench(world, connections, batches, size):
    """How many steps pgbench does in a second."""
    path = os.path.join(world.folder, f"steps-{size}.sql")
    with open(path, "w", encoding="utf-8") as file:
        file.write(re.sub(r"\n(?!SELECT nofx.finish)", " ", SCRIPT.strip()) + "\n")
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
