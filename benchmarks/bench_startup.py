"""What a user waits for before anything happens, against a start of Python that imports parts of its standard library."""

from __future__ import annotations

import os
import resource
import subprocess
import sys

from .common import found

PLAIN = "import argparse, asyncio, dataclasses, email, inspect, json, logging, sqlite3, unittest"
ENVIRONMENT = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
ROUNDS = 16


def start(code, *arguments):
    """Run `code` in another process; return the seconds of processor time that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ratio_of_starts(code, *arguments):
    """Return the least time of `code` over that of the plain start, each started in turn with the other.

    Starts are too few for a median of ratios: of ten starts on a busy machine it had a standard deviation of 3.6 %, the ratio
    of the least times one of 2.3 %.
    """
    times = [(start(code, *arguments), start(PLAIN)) for _ in range(ROUNDS)]
    return round(min(time for time, _ in times) / min(plain for _, plain in times), 4)


class Import:
    unit = "ratio"
    params = [["optbench.registry"]]
    param_names = ["module"]

    def setup(self, module):
        found(f"{module}:__name__")

    def track_import(self, module):
        return ratio_of_starts(f"import {module}")


class Help:
    unit = "ratio"

    def setup(self):
        found("optbench.cli:main")

    def track_help(self):
        return ratio_of_starts("from optbench.cli import main; main()", "--help")
