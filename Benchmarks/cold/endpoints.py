#!/usr/bin/env python3
"""Measures every endpoint and its replay in C: endpoints.py SERVER PROGRAMS WORK ROUNDS.

SERVER is the folder of the servers' sockets. PROGRAMS contains the functions, `C` and `spawn`. WORK gets the output.
"""

import collections
import os
import pathlib
import subprocess
import sys
import uuid

import endpoints_report
import scenarios
from tokens import forge_token, make_token, write_call
from wire import Recording, Wire

SERVER, PROGRAMS, WORK = (pathlib.Path(path) for path in sys.argv[1:4])
ROUNDS = int(sys.argv[4])
PORTS = {"PgBouncer": 6432, "straight": 5432}
# The number of calls that are recorded to learn the effect of a call. Round 0 is a warm-up and is not counted.
SAMPLES = 3
TARGETS = SAMPLES + 2 * len(PORTS) * (ROUNDS + 1)


def psql(sql):
    """Runs SQL as the cluster's superuser. Returns the rows as lists of columns."""
    command = ["psql", f"--host={SERVER}", "--username=postgres", "--dbname=nofx", "--no-psqlrc", "--quiet"]
    command += ["--tuples-only", "--no-align", "--field-separator=\t", "--set=ON_ERROR_STOP=1"]
    result = subprocess.run(command, input=sql, stdout=subprocess.PIPE, text=True, check=True)
    return [line.split("\t") for line in result.stdout.splitlines()]


def url(endpoint, folder=SERVER, port=5432):
    return f"host={folder} port={port} user=nofx_{endpoint.role} dbname=nofx"


def token(endpoint, target):
    if endpoint.role != "app":
        return ""
    scope = {"scope": "admin:ops"} if endpoint.operates else {}
    return make_token(target.caller, email=f"{target.caller}@example.com", email_verified=True, **scope)


# MARK: - What calls do


def changes():
    """Returns the numbers of rows inserted, updated and deleted so far, for each table."""
    # A session reports its numbers at its end at the latest.
    others = "FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    psql(f"SELECT pg_terminate_backend(pid) {others}")
    while psql(f"SELECT count(*) {others}") != [["0"]]:
        pass
    rows = psql("SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables WHERE schemaname = 'nofx'")
    kinds = ["inserted", "updated", "deleted"]
    return collections.Counter({(row[0], kind): int(n) for row in rows for kind, n in zip(kinds, row[1:])})


def call(wire, program, endpoint, target, data, expected):
    """Makes one recorded call. Returns the sent statements and the changes in the database."""
    before = changes()
    environment = {**os.environ, "DATABASE_URL": url(endpoint, wire.folder)}
    if caller := token(endpoint, target):
        environment["NOFX_TOKEN"] = caller
    status, output, statements = wire.run([PROGRAMS / program], environment, data)
    if status != 0 or expected not in output:
        sys.exit(f"{program} does not work for {endpoint.name}: status {status}, {output}")
    return statements, changes() - before


def record(wire, endpoint):
    """Records calls of an endpoint, and checks that the replay in C makes the same changes."""
    targets = [scenarios.Target(endpoint, number) for number in range(SAMPLES)]
    calls = [call(wire, endpoint.name, endpoint, t, t.event, t.expected) for t in targets[:2]]
    recording = Recording(*((statements, t.forms()) for (statements, _), t in zip(calls, targets)))
    replay = recording.call(targets[2].forms())
    sent, changed = call(wire, "C", endpoint, targets[2], replay, "[")
    if [s and s.sql for s in sent] != [s and s.sql for s in recording.statements]:
        sys.exit(f"C does not send what {endpoint.name} sends")
    if not calls[0][1] == calls[1][1] == changed:
        sys.exit(f"C makes other changes than {endpoint.name}:\n{changed}\n{calls[0][1]}\n{calls[1][1]}")
    return recording, changed


# MARK: - Measuring


def write_calls(endpoint, recording):
    """Writes the calls of all rounds. Returns lines for spawn.c."""
    plan, number = [], SAMPLES
    for path, port in PORTS.items():
        for program in (endpoint.name, "C"):
            folder = WORK / "calls" / endpoint.name / f"{path}-{program}"
            for round in range(ROUNDS + 1):
                target = scenarios.Target(endpoint, number)
                number += 1
                data, expected = (target.event, target.expected) if program != "C" else (recording.call(target.forms()), "[")
                write_call(folder, round, token(endpoint, target), expected, data)
            plan.append((f"{endpoint.name} {program}", path, 0, folder, url(endpoint, port=port), PROGRAMS / program))
    return plan


def write_refused_calls():
    """Writes calls that are rejected before any connection is opened. They measure the time to start."""
    plan = []
    for program in ("createTeam", "C"):
        folder = WORK / "calls" / "refused" / program
        for round in range(ROUNDS + 1):
            write_call(folder, round, forge_token(uuid.uuid4()), '"code":"invalid_token"', b'{"name":"Acme"}')
        plan.append((f"refused {program}", "PgBouncer", 77, folder, url(scenarios.CALLERS[0]), PROGRAMS / program))
    return plan


def measure(wire, endpoints, plan):
    """Measures calls of endpoints. Returns the samples of spawn.c after checking that every call did its work."""
    expected = collections.Counter()
    for endpoint in endpoints:
        recording, changed = record(wire, endpoint)
        plan += write_calls(endpoint, recording)
        for change, count in changed.items():
            expected[change] += count * 2 * len(PORTS) * (ROUNDS + 1)
    before = changes()
    print(f"bench: {len(plan) * (ROUNDS + 1)} calls", file=sys.stderr)
    lines = "".join("\t".join(map(str, line)) + "\n" for line in plan)
    samples = subprocess.run([PROGRAMS / "spawn", str(ROUNDS)], input=lines, stdout=subprocess.PIPE, text=True)
    if samples.returncode != 0:
        sys.exit(1)
    if (changed := changes() - before) != expected:
        sys.exit(f"the calls made other changes than expected:\n{changed}\n{expected}")
    return samples.stdout


def main():
    psql(scenarios.world(scenarios.CALLERS, TARGETS))
    wire = Wire(SERVER / "wire", SERVER)
    samples = measure(wire, scenarios.CALLERS, write_refused_calls())
    # Rows left by the callers would be work for the operators' functions.
    psql("TRUNCATE nofx.rate_limits; DELETE FROM nofx.queue WHERE topic IN ('mail', 'webhook')")
    samples += measure(wire, scenarios.OPERATORS, [])
    (WORK / "endpoints.tsv").write_text(samples)
    endpoints_report.show(samples)


main()
