"""Learning curves: the median over seeds and the band between the quartiles, at each epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from optbench.analysis.grouping import final_runs
from optbench.core.metrics import DIAGNOSTICS, RECORDED
from optbench.core.numerics import Array
from optbench.core.specs import RunResult

DRAWN = tuple(name for name, metric in RECORDED.items() if metric.direction or name in DIAGNOSTICS)
"""The recorded metrics that are drawn as curves: losses, accuracies and diagnostics."""
COUNTS = tuple(name for name, metric in RECORDED.items() if metric.unit)
"""The recorded metrics that curves are drawn against, besides epochs and seconds."""
_NONE: Array = np.empty(0)


@dataclass(frozen=True)
class Band:
    """A metric at epochs 0, 1, ... over the seeds of a variant; infinite where most runs have no value or had diverged."""

    median: Array
    low: Array
    high: Array


@dataclass(frozen=True)
class Curves:
    """The curves of one variant.

    Attributes:
        axes: the median over seeds of the seconds and of each count in `COUNTS` until each epoch, where these were recorded.
        bands: median and quartiles of each metric in `DRAWN`.
    """

    axes: Mapping[str, Array]
    bands: Mapping[str, Band]


def curves(runs: Sequence[RunResult]) -> Curves | None:
    """Return the curves of one variant on one workload; None where no run has a final status.

    From its divergence on, a diverged run counts with what its metrics declare: the quality of always predicting the same, an
    infinite loss or norm. Otherwise the curve would show the surviving runs only. Metrics that were not recorded are infinite.
    """
    counted = final_runs(runs)
    if not counted:
        return None
    length = counted[0].spec.epochs + 1
    axes = {"seconds": [np.array(run.seconds) for run in counted]}
    axes |= {name: [run.curves[name] for run in counted] for name in COUNTS if all(name in run.curves for run in counted)}
    values: Array = np.array(
        [[_extended(run.curves.get(name, _NONE), length, _filling(run, name)) for run in counted] for name in DRAWN]
    )
    values.sort(axis=1)
    last = len(counted) - 1
    low, high = values[:, last // 4], values[:, -(-3 * last // 4)]  # the quartiles as values that occurred, as in `spread`
    median = (values[:, last // 2] + values[:, -(-last // 2)]) / 2
    return Curves(
        axes={name: np.median([_extended(one, length, one[-1]) for one in found], axis=0) for name, found in axes.items()},
        bands={name: Band(median[i], low[i], high[i]) for i, name in enumerate(DRAWN)},
    )


def _filling(run: RunResult, name: str) -> float:
    return run.worst if RECORDED[name].after_divergence == "worst" else np.inf


def _extended(values: Array, length: int, fill: float) -> Array:
    """Return `values` with `fill` in place of NaN and after the last one."""
    whole = np.full(length, fill)
    whole[: len(values)] = np.where(np.isnan(values), fill, values)
    return whole
