"""Time to target: when the validation loss of a run was first at or below its workload's target."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from optbench.core.numerics import Array
from optbench.core.specs import RunResult

TARGET_MARGIN = 1.05
"""A workload's target is this times the lowest median, over its variants, of the best validation loss."""


def target(best_losses: Iterable[Sequence[float]]) -> float:
    """Return the target of a workload, from the best validation losses of each variant's runs; NaN where there are none."""
    medians = [float(np.median(losses)) for losses in best_losses if losses]
    return TARGET_MARGIN * min(medians) if medians else math.nan


@dataclass(frozen=True)
class TimeToTarget:
    """The first evaluation at or below the target, in four units: infinite if there was none, NaN if the unit is unknown."""

    epochs: float
    passes: float
    evaluations: float
    seconds: float


def time_to_target(result: RunResult, goal: float) -> TimeToTarget:
    """Return when the validation loss was first at most `goal`; runs stored by earlier versions have no passes."""
    reached = np.flatnonzero(result.curves["val_loss"] <= goal)
    epoch = int(reached[0]) if result.status != "diverged" and reached.size else None

    def at(values: Sequence[float] | Array | None) -> float:
        if values is None:
            return math.nan
        return math.inf if epoch is None else float(values[epoch])

    passes, evaluations = result.curves.get("passes"), result.curves.get("evaluations")
    return TimeToTarget(at(range(len(result.seconds))), at(passes), at(evaluations), at(result.seconds))
