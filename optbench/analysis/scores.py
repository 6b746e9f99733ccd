"""The scores of a run: one function for each metric of `core.metrics.SCORES`. Divergence counts; it is not dropped."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from optbench.analysis.time_to_target import time_to_target
from optbench.core.metrics import SCORES
from optbench.core.specs import RunResult


@dataclass(frozen=True)
class Spread:
    """The median over seeds, and the quartiles as values that occurred."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Return the spread of the values that are known, infinity among them; NaN where there are none."""
    known = sorted(value for value in values if not math.isnan(value))
    if not known:
        return Spread(math.nan, math.nan, math.nan)
    last = len(known) - 1
    return Spread(median(known), low=known[last // 4], high=known[-(-3 * last // 4)])


def score(name: str, result: RunResult, target: float) -> float:
    """Return a metric of `SCORES` for a run with a final status.

    Args:
        name: the metric.
        result: the run, whose status is `ok` or `diverged`. One that diverged counts with what the metric declares.
        target: the workload's target for the validation loss.

    Returns:
        The value; infinity for a target that was not reached, NaN for what was not recorded.
    """
    diverged = SCORES[name].after_divergence if result.status == "diverged" else ""
    if diverged == "worst":
        return result.worst
    if diverged == "first":
        result = replace(result, curves={curve: values[:1] for curve, values in result.curves.items()})
    value = float(_COMPUTED[name](result, target))
    return math.inf if diverged == "infinite" and not math.isnan(value) else value


def scores(result: RunResult, target: float) -> dict[str, float]:
    """Return all metrics of `SCORES` for a run; see `score`."""
    return {name: score(name, result, target) for name in SCORES}


def best_epoch(result: RunResult) -> int:
    """Return the epoch of the lowest validation loss, the first one of equals."""
    losses = result.curves["val_loss"]
    return 0 if np.isnan(losses).all() else int(np.nanargmin(losses))


def _known(value: float | None) -> float:
    return math.nan if value is None else float(value)


_COMPUTED: Mapping[str, Callable[[RunResult, float], float]] = {
    "test_quality": lambda run, _: run.curves["test_quality"][best_epoch(run)],
    "last_test_quality": lambda run, _: run.curves["test_quality"][-1],
    "best_val_loss": lambda run, _: run.curves["val_loss"][best_epoch(run)],
    "last_train_loss": lambda run, _: run.curves["train_loss"][-1],
    "epochs_to_target": lambda run, target: time_to_target(run, target).epochs,
    "passes_to_target": lambda run, target: time_to_target(run, target).passes,
    "evaluations_to_target": lambda run, target: time_to_target(run, target).evaluations,
    "seconds_to_target": lambda run, target: time_to_target(run, target).seconds,
    "seconds": lambda run, _: run.seconds[-1],
    "update_cost": lambda run, _: _known(run.measured.cost),
    "update_cost_90": lambda run, _: _known(run.measured.cost_90),
    "state_bytes": lambda run, _: _known(run.measured.state_bytes),
    "scratch_bytes": lambda run, _: _known(run.measured.scratch_bytes),
}
