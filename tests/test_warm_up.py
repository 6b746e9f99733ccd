from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest

from optbench import Layout, Optimizer, State, Vector
from optbench.training.environment import THREAD_VARIABLES
from optbench.training.job import Job
from optbench.training.run_job import run_job

SCRIPT = """
import json
from optbench.planning.plan import make_plan
from optbench.planning.selections import Selections
from optbench.registry import Registry
from optbench.training.run_job import run_job

selections = Selections(optimizers=["adam"], architectures=["single-layer"], embedders=["e5-small"], epochs=10, seeds=range(9))
print(json.dumps([run_job(job).seconds[-1] for job in make_plan(Registry(autoload=False), selections)]))
"""
FACTOR = 4
"""Without a warm-up the first run takes 10 to 40 times as long as the others."""


def test_the_first_run_of_a_process_takes_as_long_as_the_others() -> None:
    ratios = []
    for _ in range(3):  # on a busy machine a single process may lose its processor during the first run
        environment = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, "1")}
        process = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True)
        first, *others = json.loads(process.stdout)
        ratios.append(first / statistics.median(others))
        if ratios[-1] < FACTOR:
            return
    pytest.fail(f"the first run takes {min(ratios):.1f} times as long as the median of the others")


@dataclass(frozen=True, kw_only=True)
class Recording(Optimizer):
    """Records the weights that each of its runs starts from; raises in its first run."""

    name: ClassVar[str] = "recording"
    fails_at_first: bool = False

    def init(self, w: Vector, layout: Layout) -> State:
        starts.append(w.copy())
        return State(noise=[])

    def update(self, w: Vector, g: Vector, s: Any, t: int) -> None:
        if self.fails_at_first and len(starts) == 1:
            raise SystemExit(3)
        w -= 0.1 * g


starts: list[Vector] = []


@pytest.mark.parametrize("fails_at_first", [False, True])
def test_a_warm_up_leaves_the_run_as_it_was(plan: list[Job], fails_at_first: bool) -> None:
    starts.clear()
    optimizer = Recording(fails_at_first=fails_at_first)
    choice = replace(plan[0].spec.optimizer, name=f"recording-{fails_at_first}")
    jobs = [replace(job, optimizer=optimizer, spec=replace(job.spec, optimizer=choice)) for job in (plan[0], plan[0])]
    first, second = (run_job(job) for job in jobs)
    assert (first.status, second.status) == ("ok", "ok")
    assert first.digest == second.digest
    assert np.array_equal(starts[0], starts[1])
    assert not np.shares_memory(starts[0], starts[1])
