"""Measures the queue and prints the results beside their budgets: report.py ROUNDS [PART ...].

Called by `scripts/bench queue`, which starts the server. Each round runs all compared programs once, in a new random
order. The printed values are the medians of the rounds.
"""

import os
import random
import statistics
import subprocess
import sys
import time

from statements import pgbench
from world import TOPIC, Askers, World, verdict

ROUNDS = int(sys.argv[1])
PARTS = sys.argv[2:] or ["steps", "worker", "starts", "claims"]
CONNECTIONS = [1, 2, 4, 8]


def in_turns(measures):
    """Returns the results of each, by name."""
    figures = {name: [] for name in measures}
    for _ in range(ROUNDS):
        for name in random.sample(list(measures), len(measures)):
            figures[name].append(measures[name]())
    return {name: statistics.median(values) for name, values in figures.items()}


def heading(text):
    print(f"\n{text}\n")


def measure_steps(world):
    heading("steps a second that do nothing, claimed and finished: our store, and pgbench with the same statements")
    print(f"{'at once':>8}{'connections':>13}{'ours':>10}{'pgbench':>10}{'ratio':>8}")
    for size, batches in ((1, 500), (100, 40)):
        for connections in CONNECTIONS:
            askers = Askers(world, connections, world.operator)

            def ours():
                world.fill(int(connections * batches * size * 1.2) + 200)
                took = max(answer[0] for answer in askers.ask(f"steps {TOPIC} {batches} {size}"))
                return connections * batches * size / took * 1e9

            def theirs():
                world.fill(int(connections * batches * size * 1.2) + 200)
                return pgbench(world, connections, batches, size)

            rates = in_turns({"ours": ours, "pgbench": theirs})
            askers.stop()
            ratio = rates["ours"] / rates["pgbench"]
            told = verdict(f"{ratio:8.2f}", 0.5, ratio >= 0.5)
            print(f"{size:>8}{connections:>13}{rates['ours']:>10.0f}{rates['pgbench']:>10.0f}{told}")


def drain(world, processes, threads, runs):
    """Returns how many steps real workers complete per second, from start to end."""
    world.fill(runs)
    began = time.monotonic()
    workers = [
        subprocess.Popen(
            [os.path.join(world.build, "runWorker")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "DATABASE_URL": world.address(world.operator), "LOG_LEVEL": "warning"},
        )
        for _ in range(processes)
    ]  # fmt: skip
    for worker in workers:
        worker.stdin.write(f'{{"threads":{threads},"topics":["test:echo"]}}')
        worker.stdin.close()
    answers = [worker.stdout.read() for worker in workers]
    statuses = [worker.wait() for worker in workers]
    took = time.monotonic() - began
    if any(statuses) or world.waiting():
        raise SystemExit(f"runWorker: {statuses}, {world.waiting()} jobs are left: {answers}")
    return runs / took


def rival(world, name, jobs):
    address = f"host={world.folder} port=5432 user=postgres dbname=rivals"
    answer = subprocess.run(
        [os.environ["BENCH_RIVALS"], "-B", os.path.join(os.path.dirname(__file__), "rivals.py"), name, address, str(jobs)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if answer.returncode != 0:
        raise SystemExit(f"{name}: {answer.stdout}{answer.stderr}")
    return jobs / float(answer.stdout.split()[-1])


def measure_worker(world):
    heading("runs of one step a second, done by workers from their start to their end, and jobs of other queues")
    rates = in_turns(
        {
            "runWorker": lambda: drain(world, 1, 4, 20_000),
            "runWorker, 1 thread": lambda: drain(world, 1, 1, 20_000),
            "runWorker, 2 processes": lambda: drain(world, 2, 4, 30_000),
            "procrastinate, concurrency 10": lambda: rival(world, "procrastinate", 2_000),
            "pgqueuer, batch 10 (default)": lambda: rival(world, "pgqueuer-10", 15_000),
            "pgqueuer, batch 100": lambda: rival(world, "pgqueuer-100", 20_000),
        }
    )
    budgets = {"procrastinate, concurrency 10": 10, "pgqueuer, batch 10 (default)": 1}
    for name, rate in rates.items():
        ratio = rates["runWorker"] / rate
        told = f"{ratio:8.2f}"
        if budget := budgets.get(name):
            told = verdict(told, budget, ratio >= budget)
        print(f"{name:>32}{rate:>10.0f}   ours to it{told}")


def measure_starts(world):
    heading("starting runs")
    print(f"{'steps':>8}{'connections':>13}{'runs/s':>10}{'steps/s':>10}{'ms a run':>10}{'us a step':>11}")
    for steps, count in ((1, 300), (10, 200), (100, 50), (1_000, 8)):
        for connections in (1, 4):
            askers = Askers(world, connections, world.user_role)

            def rate():
                world.fill(0)
                answers = askers.ask(f"starts {world.teams[0]} {world.user} {count} {steps}")
                return connections * count / max(map(sum, answers)) * 1e9

            runs = in_turns({"runs": rate})["runs"]
            askers.stop()
            each = connections / runs * 1e3
            print(f"{steps:>8}{connections:>13}{runs:>10.1f}{runs * steps:>10.0f}{each:>10.2f}{each * 1e3 / steps:>11.1f}")


def measure_claims(world):
    heading("a claim of 10 of the jobs that wait, p50 in ms, without the wait for the disk")
    world.session.execute(f"ALTER ROLE {world.operator} SET synchronous_commit = off")
    print(f"{'tenants':>8}{'of 10000':>11}{'of 1000000':>12}{'ratio':>8}")
    for tenants in (1, 1_000):
        times = {}
        for jobs in (10_000, 1_000_000):
            world.fill_jobs(jobs, tenants)
            asker = Askers(world, 1, world.operator)
            asker.ask(f"claims {TOPIC} 50 10")
            times[jobs] = statistics.median(asker.ask(f"claims {TOPIC} 500 10")[0]) / 1e6
            asker.stop()
        ratio = times[1_000_000] / times[10_000]
        told = verdict(f"{ratio:8.2f}", 1.5, ratio <= 1.5)
        print(f"{tenants:>8}{times[10_000]:>11.3f}{times[1_000_000]:>12.3f}{told}")
    world.session.execute(f"ALTER ROLE {world.operator} RESET synchronous_commit")


sys.stdout.reconfigure(line_buffering=True)
world = World()
print(f"a commit that waits for the disk: {world.commit():.2f} ms")
measures = {"steps": measure_steps, "worker": measure_worker, "starts": measure_starts, "claims": measure_claims}
for part in PARTS:
    measures[part](world)
