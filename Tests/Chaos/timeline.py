"""The invariants of a seed's runs after everything has ended."""

import collections

ENDINGS = {"succeeded", "failed", "timed_out", "cancelled", "skipped"}
DECISIONS = {"approved", "rejected", "waived", "expired", "cancelled"}


def is_tolerated(continues, is_gate, error):
    """Whether dependents go on after a failure; a rejection of a gate is final."""
    return continues and not (is_gate and (error or {}).get("code") == "gate_rejected")


class StepModel:
    """A step as reconstructed from its events; `state` determines which events may follow."""

    def __init__(self, row):
        self.no, self.deps, self.is_gate, self.continues = row["no"], row["deps"], row["is_gate"], row["continues"]
        self.state, self.attempt, self.is_met, self.is_decided = "blocked", 0, False, True

    def take(self, kind, data, steps):
        """The violation that an event shows; None if there is none."""
        attempt = (data or {}).get("attempt")
        allowed = {
            "step.queued": ("blocked", "reopened"),
            "gate.created": ("blocked", "reopened"),
            "step.started": ("queued",),
            "step.retrying": ("started",),
            "step.rescued": ("started",),
            "step.interrupted": ("started",),
            "step.released": ("started",),
            "step.retried": ("failed", "timed_out", "cancelled"),
            "step.reopened": ("skipped", "cancelled", "queued", "started"),
            "step.skipped": ("blocked",),
            "step.cancelled": ("blocked", "queued", "started", "waiting"),
        }
        wanted = allowed.get(kind, ("started", "waiting") if kind in ("step.succeeded", "step.failed") else ("started",))
        if kind.startswith("artifact."):
            return None if self.state == "started" else f"{kind} while {self.state}"
        if kind == "gate.reopened":
            if self.state not in ("waiting", "succeeded", "failed"):
                return f"{kind} while {self.state}"
            self.state, self.is_met, self.is_decided = "blocked", False, True
            return None
        if kind.startswith("gate.") and kind != "gate.created":
            if self.state != "waiting" or self.is_decided:
                return f"{kind} while {self.state}"
            self.is_decided = True
            return None
        if self.state not in wanted:
            return f"{kind} while {self.state}"
        if kind in ("step.queued", "gate.created"):
            if not all(steps[dep].is_met for dep in self.deps):
                return f"{kind} before what it depends on was done"
            self.state = "waiting" if kind == "gate.created" else "queued"
            self.is_decided = False
            self.attempt = 0
        elif kind == "step.started":
            if attempt != self.attempt + 1:
                return f"attempt {attempt} after attempt {self.attempt}"
            self.attempt, self.state = attempt, "started"
        elif kind in ("step.retrying", "step.rescued", "step.interrupted"):
            self.state = "queued"
        elif kind == "step.released":
            # The attempt is given back.
            self.state, self.attempt = "queued", self.attempt - 1
        elif kind == "step.retried":
            self.state, self.is_met = "reopened", False
        elif kind == "step.reopened":
            self.state, self.is_met = "blocked", False
        else:
            self.state = kind.removeprefix("step.")
            error = (data or {}).get("error")
            self.is_met = self.state == "succeeded" or self.state in ("failed", "timed_out") and is_tolerated(
                self.continues, self.is_gate, error
            )
        return None


def problems_of_run(run, steps, events, gates):
    """The violations in a run, from its row, its steps' rows, its events and its gates."""
    if run["ended_at"] is None:
        open_steps = [(step["no"], step["status"]) for step in steps if step["ended_at"] is None]
        yield f"has not ended: {run['status']}, steps {open_steps}"
    if [event["seq"] for event in events] != list(range(1, run["event_seq"] + 1)):
        yield "events are not numbered from 1 without gaps up to the run's count"
    yield from problems_of_counts(run, steps)
    models = {step["no"]: StepModel(step) for step in steps}
    is_open, endings, resumptions = True, 0, 0
    for event in events:
        kind = event["type"]
        if kind.startswith("run."):
            if kind.removeprefix("run.") in ENDINGS:
                if not is_open:
                    yield f"{kind} (event {event['seq']}) after its end"
                is_open, endings = False, endings + 1
            elif kind == "run.resumed":
                if is_open:
                    yield f"resumed (event {event['seq']}) before its end"
                is_open, resumptions = True, resumptions + 1
            continue
        # When a step is reopened, the run's resumption comes before the step's event.
        if not is_open:
            yield f"{kind} (event {event['seq']}) after its end"
        model = models[event["step_no"]]
        if problem := model.take(kind, event["data"], models):
            yield f"step {event['step_no']}: {problem} (event {event['seq']})"
    if run["ended_at"] is not None and endings != resumptions + 1:
        yield f"{endings} ends and {resumptions} resumptions"
    for step in steps:
        if models[step["no"]].state != step["status"] and step["ended_at"] is not None:
            yield f"step {step['no']} is {step['status']}, and {models[step['no']].state} by its events"
        if not step["is_gate"] and models[step["no"]].attempt != step["attempt"] and models[step["no"]].state != "blocked":
            yield f"step {step['no']} counts {step['attempt']} attempts, and {models[step['no']].attempt} began"
    for gate in gates:
        if gate["status"] == "pending" and run["ended_at"] is not None:
            yield f"its gate {gate['step_no']} is pending"


def problems_of_counts(run, steps):
    count = collections.Counter(step["status"] for step in steps)
    failed = [step for step in steps if step["status"] in ("failed", "timed_out")]
    tolerated = {step["no"] for step in failed if is_tolerated(step["continues"], step["is_gate"], step["error"])}
    dead_lettered = [step for step in failed if step["no"] not in tolerated]
    wanted = {
        "steps_total": len(steps),
        "steps_open": sum(step["ended_at"] is None for step in steps),
        "steps_queued": count["queued"],
        "steps_failed": len(dead_lettered),
        "steps_tolerated": len(tolerated),
        "steps_cancelled": count["cancelled"],
    }
    for name, value in wanted.items():
        if run[name] != value:
            yield f"{name} is {run[name]}, not {value}"
    if run["ended_at"] is not None:
        is_cancelled = run["cancel_requested_at"] is not None or count["cancelled"] > 0
        status = "cancelled" if is_cancelled else "failed" if dead_lettered else "succeeded"
        if run["status"] != status:
            yield f"is {run['status']}, not {status}"
    met = {
        step["no"]: step["status"] == "succeeded" or step["no"] in tolerated
        for step in steps
    }
    for step in steps:
        if step["status"] == "blocked" and step["deps_left"] != sum(not met[dep] for dep in step["deps"]):
            yield f"step {step['no']} waits for {step['deps_left']}"
