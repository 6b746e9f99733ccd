"""Curves over epochs and seconds: the median over seeds and the band between the quartiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optbench.analysis.grouping import final_runs
from optbench.core.metrics import DIAGNOSTICS
from optbench.core.numerics import Array
from optbench.core.specs import RunResult

METRICS = ("train_loss", "val_loss", "val_accuracy", "test_accuracy", *DIAGNOSTICS)
_NONE: Array = np.empty(0)


@dataclass(frozen=True)
class Band:
    """A metric at epochs 0, 1, ... over the seeds of one variant; infinite where most runs have none or had diverged."""

    median: Array
    low: Array
    high: Array


@dataclass(frozen=True)
class Curves:
    """All metrics of one variant, with the median seconds and gradient evaluations by which each epoch was done."""

    seconds: Array
    evaluations: Array
    bands: dict[str, Band]


def curves(runs: Sequence[RunResult]) -> Curves | None:
    """Return the curves of one variant on one task; None where no run ended.

    A run that diverged counts, from then on, with an infinite loss and the accuracy of the majority class: else the curve would
    show the survivors only. Diagnostics are infinite from then on, and in runs made before these were recorded.
    """
    counted = final_runs(runs)
    if not counted:
        return None
    length = counted[0].spec.epochs + 1
    return Curves(
        seconds=np.median([_extended(np.array(run.seconds), length, run.seconds[-1]) for run in counted], axis=0),
        evaluations=np.median(
            [_extended(run.curves["evaluations"], length, run.curves["evaluations"][-1]) for run in counted], axis=0
        ),
        bands={
            metric: _band([_extended(run.curves.get(metric, _NONE), length, _after_divergence(run, metric)) for run in counted])
            for metric in METRICS
        },
    )


def _after_divergence(run: RunResult, metric: str) -> float:
    return run.majority if metric.endswith("accuracy") else np.inf


def _extended(values: Array, length: int, fill: float) -> Array:
    whole = np.full(length, fill)
    whole[: len(values)] = np.where(np.isnan(values), fill, values)
    return whole


def _band(rows: list[Array]) -> Band:
    values = np.array(rows)
    return Band(
        np.median(values, axis=0),
        np.quantile(values, 0.25, axis=0, method="lower"),
        np.quantile(values, 0.75, axis=0, method="higher"),
    )
