"""Teams that could be in each other's way: a crowd whose claims expire, one with long steps, and one with short runs."""

import threading
import time
import uuid

from database import Session
from plans import Run, Step, start

# How long a short run may take that nothing but other teams' work delays. Workers are killed and the database crashes
# meanwhile.
PATIENCE = 40

# How long anything that is due may wait for a sweep.
SWEEP = 30


def run_of(random, team, count, seconds=0.0, deadline=None, timeout=60):
    """A run of equal steps with one attempt each."""
    run = str(uuid.UUID(int=random.getrandbits(128), version=4))[:32] + "0000"
    steps = [
        Step("test:echo", {"number": number, "delaySeconds": seconds}, [], False, 0, 1, 0, timeout=timeout)
        for number in range(count)
    ]
    return Run(team, run, steps, deadline, None)


class Neighbours(threading.Thread):
    """Starts the runs of the three teams, and watches them and the sweeps."""

    def __init__(self, addresses, owners, random, counters, options):
        super().__init__(daemon=True)
        self.random, self.counters, self.options = random, counters, options
        self.crowd, self.long, self.short = list(owners)
        self.sessions = {team: Session(addresses["chaos_app"], owner) for team, owner in owners.items()}
        self.worker = Session(addresses["chaos_operator"])
        self.watcher = Session(addresses["chaos_operator"])
        self.is_over = threading.Event()
        self.runs, self.crowded, self.waiting = [], set(), {}
        self.slowest = 0.0

    def run(self):
        try:
            self.start_crowd()
            next_long = next_short = 0.0
            while not self.is_over.is_set():
                now = time.monotonic()
                if now >= next_long:
                    # They hold as many threads as one team can get, until their deadline.
                    self.add(run_of(self.random, self.long, 12, 3_000, deadline=4, timeout=3_600))
                    next_long = now + 3
                if now >= next_short:
                    run = run_of(self.random, self.short, 1)
                    self.add(run)
                    self.waiting[run.id] = time.monotonic()
                    next_short = now + 0.7
                self.look()
                self.is_over.wait(0.2)
            self.look()
        except Exception as error:  # noqa: BLE001 # whatever it is, the seed has failed
            self.counters.break_(f"the neighbours ended: {error!r}")
        finally:
            for session in [*self.sessions.values(), self.worker, self.watcher]:
                session.close()

    def add(self, run):
        outcome = start(self.sessions[run.team], run)
        if outcome != "ok":
            self.counters.break_(f"a neighbour's run was to be started: {outcome}")
        self.runs.append(run)

    def start_crowd(self):
        """Reserves steps for a worker that dies before any thread has begun one."""
        for _ in range(self.options.crowd // 100):
            run = run_of(self.random, self.crowd, 100)
            self.add(run)
            self.crowded.add(run.id)
        rows = self.worker.rows(
            "SELECT count(*) FROM nofx.claim_jobs('test.echo', %s, '0.1 s', NULL, NULL, NULL, ARRAY[%s]::uuid[])",
            self.options.crowd, self.crowd,
        )  # fmt: skip
        self.counters.add("expired at once", rows[0][0])

    def look(self):
        """Looks which short runs have ended, and for what waits for a sweep."""
        now = time.monotonic()
        if self.waiting:
            ended = self.sessions[self.short].rows(
                "SELECT id FROM nofx.runs WHERE team_id = %s AND id = ANY (%s::uuid[]) AND ended_at IS NOT NULL",
                self.short, list(self.waiting),
            )  # fmt: skip
            for (run,) in ended:
                self.slowest = max(self.slowest, now - self.waiting.pop(str(run)))
        if self.options.without_workers:
            return
        late = [run for run, since in self.waiting.items() if now - since > PATIENCE]
        for run in late:
            self.counters.break_(f"run {run}: one short step of a team has waited {PATIENCE} s for other teams' steps")
            del self.waiting[run]
        for kind, condition in (
            ("lease", "state = 'running' AND lease_until"), ("scheduled job", "state = 'scheduled' AND run_at"),
        ):  # fmt: skip
            count = self.watcher.value(f"SELECT count(*) FROM nofx.queue WHERE {condition} < now() - interval '{SWEEP} s'")
            if count:
                self.counters.break_(f"{count} of kind {kind} have waited {SWEEP} s for a sweep")

    def judge(self, events):
        """What must be true of the crowd: its steps, each with one attempt, were not given up before they began.

        A thread of a worker that is killed may have begun one.
        """
        given_up = sum(
            event["type"] == "step.failed" and event["data"]["error"]["code"] == "lease_expired"
            for run in self.crowded for event in events[uuid.UUID(run)]
        )  # fmt: skip
        most = 4 * (self.counters["kills"] + self.counters["stalls"] + self.counters["terminations"])
        if given_up > most:
            self.counters.break_(f"{given_up} steps of a crowd were given up, and threads had begun {most} at most")
