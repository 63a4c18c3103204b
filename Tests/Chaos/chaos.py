"""Executes random runs with workers that are killed, on a database that crashes, and checks the invariants.

scripts/chaos calls this program and creates the cluster.
"""

import argparse
import os
import random
import subprocess
import sys
import threading
import time
import uuid

import psycopg

from claimants import Claimant, WAYS
from database import Counters, Poolers, Server, Session
from effects import Effects
from members import Members, Operator
from neighbours import Neighbours
from plans import draw, start
from timeline import problems_of_run
from workers import Workers, environment

APP, OPERATOR, TEMPLATE = "chaos_app", "chaos_operator", "chaos_template"
FENCE = "AND q.fence = s.fence "
COUNT = "attempt = q.attempt + (q.run_id IS NULL)::integer, has_begun = false,"
LEASE = 2

# What takes the rules out of the database that the harness must find missing: the function, and what is replaced.
MUTANTS = {
    "no-fence": ("nofx.finish_steps", FENCE, ""),
    "count-at-claim": ("nofx.claim_jobs", COUNT, "attempt = q.attempt + 1, has_begun = true,"),
}

# The server's messages during a restart.
EXPECTED = ("the database system is", "terminating connection", "connection to client lost")

# The server's messages to a session that gave up waiting for a lock. The session retries.
IMPATIENT = ("canceling statement due to lock timeout", "canceling statement due to statement timeout")


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/chaos")
    parser.add_argument("--programs", required=True)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--port", required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("--logs", required=True)
    parser.add_argument("--seeds", type=int, required=True)
    parser.add_argument("--first", type=int, required=True)
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--crowd", type=int, required=True)
    parser.add_argument("--mutant", choices=["", *MUTANTS], default="")
    parser.add_argument("--without-workers", action="store_true")
    return parser.parse_args()


def make_template(server, options):
    """Creates a database with the schema and no data, which each seed copies."""
    with psycopg.connect(server.address("postgres"), autocommit=True) as session:
        session.execute(f"CREATE DATABASE {TEMPLATE}")
        session.execute(f"CREATE ROLE {APP} LOGIN")
        session.execute(f"CREATE ROLE {OPERATOR} LOGIN")
    subprocess.run(
        [os.path.join(options.build, "migrate")],
        input=f'{{"grantTo":"{APP}","grantOperatorTo":"{OPERATOR}"}}', text=True, check=True, stdout=subprocess.DEVNULL,
        env=environment(server.address(TEMPLATE), LEASE),
    )  # fmt: skip
    # Claimants look at the queue and lock runs, which no program of an operator does.
    with psycopg.connect(server.address(TEMPLATE), autocommit=True) as session:
        for table, rights in (("queue", "SELECT"), ("runs", "SELECT, UPDATE (ended_at)")):
            session.execute(f"GRANT {rights} ON nofx.{table} TO {OPERATOR}")
            session.execute(f"CREATE POLICY chaos ON nofx.{table} TO {OPERATOR} USING (true)")
    if options.mutant:
        with psycopg.connect(server.address(TEMPLATE), autocommit=True) as session:
            function, rule, replacement = MUTANTS[options.mutant]
            text = session.execute(f"SELECT pg_get_functiondef('{function}'::regproc)").fetchone()[0]
            if text.count(rule) != 1:
                sys.exit(f"{function} has not the rule that the mutant takes out")
            session.execute(text.replace(rule, replacement))


def make_teams(session, count):
    """Creates teams and returns their owners by team."""
    owners = {str(uuid.uuid4()): str(uuid.uuid4()) for _ in range(count)}

    def body(ask):
        for number, (team, owner) in enumerate(owners.items()):
            ask("INSERT INTO nofx.users (id, issuer, subject) VALUES (%s, 'chaos', %s)", owner, owner)
            ask("INSERT INTO nofx.teams (id, name, slug, owner_id) VALUES (%s, 'Chaos', %s, %s)", team, f"chaos-{number}", owner)
            ask("INSERT INTO nofx.team_members (team_id, user_id, role) VALUES (%s, %s, 'owner')", team, owner)

    session.transact(body)
    return owners


