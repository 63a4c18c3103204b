"""Misbehaving claimants: they report late, twice, concurrently or never."""

import json
import threading
import time
import urllib.error
import urllib.request
import hashlib

from database import Session

ZOMBIES = "test.zombie"
TOPICS = ["test.echo", "test.fail", "http.request", "artifact.write", ZOMBIES]
# The weight of each behavior in the random draw.
WAYS = {
    "well": 20, "twice": 15, "at_once": 15, "in_time": 15, "too_late": 15, "overtaken": 15, "never": 5, "released": 5,
    "kept": 5, "reserved": 5,
}  # fmt: skip
LONG = {"well", "twice", "at_once", "released"}


class Claimant(threading.Thread):
    """Claims jobs and finishes them with random behaviors."""

    def __init__(self, address, random, counters, strangers, ways=None):
        super().__init__(daemon=True)
        self.session, self.other = Session(address), Session(address)
        self.random, self.counters = random, counters
        self.strangers = strangers  # the teams whose steps it leaves to workers
        self.ways = ways or WAYS
        self.is_over = threading.Event()

    def run(self):
        try:
            while not self.is_over.is_set():
                way = self.random.choices(list(self.ways), list(self.ways.values()))[0]
                topic = ZOMBIES if way == "overtaken" else self.random.choice(TOPICS)
                jobs = self.claim(self.session, topic, self.random.randint(1, 5), 30 if way in LONG else 1)
                if jobs:
                    self.counters.add("odd claims", len(jobs))
                    # A result says that the attempt began, where nothing else did.
                    if way != "reserved" and self.random.random() < 0.7:
                        jobs = self.begin(self.session, jobs)
                if jobs:
                    getattr(self, way)(jobs)
                self.is_over.wait(self.random.random() * 0.2)
        except Exception as error:  # noqa: BLE001 # whatever it is, the seed has failed
            self.counters.break_(f"a claimant ended: {error!r}")
        finally:
            self.session.close()
            self.other.close()

    # Behaviors

    def well(self, jobs):
        self.finish(self.session, self.done(jobs))

    def twice(self, jobs):
        reports = self.done(jobs)
        self.finish(self.session, reports)
        if again := self.finish(self.session, reports):
            self.counters.break_(f"completed twice with the same fence: {again}")
        self.counters.add("refused twice", len(jobs))

    def at_once(self, jobs):
        """Two sessions report the same results concurrently, in opposite orders. Each job is accepted once."""
        reports = self.done(jobs)
        answers = {}

        def say(session, order):
            accepted = self.finish(session, order)
            answers[session] = None if session.was_lost else accepted

        threads = [
            threading.Thread(target=say, args=pair)
            for pair in ((self.session, reports), (self.other, list(reversed(reports))))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if len(answers) < 2:
            self.counters.break_("one of two that completed at once ended with an error")
        elif None not in answers.values():
            mine, others = answers[self.session], answers[self.other]
            if set(mine) & set(others):
                self.counters.break_(f"completed by two at once: {set(mine) & set(others)}")
            self.counters.add("refused at once", 2 * len(reports) - len(mine) - len(others))

    def in_time(self, jobs):
        """The lease has expired, but a lock on the run prevents its recovery, so the report is accepted."""
        job = jobs[0]
        reports = self.done([job])

        def body(ask):
            ask("SELECT 1 FROM nofx.runs WHERE team_id = %s AND id = %s FOR NO KEY UPDATE", job["team"], job["run"])
            if not self.holds(ask, job):
                return None
            ask("SELECT pg_sleep(greatest(0, extract(epoch FROM %s - clock_timestamp())) + 0.02)", job["until"])
            return self.report(ask, reports)

        accepted = self.session.transact(body)
        if accepted is not None and not self.session.was_lost:
            if not accepted:
                self.counters.break_(f"completed after the lease, before anybody noticed, and refused: {job['id']}")
            self.counters.add("late and counted")

    def too_late(self, jobs):
        """Another session claimed or completed the job. Heartbeats and reports of the old lease are rejected."""
        reports = self.done(jobs)
        give_up = time.monotonic() + 15
        waiting = list(jobs)
        while waiting and time.monotonic() < give_up:
            time.sleep(0.05)
            waiting = self.session.transact(lambda ask: [job for job in waiting if self.is_leased_as(ask, job)])
        lost = [report for report, job in zip(reports, jobs) if job not in waiting]
        if not lost:
            return
        held = self.session.rows(
            "SELECT id FROM nofx.heartbeat_jobs(%s::uuid[], %s::bigint[], '30 s')",
            [report["id"] for report in lost], [report["fence"] for report in lost],
        )  # fmt: skip
        if held:
            self.counters.break_(f"a heartbeat held a claim that was lost: {held}")
        if accepted := self.finish(self.session, lost):
            self.counters.break_(f"completed with a claim that was lost, and counted: {accepted}")
        self.counters.add("refused late", len(lost))

    def overtaken(self, jobs):
        """Another session holds the job when the first one reports. Only the second session's report is accepted."""
        reports = {report["id"]: report for report in self.done(jobs)}
        give_up = time.monotonic() + 15
        while time.monotonic() < give_up:
            time.sleep(0.1)
            again = self.claim(self.other, ZOMBIES, 5, 30)
            seconds = self.done(again)
            late = [reports.pop(report["id"]) for report in seconds if report["id"] in reports]
            if late:
                if accepted := self.finish(self.session, late):
                    self.counters.break_(f"completed with a claim that was lost, and counted: {accepted}")
                self.counters.add("refused late", len(late))
            if seconds:
                accepted = self.finish(self.other, seconds)
                if len(accepted) < len(seconds) and not self.other.was_lost:
                    self.counters.break_("completed with a claim that was held, and refused")
            if not reports:
                return

    def never(self, jobs):
        self.done(jobs)

    def reserved(self, jobs):
        """Nothing begins, and nobody gives it back."""

    def released(self, jobs):
        self.finish(self.session, [self.as_report(job, "released") for job in jobs])

    def kept(self, jobs):
        """The time exceeds the lease several times, but heartbeats extend the lease."""
        reports = self.done(jobs)
        held = None
        for _ in range(5):
            time.sleep(0.4)
            rows = self.session.rows(
                "SELECT id FROM nofx.heartbeat_jobs(%s::uuid[], %s::bigint[], '1.5 s')",
                [job["id"] for job in jobs], [job["fence"] for job in jobs],
            )  # fmt: skip
            held = {row[0] for row in rows}
        accepted = self.finish(self.session, reports)
        if set(accepted) - held:
            self.counters.break_(f"a heartbeat said that a claim was lost that counted: {set(accepted) - held}")

    # Calls to the database

    def claim(self, session, topic, count, seconds):
        rows = session.rows(
            """SELECT c.id, c.fence, c.tenant_id, c.run_id, c.step_no, c.attempt, s.tool, s.inputs,
                      now() + make_interval(secs => %s)
               FROM nofx.claim_jobs(%s, %s, make_interval(secs => %s), NULL, NULL, NULL, NULL, %s::uuid[]) c
               JOIN nofx.steps s ON s.team_id = c.tenant_id AND s.run_id = c.run_id AND s.no = c.step_no""",
            seconds, topic, count, seconds, self.strangers,
        )  # fmt: skip
        names = ["id", "fence", "team", "run", "no", "attempt", "tool", "inputs", "until"]
        return [dict(zip(names, row)) for row in rows]

    def begin(self, session, jobs):
        """Begins the attempts: the jobs that may be done."""
        rows = session.rows(
            "SELECT nofx.begin_steps(%s::uuid[], %s::bigint[])", [job["id"] for job in jobs], [job["fence"] for job in jobs]
        )
        begun = {row[0] for row in rows}
        return [job for job in jobs if job["id"] in begun]

    def holds(self, ask, job):
        return bool(ask("SELECT 1 FROM nofx.queue WHERE id = %s AND fence = %s AND state = 'running'", job["id"], job["fence"]))

    def is_leased_as(self, ask, job):
        """Whether the job exists and no session has claimed it again. It may have become claimable."""
        return bool(ask("SELECT 1 FROM nofx.queue WHERE id = %s AND fence = %s", job["id"], job["fence"]))

    def finish(self, session, reports):
        return session.transact(lambda ask: self.report(ask, reports))

    def report(self, ask, reports):
        artifacts = [report for report in reports if report["artifact"]]
        rows = ask(
            """SELECT nofx.finish_steps(%s::uuid[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::interval[],
                   %s::uuid[], %s::text[], %s::text[], %s::bytea[], %s::bytea[])""",
            *([report[name] for report in reports] for name in ("id", "fence", "outcome", "outputs", "error", "delay")),
            [report["id"] for report in artifacts], [report["artifact"]["name"] for report in artifacts],
            ["text/plain"] * len(artifacts),
            [hashlib.sha256(report["artifact"]["content"].encode()).digest() for report in artifacts],
            [report["artifact"]["content"].encode() for report in artifacts],
        )  # fmt: skip
        return [row[0] for row in rows]

    # The worker's part

    def done(self, jobs):
        return [self.as_report(job, *self.do(job)) for job in jobs]

    def do(self, job):
        inputs = job["inputs"]
        match job["tool"]:
            case "test:fail":
                if job["attempt"] <= inputs.get("attempts", 1_000):
                    return ("retry" if inputs["retryable"] else "failed", "test_failed")
            case "http:request":
                request = urllib.request.Request(
                    inputs["url"], json.dumps(inputs["body"]).encode(),
                    {"Idempotency-Key": f"{job['run']}:{job['no']}"}, method="POST",
                )  # fmt: skip
                try:
                    urllib.request.urlopen(request, timeout=10).read()
                except (urllib.error.URLError, ConnectionError, TimeoutError, OSError):
                    return ("retry", "http_failed")
        return ("succeeded", None)

    def as_report(self, job, outcome, code=None):
        return {
            "id": job["id"],
            "fence": job["fence"],
            "outcome": outcome,
            "outputs": json.dumps(job["inputs"]) if outcome == "succeeded" else "",
            "error": json.dumps({"code": code, "message": "It was told to."}) if code else "",
            "delay": f"{self.random.random() * 0.3:.3f} seconds",
            "artifact": job["inputs"] if outcome == "succeeded" and job["tool"] == "artifact:write" else None,
        }
