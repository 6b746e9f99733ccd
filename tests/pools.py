"""Runs that reach a target of 0.5 at a chosen epoch; an epoch is two passes and a run takes six."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from test_analysis import result

from optbench.core.plans import Plan
from optbench.core.specs import RunResult
from optbench.core.targets import Target
from optbench.core.workload import Workload, group_of, workload_of

GOAL = Target(0.5, (0.9, 0.7))
NEVER = 9


def losses(hit: int) -> list[float]:
    """1 before the epoch `hit`, 0.5 from it on."""
    return [0.5 if epoch >= hit else 1.0 for epoch in range(4)]


def pool(hits: Mapping[str, Sequence[int]], seeds: Iterable[int] = range(8), **spec: Any) -> list[RunResult]:
    """Runs of each optimizer on the datasets w0, w1, ..., which hit the target at these epochs, whatever the seed."""
    return [
        result(name, seed, losses(hit), dataset=f"w{place}", **spec)
        for name, epochs in hits.items()
        for place, hit in enumerate(epochs)
        for seed in seeds
    ]


def frozen(runs: Iterable[RunResult]) -> dict[Workload, Target]:
    """The same target for every workload."""
    return {workload_of(run.spec): GOAL for run in runs}


def planned(runs: Sequence[RunResult]) -> list[Plan]:
    """One plan with all of these runs."""
    seeds = tuple(sorted({run.spec.seed for run in runs}))
    return [Plan("default", seeds, {group_of(run.spec): run.labels.optimizer for run in runs})]
