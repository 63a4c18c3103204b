"""Prints the medians of samples: report.py FILE. A line is endpoint, server, requests/s, p50, p99, requests, errors, MiB."""

import collections
import statistics
import sys

samples = collections.defaultdict(list)
for line in open(sys.argv[1], encoding="utf-8"):
    endpoint, server, *numbers = line.rstrip("\n").split("\t")
    samples[endpoint, server].append([float(number) for number in numbers])

print(f"{'':12}{'server':10}{'requests/s':>12}{'p50 ms':>9}{'p99 ms':>9}{'errors':>8}{'MiB':>7}{'nofx is':>12}")
missed = []
for endpoint in dict.fromkeys(endpoint for endpoint, _ in samples):
    rate, *_ = map(statistics.median, zip(*samples[endpoint, "nofx"]))
    for server in dict.fromkeys(server for _, server in samples):
        own, p50, p99, _, errors, memory = map(statistics.median, zip(*samples[endpoint, server]))
        errors = max(sample[4] for sample in samples[endpoint, server])
        ratio = "" if server == "nofx" else f"{rate / own:10.2f} x"
        print(f"{endpoint:12}{server:10}{own:12.0f}{p50:9.2f}{p99:9.2f}{errors:8.0f}{memory:7.0f}{ratio:>12}")
        budget = {"FastAPI": 3.0, "Go": 1.0}.get(server)
        if budget and rate / own < budget:
            missed.append(f"{endpoint}: {rate / own:.2f} x {server}, budget {budget} x")
print("\nbudgets: 3 x FastAPI, level with Go:", "; ".join(missed) or "kept")