class Seed:
    """The runs of one seed, and all threads and processes that act on them."""

    def __init__(self, seed, server, options):
        self.seed, self.server, self.options = seed, server, options
        self.random = random.Random(seed)
        self.counters = Counters()
        self.is_pooled = seed % 2 == 1
        self.database = f"chaos_{seed}"

    def fork(self):
        """A random generator for another thread."""
        return random.Random(self.random.getrandbits(64))

    def run(self):
        began = time.monotonic()
        with psycopg.connect(self.server.address("postgres"), autocommit=True) as session:
            session.execute(f"CREATE DATABASE {self.database} TEMPLATE {TEMPLATE}")
        self.server.new_log_lines()
        self.session = Session(self.server.address(self.database))
        self.effects = Effects(self.seed, LEASE)
        poolers = Poolers(self.server, self.database, [APP, OPERATOR]) if self.is_pooled else None
        addresses = poolers.addresses if poolers else {r: self.server.address(self.database, r) for r in (APP, OPERATOR)}
        try:
            self.live(addresses)
        finally:
            if poolers:
                poolers.stop()
            self.effects.stop()
        self.judge()
        self.session.close()
        if not self.counters.broken:
            with psycopg.connect(self.server.address("postgres"), autocommit=True) as session:
                session.execute(f"DROP DATABASE {self.database} WITH (FORCE)")
        self.seconds = time.monotonic() - began
        return self.counters

    def live(self, addresses):
        options = self.options
        everyone = make_teams(self.session, 8)
        owners, others = dict(list(everyone.items())[:5]), dict(list(everyone.items())[5:])
        runs = [draw(self.random, list(owners), self.effects.url, LEASE) for _ in range(options.runs)]
        log = workers = None
        if not options.without_workers:
            log = open(os.path.join(options.logs, f"seed-{self.seed}.log"), "wb")
            workers = Workers(
                os.path.join(options.build, "runWorker"), environment(addresses[OPERATOR], LEASE), 3, log,
                self.fork(), self.counters, LEASE,
            )  # fmt: skip
            workers.start()
        strangers = list(others)
        claimants = [Claimant(addresses[OPERATOR], self.fork(), self.counters, strangers) for _ in range(3)]
        if options.mutant == "no-fence":
            # What the mutant accepts must happen in every seed, also on a machine that is busy.
            claimants.append(Claimant(addresses[OPERATOR], self.fork(), self.counters, strangers, {"overtaken": 1}))
        if workers is None:
            claimants += [Claimant(addresses[OPERATOR], self.fork(), self.counters, [], {"well": 1}) for _ in range(3)]
        members = Members(addresses[APP], owners, runs, self.fork(), self.counters)
        operator = Operator(self.server.address(self.database), self.fork(), self.counters, options.runs // 5)
        self.neighbours = Neighbours(addresses, others, self.fork(), self.counters, options)
        everybody = [*claimants, members, operator, self.neighbours]
        tending = threading.Event()
        if workers is None:
            # Where there are workers, they tend.
            everybody.append(threading.Thread(target=self.tend, args=(addresses[OPERATOR], tending), daemon=True))
        for thread in everybody:
            thread.start()
        restart = threading.Thread(target=self.restart, args=(options.runs * 0.03,), daemon=True)
        restart.start()
        try:
            self.start(addresses, owners, runs)
            restart.join()
            if workers:
                workers.is_calm.set()
                workers.join()
            operator.is_over.set()
            members.is_calm.set()
            self.neighbours.is_over.set()
            for claimant in claimants:
                claimant.ways = {"well": 1}
            self.wait_for_the_end()
        finally:
            for thread in [*claimants, members]:
                thread.is_over.set()
            tending.set()
            for thread in everybody:
                thread.join(timeout=60)
            if workers:
                workers.is_calm.set()
                workers.stop()
                log.close()

    def start(self, addresses, owners, runs):
        """Starts all runs, spread over time."""
        sessions = {team: Session(addresses[APP], owner) for team, owner in owners.items()}
        for run in runs:
            outcome = start(sessions[run.team], run)
            if outcome != "ok":
                self.counters.break_(f"a run was to be started: {outcome}")
                break
            run.started = time.monotonic()
            time.sleep(self.random.random() * 0.08)
        for session in sessions.values():
            session.close()

    def restart(self, after):
        time.sleep(after * (0.5 + self.random.random()))
        self.server.restart()
        self.counters.add("restarts")

    def tend(self, address, is_over):
        session = Session(address)
        while not is_over.wait(0.2):
            for sweep in ("promote_jobs(1000)", "rescue_steps(1000)", "stop_overdue_runs(100)", "expire_gates(100)"):
                session.rows(f"SELECT * FROM nofx.{sweep}")
        session.close()

    def wait_for_the_end(self):
        give_up = time.monotonic() + 180
        while time.monotonic() < give_up:
            if not self.session.value("SELECT EXISTS (SELECT FROM nofx.runs WHERE ended_at IS NULL)"):
                return
            time.sleep(0.2)

    # Checks

    def judge(self):
        """Checks the invariants after everything has ended."""
        count = self.counters
        runs = self.table("runs")
        steps, events, gates = self.by_run("steps", "no"), self.by_run("events", "seq"), self.by_run("gates", "step_no")
        if len(runs) != self.options.runs + len(self.neighbours.runs):
            count.break_(f"there are {len(runs)} runs")
        self.neighbours.judge(events)
        for run in runs:
            for problem in problems_of_run(run, steps[run["id"]], events[run["id"]], gates.get(run["id"], [])):
                count.break_(f"run {run['id']}: {problem}")
        for kind, name in (("step.started", "attempts"), ("step.rescued", "rescues"), ("step.interrupted", "interrupted")):
            count.add(name, sum(event["type"] == kind for all in events.values() for event in all))
        count.add("steps", sum(map(len, steps.values())))
        if left := self.session.value("SELECT count(*) FROM nofx.queue"):
            count.break_(f"{left} jobs are left")
        count.add("slowest short run in ms", int(self.neighbours.slowest * 1000))
        self.judge_dead(steps)
        self.judge_effects(steps)
        for line in self.server.new_log_lines():
            if any(words in line for words in IMPATIENT):
                count.add("timeouts")
            elif any(word in line for word in ("ERROR:", "FATAL:", "PANIC:")) and not any(e in line for e in EXPECTED):
                count.break_(f"the server's log: {line}")

    def table(self, name, order="1"):
        with psycopg.connect(self.server.address(self.database), row_factory=psycopg.rows.dict_row) as session:
            return session.execute(f"SELECT * FROM nofx.{name} ORDER BY {order}").fetchall()

    def by_run(self, name, order):
        rows = {}
        for row in self.table(name, order):
            rows.setdefault(row["run_id"], []).append(row)
        return rows

    def judge_dead(self, steps):
        wanted = {
            (step["run_id"], step["no"])
            for all in steps.values() for step in all
            if step["status"] in ("failed", "timed_out") and not step["is_gate"] and not step["continues"]
        }  # fmt: skip
        found = {(row["run_id"], row["step_no"]) for row in self.table("dead_letters")}
        for run, no in wanted ^ found:
            self.counters.break_(f"run {run}: step {no} is given up in one table only")

    def judge_effects(self, steps):
        artifacts = {(row["run_id"], row["step_no"]) for row in self.table("artifacts")}
        for step in (step for all in steps.values() for step in all):
            run, no, is_done = step["run_id"], step["no"], step["status"] == "succeeded"
            if step["tool"] == "http:request":
                keys = self.effects.keys.get(f"/{run}/{no}", {})
                if set(keys) - {f"{run}:{no}"} or is_done and len(keys) != 1:
                    self.counters.break_(f"run {run}: step {no} had its effect by the keys {keys}")
                self.counters.add("repeats", max(0, sum(keys.values()) - 1))
                self.counters.add("effects", len(keys))
            if step["tool"] == "artifact:write" and is_done != ((run, no) in artifacts):
                self.counters.break_(f"run {run}: step {no} is done, or its artifact is there, but not both")


NAMES = ["steps", "attempts", "kills", "stalls", "rescues", "restarts", "refused late", "late and counted", "refused twice",
         "refused at once", "effects", "repeats", "decisions", "cancelled", "retried", "redriven", "timeouts", "interrupted",
         "expired at once", "slowest short run in ms"]  # fmt: skip


def told(count):
    return ", ".join(f"{count[name]} {name}" for name in NAMES)


def main():
    sys.stdout.reconfigure(line_buffering=True)
    options = arguments()
    server = Server(options.programs, options.folder, options.port)
    make_template(server, options)
    total, failed, done = Counters(), [], 0
    for seed in range(options.first, options.first + options.seeds):
        world = Seed(seed, server, options)
        count = world.run()
        way = "pooled" if world.is_pooled else "direct"
        print(f"seed {seed} ({way}): {options.runs} runs, {told(count)}; {world.seconds:.0f} s")
        for problem in count.broken[:20]:
            print(f"  BROKEN: {problem}")
        if count.broken:
            failed.append(seed)
            print(f"  {len(count.broken)} in all; again with: scripts/chaos --first {seed} --seeds 1")
        for name, number in count.counts.items():
            total.add(name, number)
        done += 1
        if options.mutant and failed:
            break
    print(f"total: {done} seeds, {done * options.runs} runs, {told(total)}; broken seeds: {failed or 'none'}")
    sys.exit(1 if failed else 0)


main()
