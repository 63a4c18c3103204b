#!/usr/bin/env python3
"""Prints the table and the budgets: report.py SAMPLES BYTES-OF-THE-ZIPPED-FUNCTION."""

import collections
import statistics
import sys

samples = collections.defaultdict(list)
memory = collections.defaultdict(int)
with open(sys.argv[1]) as lines:
    for line in lines:
        name, path, nanoseconds, kibibytes = line.split("\t")
        samples[path, name].append(int(nanoseconds) / 1e6)
        memory[path, name] = max(memory[path, name], int(kibibytes))


def percentile(values, share):
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


paths = list(dict.fromkeys(path for path, _ in samples))
names = list(dict.fromkeys(name for _, name in samples))
paths.sort(key=["start only", "straight", "PgBouncer"].index)
names.sort(key=["createTeam", "C", "Go", "Python"].index)
median = {key: statistics.median(values) for key, values in samples.items()}

print(f"{'':12}{'':12}{'min':>10}{'p50':>10}{'p90':>10}{'':4}{'resident':>10}{'runs':>7}")
for path in paths:
    for name in names:
        key = path, name
        values = samples[key]
        times = "".join(f"{value:>7.2f} ms" for value in (min(values), median[key], percentile(values, 0.9)))
        print(f"{path:12}{name:12}{times}{'':4}{memory[key] / 1024:>6.1f} MiB{len(values):>7}")
    print()

pooled = {name: median["PgBouncer", name] for name in names}
resident = max(size for (_, name), size in memory.items() if name == "createTeam") / 1024
zipped = int(sys.argv[2]) / 1e6
budgets = [
    ("createTeam / C, PgBouncer, p50", pooled["createTeam"] / pooled["C"], "at most", 1.25, "x"),
    ("Go / createTeam, PgBouncer, p50", pooled["Go"] / pooled["createTeam"], "above", 1, "x"),
    ("Python / createTeam, PgBouncer, p50", pooled["Python"] / pooled["createTeam"], "at least", 40, "x"),
    ("createTeam resident", resident, "at most", 10, "MiB"),
    ("createTeam zipped", zipped, "at most", 6, "MB"),
]
print(f"{'budget':37}{'measured':>14}{'asked for':>18}")
for title, value, relation, limit, unit in budgets:
    met = {"at most": value <= limit, "above": value > limit, "at least": value >= limit}[relation]
    asked = f"{relation} {limit} {unit}"
    print(f"{title:37}{value:>10.2f} {unit:3}{asked:>18}   {'met' if met else 'NOT met'}")
