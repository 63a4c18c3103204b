#!/usr/bin/env python3
"""Compares the time to acquire a healthy circuit breaker with a bare SELECT: rounds.py PROGRAM ROUNDS CALLS.

Each program is a process with one connection for each kind of call. In every round all processes make their calls at
the same time, first of one kind and then of the other, in a new random order. Prints a table and the budget.
"""

import random
import statistics
import subprocess
import sys

program, rounds, calls = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
KINDS = ["select", "acquire"]
BUDGET = 0.1


def percentile(values, share):
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def measure(connections):
    """Returns the milliseconds of each call, by kind."""
    workers = [
        subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(connections)
    ]

    def ask(kind):
        for worker in workers:
            worker.stdin.write(f"{kind} {calls}\n")
            worker.stdin.flush()
        times = []
        for worker in workers:
            line = worker.stdout.readline()
            try:
                times += [int(word) / 1e6 for word in line.split()]
            except ValueError:
                sys.exit(line.strip())
        return times

    times = {kind: [] for kind in KINDS}
    for kind in KINDS:
        ask(kind)
    for _ in range(rounds):
        for kind in random.sample(KINDS, 2):
            times[kind] += ask(kind)
    for worker in workers:
        worker.stdin.close()
        worker.wait()
    return times


print(f"{'connections':>11}  {'':9}{'p50':>9}{'p99':>9}{'calls':>9}")
for connections in [1, 16, 64]:
    times = measure(connections)
    for kind in KINDS:
        figures = [f"{percentile(times[kind], share):9.3f}" for share in (0.5, 0.99)]
        print(f"{connections:>11}  {kind:9}{''.join(figures)}{len(times[kind]):>9}")
    median = {kind: statistics.median(times[kind]) for kind in KINDS}
    difference = median["acquire"] - median["select"]
    line = f"{'':11}  {'beyond':9}{difference:9.3f} ms, {median['acquire'] / median['select']:.2f} x"
    if connections == 1:
        line += f"; budget {BUDGET} ms: {'kept' if difference <= BUDGET else 'EXCEEDED'}"
    print(line + "\n")
