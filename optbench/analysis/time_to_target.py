"""Time to target: when the validation loss of a run first crossed its workload's target."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from optbench.analysis.statistics.crossing import crossing
from optbench.core.numerics import Array
from optbench.core.specs import RunResult

TARGET_MARGIN = 1.05
"""A provisional target is this times the lowest median, over the variants of the workload, of the best validation loss."""


def provisional_target(best_losses: Iterable[Sequence[float]]) -> float:
    """Return the provisional target of a workload that has no frozen one; NaN where there are no losses.

    Args:
        best_losses: the best validation losses of each variant's runs.
    """
    medians = [float(np.median(losses)) for losses in best_losses if losses]
    return TARGET_MARGIN * min(medians) if medians else math.nan


@dataclass(frozen=True)
class TimeToTarget:
    """The first crossing of the target, in four units: infinite if there was none, NaN if the unit is unknown."""

    epochs: float
    passes: float
    evaluations: float
    seconds: float


def time_to_target(result: RunResult, goal: float) -> TimeToTarget:
    """Return when the validation loss first crossed `goal`, interpolated between the two evaluations around it.

    A run that diverged did not reach it. Runs stored by earlier versions have no passes. Source: PROTOCOL 2, section 5.
    """

    def at(values: Sequence[float] | Array | None) -> float:
        if values is None:
            return math.nan
        if result.status == "diverged" or not math.isfinite(goal):
            return math.inf
        return crossing(np.asarray(values, np.float64), result.curves["val_loss"], goal)

    passes, evaluations = result.curves.get("passes"), result.curves.get("evaluations")
    return TimeToTarget(at(range(len(result.seconds))), at(passes), at(evaluations), at(result.seconds))
