"""What a run is worth: divergence counted, not dropped, and time to a target."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from optbench.analysis.grouping import final_runs
from optbench.core.specs import RunResult

TARGET_MARGIN = 1.05
"""The target of a task is this times the lowest median best validation loss of the variants that were run."""


@dataclass(frozen=True)
class Spread:
    """The median over seeds, and the quartiles as values that occurred."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Return the spread of some values, infinity among them; NaN where there is none."""
    if not values:
        return Spread(math.nan, math.nan, math.nan)
    low, high = np.quantile(values, 0.25, method="lower"), np.quantile(values, 0.75, method="higher")
    return Spread(float(np.median(values)), float(low), float(high))


def final_accuracy(result: RunResult) -> float:
    """Return the test accuracy after the last epoch; the majority class's rate for a run that diverged."""
    return result.majority if result.status == "diverged" else float(result.curves["test_accuracy"][-1])


def final_loss(result: RunResult, curve: str) -> float:
    """Return the loss after the last epoch; the first loss for a run that diverged."""
    losses = result.curves[curve]
    return float(losses[0] if result.status == "diverged" else losses[-1])


def best_loss(result: RunResult) -> float:
    """Return the lowest validation loss of any epoch; the first loss for a run that diverged."""
    losses = result.curves["val_loss"]
    return float(losses[0] if result.status == "diverged" else losses.min())


def target(variants: Mapping[str, Sequence[RunResult]]) -> float:
    """Return a task's target for the validation loss; NaN where no run ended."""
    medians = [float(np.median([best_loss(r) for r in final_runs(runs)])) for runs in variants.values() if final_runs(runs)]
    return TARGET_MARGIN * min(medians) if medians else math.nan


@dataclass(frozen=True)
class TimeToTarget:
    """When a run first reached the target; infinity for one that never did, or diverged."""

    epochs: float = math.inf
    seconds: float = math.inf
    evaluations: float = math.inf


def time_to_target(result: RunResult, goal: float) -> TimeToTarget:
    """Return when the validation loss was first at most `goal`."""
    reached = np.flatnonzero(result.curves["val_loss"] <= goal)
    if result.status == "diverged" or not reached.size:
        return TimeToTarget()
    epoch = int(reached[0])
    return TimeToTarget(float(epoch), result.seconds[epoch], float(result.curves["evaluations"][epoch]))
