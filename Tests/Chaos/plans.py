"""Random plans, and the call that starts them."""

import json
import uuid
from dataclasses import dataclass, field

# No worker executes test:zombie: those steps are left to the misbehaving claimants.
TOOLS = {
    "test:echo": 34, "http:request": 25, "test:fail": 13, "artifact:write": 8, "gate:manual": 11, "manual:check": 4,
    "test:zombie": 5,
}  # fmt: skip


@dataclass
class Step:
    tool: str
    inputs: dict
    deps: list
    continues: bool
    priority: int
    attempts: int
    delay: int
    timeout: int = 20
    is_idempotent: bool = False


@dataclass
class Run:
    team: str
    id: str
    steps: list
    deadline: int | None
    cancel_after: float | None  # seconds after its start
    started: float = 0
    retries_left: int = 2
    dependents: list = field(default_factory=list)


def draw_inputs(random, tool, url, run, number, patience):
    match tool:
        case "test:echo":
            # Some steps take longer than a lease without a heartbeat.
            slow = random.random() < 0.02
            return {"number": number, "delaySeconds": round(patience * 1.5 if slow else random.random() * 0.2, 3)}
        case "test:fail":
            kind = random.random()
            if kind < 0.35:
                return {"retryable": False}
            return {"retryable": True, "attempts": random.choice([1, 1, 2])} if kind < 0.85 else {"retryable": True}
        case "http:request":
            return {"method": "POST", "url": f"{url}/{run}/{number}", "body": {"number": number}}
        case "test:zombie":
            return {"number": number}
        case "artifact:write":
            return {"name": f"notes/{number}.txt", "content": f"of step {number}"}
        case _:
            inputs = {"message": "May it go on?", "allowWaive": True, "fourEyes": False}
            if random.random() < 0.2:
                inputs["expiresInSeconds"] = random.choice([1, 2])
            if random.random() < 0.2:
                inputs["allowWaive"] = False
            return inputs


def draw(random, teams, url, patience, largest=12):
    """A run with a plan of at most `largest` steps, with fan-in and fan-out."""
    run = str(uuid.UUID(int=random.getrandbits(128), version=4))
    # The last two bytes are reserved for the step's number.
    run = run[:32] + "0000"
    count = random.randint(1, largest)
    steps = []
    for number in range(count):
        tool = random.choices(list(TOOLS), list(TOOLS.values()))[0]
        shape = random.random()
        if number == 0 or shape < 0.15:
            deps = []
        elif shape < 0.3:
            deps = list(range(number))
        else:
            deps = sorted(random.sample(range(number), min(number, random.randint(1, 3))))
        steps.append(
            Step(
                tool, draw_inputs(random, tool, url, run, number, patience), deps, random.random() < 0.25,
                random.randint(-3, 3), random.randint(1, 6), 1 if random.random() < 0.05 else 0,
                random.choice([60, 20]), random.random() < 0.3,
            )  # fmt: skip
        )
    deadline = random.randint(2, 5) if random.random() < 0.03 else None
    cancel_after = random.random() * 4 if random.random() < 0.12 else None
    return Run(random.choice(teams), run, steps, deadline, cancel_after)


def start(session, run):
    """Starts a run as a member and returns the outcome."""
    dependents = [[other for other, step in enumerate(run.steps) if number in step.deps] for number in range(len(run.steps))]
    literal = lambda numbers: "{" + ",".join(map(str, numbers)) + "}"  # noqa: E731
    steps = run.steps
    every = lambda value: [value] * len(steps)  # noqa: E731
    columns = {
        "name": [f"step {number}" for number in range(len(steps))], "tool": [s.tool for s in steps],
        "topic": [s.tool.replace(":", ".") for s in steps], "inputs": [s.inputs for s in steps],
        "deps": [literal(s.deps) for s in steps], "dependents": [literal(d) for d in dependents],
        "continues": [s.continues for s in steps], "priority": [s.priority for s in steps],
        "max_attempts": [s.attempts for s in steps], "timeout_s": [s.timeout for s in steps], "retry_base_s": every(1),
        "retry_cap_s": every(1), "delay_s": [s.delay for s in steps], "is_idempotent": [s.is_idempotent for s in steps],
    }  # fmt: skip
    deadline = f"{run.deadline} seconds" if run.deadline else None

    def body(ask):
        # The run may exist already, if the response of an earlier attempt was lost.
        if ask("SELECT 1 FROM nofx.runs WHERE team_id = %s AND id = %s", run.team, run.id):
            return "ok"
        return ask(
            """SELECT outcome FROM nofx.start_run(%s, %s, 'chaos', NULL, %s::interval, 100000, 10000000, %s::json, '{}', '{*}')""",
            run.team, run.id, deadline, json.dumps(columns),
        )[0][0]

    return session.transact(body)
