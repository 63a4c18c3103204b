"""Members, who decide gates, cancel runs and retry steps, and an operator, who redrives dead letters."""

import threading
import time

from database import Session


class Members(threading.Thread):
    def __init__(self, address, owners, runs, random, counters):
        super().__init__(daemon=True)
        self.owners, self.runs, self.random, self.counters = owners, runs, random, counters
        self.sessions = {team: Session(address, owner) for team, owner in owners.items()}
        self.others = {team: Session(address, owner) for team, owner in owners.items()}
        self.is_over = threading.Event()
        self.is_calm = threading.Event()  # when set, members only decide gates

    def run(self):
        try:
            while not self.is_over.is_set():
                self.decide_gates()
                if not self.is_calm.is_set():
                    self.cancel_runs()
                    self.retry_steps()
                self.is_over.wait(0.15)
        except Exception as error:  # noqa: BLE001 # whatever it is, the seed has failed
            self.counters.break_(f"a member ended: {error!r}")
        finally:
            for session in [*self.sessions.values(), *self.others.values()]:
                session.close()

    def started(self):
        return [run for run in self.runs if run.started]

    def decide_gates(self):
        for team, session in self.sessions.items():
            gates = session.rows(
                """SELECT g.run_id, s.name FROM nofx.gates g
                   JOIN nofx.steps s ON s.team_id = g.team_id AND s.run_id = g.run_id AND s.no = g.step_no
                   WHERE g.team_id = %s AND g.status = 'pending'""",
                team,
            )
            for run, step in gates:
                if self.random.random() < 0.3:
                    continue
                decision = self.random.choices(["approved", "rejected", "waived"], [6, 2, 2])[0]
                if self.random.random() < 0.3:
                    self.race(lambda session: self.decide(session, team, run, step, decision), team)
                else:
                    self.decide(session, team, run, step, decision)

    def decide(self, session, team, run, step, decision):
        outcome = session.value(
            "SELECT outcome FROM nofx.decide_gate(%s, %s, %s, %s, 'chaos', '{}')", team, run, step, decision
        )
        if outcome not in ("ok", "already", "conflict", "no_waiver"):
            self.counters.break_(f"a gate was to be decided: {outcome}")
        if outcome == "ok":
            self.counters.add("decisions")

    def cancel_runs(self):
        now = time.monotonic()
        for run in self.started():
            if run.cancel_after is None or now < run.started + run.cancel_after:
                continue
            run.cancel_after = None
            outcome, changes_state = self.sessions[run.team].rows(
                "SELECT outcome, changes_state FROM nofx.cancel_run(%s, %s, '{}')", run.team, run.id
            )[0]
            if outcome != "ok":
                self.counters.break_(f"a run was to be cancelled: {outcome}")
            elif changes_state:
                self.counters.add("cancelled")

    def retry_steps(self):
        for team, session in self.sessions.items():
            steps = session.rows(
                """SELECT s.run_id, s.name FROM nofx.steps s
                   WHERE s.team_id = %s AND s.status IN ('failed', 'timed_out', 'cancelled')""",
                team,
            )
            runs = {run.id: run for run in self.started()}
            for name, step in steps:
                run = runs.get(str(name))
                if run is None or run.retries_left == 0 or self.random.random() > 0.1:
                    continue
                run.retries_left -= 1
                if self.random.random() < 0.3:
                    self.race(lambda session: self.retry(session, run, step), team)
                else:
                    self.retry(session, run, step)

    def retry(self, session, run, step):
        outcome = session.value("SELECT outcome FROM nofx.retry_step(%s, %s, %s, '{}')", run.team, run.id, step)
        if outcome not in ("ok", "conflict"):
            self.counters.break_(f"a step was to be retried: {outcome}")
        if outcome == "ok":
            self.counters.add("retried")

    def race(self, body, team):
        """Two sessions of the team act concurrently."""
        threads = [threading.Thread(target=body, args=(all[team],)) for all in (self.sessions, self.others)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


class Operator(threading.Thread):
    """Redrives some of the dead letters."""

    def __init__(self, address, random, counters, budget):
        super().__init__(daemon=True)
        self.session = Session(address)
        self.random, self.counters, self.budget = random, counters, budget
        self.is_over = threading.Event()

    def run(self):
        try:
            while not self.is_over.wait(1 + self.random.random()) and self.budget > 0:
                count = self.session.value(
                    "SELECT nofx.redrive_jobs(%s, NULL, %s, %s)",
                    self.random.choice([None, "test.echo", "http.request"]), self.random.randint(1, 8),
                    '{"by":"operator"}',
                )  # fmt: skip
                self.budget -= count
                self.counters.add("redriven", count)
        except Exception as error:  # noqa: BLE001 # whatever it is, the seed has failed
            self.counters.break_(f"the operator ended: {error!r}")
        finally:
            self.session.close()
