"""Prints the medians of samples: report.py FILE.

A line is endpoint, server, requests/s, p50, p99, requests, errors, MiB, ticks of the server, ticks of its sessions.
"""

import collections
import os
import statistics
import sys

TICK = 1e6 / os.sysconf("SC_CLK_TCK")
BUDGETS = {"FastAPI": 3.0, "Go": 1.0}
samples = collections.defaultdict(list)
for line in open(sys.argv[1], encoding="utf-8"):
    endpoint, server, *numbers = line.rstrip("\n").split("\t")
    rate, p50, p99, requests, errors, memory, own, sessions = map(float, numbers)
    times = own * TICK / requests, sessions * TICK / requests
    samples[endpoint, server].append((rate, p50, p99, errors, memory, *times))


def median(endpoint, server):
    return [statistics.median(column) for column in zip(*samples[endpoint, server])]


print(f"{'':50}{'processor µs/request':>24}{'':7}{'nofx is ahead by':>24}")
print(
    f"{'':11}{'server':9}{'requests/s':>11}{'p50 ms':>9}{'p99 ms':>9}{'errors':>8}"
    f"{'server':>9}{'database':>10}{'MiB':>7}{'requests/s':>12}{'server time':>13}"
)
missed = []
for endpoint in dict.fromkeys(endpoint for endpoint, _ in samples):
    ours = median(endpoint, "nofx")
    for server in sorted({server for _, server in samples}, key=lambda name: name != "nofx"):
        rate, p50, p99, errors, memory, own, sessions = median(endpoint, server)
        ratios = "" if server == "nofx" else f"{ours[0] / rate:10.2f} x{own / ours[5]:11.2f} x"
        print(
            f"{endpoint:11}{server:9}{rate:11.0f}{p50:9.2f}{p99:9.2f}{errors:8.0f}"
            f"{own:9.0f}{sessions:10.0f}{memory:7.0f}{ratios}"
        )
        if server in BUDGETS and ours[0] / rate < BUDGETS[server]:
            missed.append(f"{endpoint} {ours[0] / rate:.2f} x {server}")
print("\nbudgets of requests/s, 3 x FastAPI and 1 x Go:", "; ".join(missed) or "kept")
