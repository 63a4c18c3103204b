"""The database of `scripts/bench queue`: teams, runs of one step, jobs, and the programs that work on them."""

import os
import statistics
import subprocess
import time
import uuid

import psycopg

TOPIC = "test.echo"

# Ids are ordered by time, like real ones, and leave two bytes for the step's number.
RUNS = """
    WITH made AS (
        SELECT (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7000a000'
                || lpad(to_hex(nextval('runs_made')), 8, '0') || '0000')::uuid AS id,
               (%(teams)s::uuid[])[1 + n %% cardinality(%(teams)s::uuid[])] AS team
        FROM generate_series(1, %(count)s) n
    ), runs AS (
        INSERT INTO nofx.runs (team_id, id, goal, status, steps_total, steps_open, steps_queued, event_seq, created_by)
        SELECT team, id, 'benchmark', 'running', 1, 1, 1, 2, %(user)s FROM made
    ), steps AS (
        INSERT INTO nofx.steps (team_id, run_id, no, name, tool, topic, is_gate, status, inputs, deps, dependents,
                                deps_left, continues, priority, max_attempts, timeout_s, retry_base_s, retry_cap_s,
                                delay_s, queued_at)
        SELECT team, id, 0, 'step', 'test:echo', 'test.echo', false, 'queued', '{"number":1}', '{}', '{}', 0, false, 0,
               3, 60, 2, 300, 0, now()
        FROM made
    ), events AS (
        INSERT INTO nofx.events (team_id, run_id, seq, step_no, type)
        SELECT team, id, e.seq, e.no, e.type
        FROM made, (VALUES (1, NULL, 'run.created'), (2, 0, 'step.queued')) AS e (seq, no, type)
    )
    INSERT INTO nofx.queue (id, topic, tenant_id, run_id, step_no, max_attempts)
    SELECT nofx.step_job_id(id, 0), 'test.echo', team, id, 0, 3 FROM made"""

JOBS = """
    INSERT INTO nofx.queue (id, topic, tenant_id, payload)
    SELECT gen_random_uuid(), 'test.echo',
           lpad(to_hex(1 + n %% %s), 32, '0')::uuid, '{}'
    FROM generate_series(1, %s) n"""


class World:
    """The server with a superuser session, and the settings from the environment."""

    def __init__(self):
        self.folder, self.database = os.environ["BENCH_FOLDER"], os.environ["BENCH_DATABASE"]
        self.programs, self.build = os.environ["BENCH_PROGRAMS"], os.environ["BENCH_BUILD"]
        self.port = os.environ["BENCH_PORT"]  # the server's, or the pooler's
        self.operator, self.user_role = os.environ["BENCH_OPERATOR"], os.environ["BENCH_USER"]
        self.session = psycopg.connect(f"host={self.folder} user=postgres dbname={self.database}", autocommit=True)
        self.session.execute("CREATE SEQUENCE IF NOT EXISTS runs_made")
        self.user = str(uuid.uuid4())
        self.teams = [str(uuid.uuid4()) for _ in range(10)]
        with self.session.transaction():
            self.session.execute("INSERT INTO nofx.users (id, issuer, subject) VALUES (%s, 'bench', 'bench')", [self.user])
            for number, team in enumerate(self.teams):
                self.session.execute(
                    "INSERT INTO nofx.teams (id, name, slug, owner_id) VALUES (%s, 'Benchmark', %s, %s)",
                    [team, f"bench-{number}", self.user],
                )
                self.session.execute(
                    "INSERT INTO nofx.team_members (team_id, user_id, role) VALUES (%s, %s, 'owner')", [team, self.user]
                )

    def address(self, role):
        return f"host={self.folder} port={self.port} user={role} dbname={self.database}"

    def fill(self, runs):
        """Replaces all rows by a number of waiting runs with one step each."""
        self.session.execute("TRUNCATE nofx.queue, nofx.runs, nofx.steps, nofx.events, nofx.dead_letters")
        self.session.execute(RUNS, {"teams": self.teams, "user": self.user, "count": runs})
        self.settle()

    def fill_jobs(self, jobs, tenants):
        self.session.execute("TRUNCATE nofx.queue, nofx.runs, nofx.steps, nofx.events, nofx.dead_letters")
        self.session.execute(JOBS, [tenants, jobs])
        self.settle()

    def settle(self):
        self.session.execute("VACUUM ANALYZE nofx.queue, nofx.runs, nofx.steps, nofx.events")
        self.session.execute("CHECKPOINT")

    def commit(self):
        """Returns the median milliseconds of a minimal commit."""
        times = []
        for _ in range(200):
            began = time.perf_counter()
            self.session.execute("SELECT pg_current_xact_id()")
            times.append(time.perf_counter() - began)
        return statistics.median(times) * 1e3

    def waiting(self):
        return self.session.execute("SELECT count(*) FROM nofx.queue").fetchone()[0]


class Askers:
    """Processes of Tools/benchQueue, each with its own connections."""

    def __init__(self, world, count, role):
        self.processes = [
            subprocess.Popen(
                [os.path.join(world.build, "benchQueue")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                env={"PATH": "/usr/bin:/bin", "DATABASE_URL": world.address(role)},
            )
            for _ in range(count)
        ]  # fmt: skip

    def ask(self, line):
        """Makes all processes run a command at once. Returns the nanoseconds of each call, for each process."""
        for process in self.processes:
            process.stdin.write(line + "\n")
            process.stdin.flush()
        answers = []
        for process in self.processes:
            answer = process.stdout.readline().strip()
            if not answer or not answer[0].isdigit():
                raise SystemExit(answer or "benchQueue ended")
            answers.append([int(word) for word in answer.split()])
        return answers

    def stop(self):
        for process in self.processes:
            process.stdin.close()
        for process in self.processes:
            process.wait()


def verdict(value, budget, is_met):
    return f"{value}; budget {budget}: {'met' if is_met else 'MISSED'}"
