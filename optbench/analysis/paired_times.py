"""Times to target of two variants on the seeds that both were run with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optbench.analysis.grouping import Variant
from optbench.analysis.score_table import WorkloadScores
from optbench.core.numerics import Vector
from optbench.core.specs import RunResult


@dataclass(frozen=True)
class PairedTimes:
    """Passes to the target of A and B by seed.

    Attributes:
        seeds: those that both have a time for, in increasing order.
        a: shape (seeds,), infinity for a miss.
        b: the same for B.
    """

    seeds: tuple[int, ...]
    a: Vector
    b: Vector


def paired_times(own: WorkloadScores, a: Variant, b: Variant) -> PairedTimes:
    """Return the passes to target of two variants on a workload, on all seeds that both have.

    They do not depend on which other variants were run. A time beyond the smaller budget of the two runs is a miss for both,
    or the one that may run longer would have more chances. Runs without a final status, and those of earlier versions that did
    not record passes, have no time. Source: PROTOCOL 2, section 5.
    """
    scores_a, scores_b = own.scores[a], own.scores[b]
    found = []
    for seed in sorted(scores_a.keys() & scores_b.keys()):
        times = scores_a[seed]["passes_to_target"], scores_b[seed]["passes_to_target"]
        if not np.isnan(times).any():
            found.append((seed, *times, min(planned_passes(own.runs[a][seed]), planned_passes(own.runs[b][seed]))))
    seeds, times_a, times_b, budgets = zip(*found, strict=True) if found else ((), (), (), ())
    limits = np.array(budgets)
    return PairedTimes(seeds, *(np.where(times > limits, np.inf, times) for times in map(np.array, (times_a, times_b))))


def planned_passes(run: RunResult) -> float:
    """Return the passes that a run takes, or would have taken: one per epoch where it diverged, the fewest of any method."""
    passes = run.curves.get("passes")
    return float(run.spec.epochs if run.status == "diverged" or passes is None else passes[-1])
