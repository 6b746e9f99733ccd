"""One implementation in a process of its own: it makes ready, then runs once for every line that it reads.

    python serve.py MODULE VARIANT JOB

Each answer is a line of JSON. It must be started with one thread; it keeps to one processor.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from time import perf_counter, process_time

from problem import Job


def main() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    module, variant, job = sys.argv[1:]
    answers = sys.stdout
    sys.stdout = sys.stderr  # what a library prints must not end up between the answers
    peer = importlib.import_module(module)
    options = peer.VARIANTS[variant]
    run = peer.prepare(Job(**json.loads(job)), **options)
    answer = {"ready": True}
    while True:
        print(json.dumps(answer), file=answers, flush=True)
        if not sys.stdin.readline():
            return
        wall, cpu = perf_counter(), process_time()
        losses, accuracies = run()
        wall, cpu = perf_counter() - wall, process_time() - cpu
        runs = options.get("seeds", 1)
        answer = {"seconds": wall / runs, "cpu_seconds": cpu / runs, "losses": losses, "accuracies": accuracies}


if __name__ == "__main__":
    main()
