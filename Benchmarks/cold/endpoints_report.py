"""Prints the table of all endpoints."""

import collections
import statistics

LIMIT = 1.8


def show(samples):
    times = collections.defaultdict(list)
    for line in samples.splitlines():
        name, path, nanoseconds, _ = line.split("\t")
        endpoint, program = name.split(" ")
        times[endpoint, path, program == "C"].append(int(nanoseconds) / 1e6)
    median = {key: statistics.median(values) for key, values in times.items()}
    start = [median.pop(("refused", "PgBouncer", is_c)) for is_c in (False, True)]
    names = sorted({endpoint for endpoint, _, _ in median})

    print(f"{'p50':20}{'PgBouncer':>12}{'C':>12}{'ratio':>8}{'':4}{'straight':>12}{'C':>12}{'ratio':>8}")
    print(f"{'refused':20}{_times(*start)}    (before there is a connection)")
    slow = []
    for name in names:
        pooled, straight = ([median[name, path, is_c] for is_c in (False, True)] for path in ("PgBouncer", "straight"))
        if pooled[0] / pooled[1] > LIMIT:
            slow.append((name, *pooled))
        print(f"{name:20}{_times(*pooled)}{' *' if slow and slow[-1][0] == name else '  '}  {_times(*straight)}")

    ratios = [median[name, "PgBouncer", False] / median[name, "PgBouncer", True] for name in names]
    print(f"\n{len(names)} endpoints; ratios {min(ratios):.2f} to {max(ratios):.2f}, median {statistics.median(ratios):.2f}")
    before = start[0] - start[1]
    for name, own, c in slow:
        print(
            f"* {name}: above {LIMIT}. It takes {own - c:.2f} ms more than C: {before:.2f} ms before there is a connection, "
            f"{own - c - before:.2f} ms with one"
        )


def _times(own, c):
    return f"{own:>9.2f} ms{c:>9.2f} ms{own / c:>8.2f}"
