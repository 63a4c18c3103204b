"""Parses metrics in Prometheus's text format from standard input, with Prometheus's client library for Python.

Writes a JSON array of `{"name", "type", "help", "samples": [{"name", "labels", "value"}]}`.
"""

import json
import sys

from prometheus_client.parser import text_string_to_metric_families

text = sys.stdin.buffer.read().decode()
json.dump(
    [
        {
            "name": family.name,
            "type": family.type,
            "help": family.documentation,
            "samples": [{"name": s.name, "labels": s.labels, "value": repr(s.value)} for s in family.samples],
        }
        for family in text_string_to_metric_families(text)
    ],
    sys.stdout,
)
