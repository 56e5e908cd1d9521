"""Runs inside a function's own environment: says what is loaded when, and what loading costs.

`probe.py loaded NAME < requests` serves the requests one after the other; `probe.py timed <
groups` imports groups of modules in turn. Both speak JSON. It knows the standard library alone.
"""

import importlib
import json
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

Loaded = list[list[str]]
Costs = list[tuple[float, float]]


def loaded(name: str, requests: Sequence[Mapping[str, Any]]) -> Loaded:
    """Return all modules: after the import alone, and after each request."""
    framework = importlib.import_module("functions_framework")
    client = framework.create_app(name, "main.py").test_client()
    found = [sorted(sys.modules)]
    for each in requests:
        answer = client.open(
            each["path"], method=each["method"], data=each["body"], headers=each["headers"]
        )
        if answer.status_code != each["status"]:
            raise RuntimeError(f"{each['path']} was answered {answer.status}")
        found.append(sorted(sys.modules))
    return found


def timed(groups: Sequence[Sequence[str]]) -> Costs:
    """Import groups of modules in turn, and return CPU and wall seconds of each group."""
    sys.path.insert(0, "")  # the archive, in which this runs
    costs = []
    for group in groups:
        wall, cpu = time.perf_counter(), time.process_time()
        for name in group:
            importlib.import_module(name)
        costs.append((time.process_time() - cpu, time.perf_counter() - wall))
    return costs


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    result = timed(asked) if sys.argv[1] == "timed" else loaded(sys.argv[2], asked)
    print(f"\nPROBED {json.dumps(result)}", flush=True)
