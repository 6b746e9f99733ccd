"""Fault in how the original chose: learning rates and epochs by the test rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from original_runs import Measured, highest_quality, lowest_loss, mean_of, quality
from original_text import accuracy, counted, listed, points, table


def best_rate(one: Measured, name: str) -> float:
    """Return the searched rate with the lowest median over the seeds of the lowest validation loss; infinite if diverged."""

    def objective(rate: float) -> float:
        return median(math.inf if run.status == "diverged" else lowest_loss(run) for run in one.runs(name, rate))

    return min(one.design.searched(name), key=objective)


@dataclass(frozen=True)
class Optimism:
    """What choosing by the test rows adds to the test accuracy of an optimizer, the mean over the original's seeds.

    Attributes:
        honest: the accuracy with learning rate and epoch chosen by the validation loss.
        by_epoch: what is added if the epoch is chosen by test accuracy, at the original's rate; for each seed.
        by_rate: if the rate is.
        by_both: if both are.
    """

    honest: float
    by_epoch: tuple[float, ...]
    by_rate: float
    by_both: float


def optimism(one: Measured, name: str) -> Optimism:
    """Return the optimism of an optimizer's test accuracy on a dataset and embedder."""
    rates = one.design.searched(name)
    honest = mean_of(quality, one.runs(name, best_rate(one, name)))
    return Optimism(
        honest,
        tuple(highest_quality(run) - quality(run) for run in one.runs(name)),
        max(mean_of(quality, one.runs(name, rate)) for rate in rates) - honest,
        max(mean_of(highest_quality, one.runs(name, rate)) for rate in rates) - honest,
    )


def tuned_on_test(measured: Sequence[Measured]) -> Iterator[str]:
    """Yield the section on choosing by the test rows."""
    found = {(one.name, name): optimism(one, name) for one in measured for name in one.design.rates}
    design = measured[0].design
    seeds = len(design.seeds)
    yield "### Tuned on test"
    yield ""
    yield (
        "The original tuned by the accuracy on its test rows. Here the epoch, the learning rate and both are chosen so, and "
        "compared with the choice by validation loss. Rates are those of the original times "
        f"{listed([f'{factor:g}' for factor in design.factors])}, and for gd also "
        f"{listed([f'{rate:g}' for rate in design.gd_rates])}. The columns with a sign are the optimism, how many points of "
        f"test accuracy the choice by test adds, mean of {counted(seeds, 'seed')}: for the epoch at the original's rate, for "
        "the rate and for both against the first column, where both are chosen by validation loss."
    )
    yield ""
    yield from table(
        (
            "data, embedder",
            "optimizer",
            "test accuracy, by validation",
            "epoch by test",
            "single seeds",
            "rate by test",
            "both",
        ),
        (
            (
                *place,
                accuracy(value.honest),
                points(fmean(value.by_epoch)),
                f"{points(min(value.by_epoch))} to {points(max(value.by_epoch))}",
                points(value.by_rate),
                points(value.by_both),
            )
            for place, value in found.items()
        ),
        texts=2,
    )
    epoch, rate, both = (
        [fmean(value.by_epoch) for value in found.values()],
        [value.by_rate for value in found.values()],
        [value.by_both for value in found.values()],
    )
    yield (
        f"**Effect of the correction:** the reported accuracy changes, on average over the rows, by {points(-fmean(epoch))} "
        f"points where the epoch was chosen by test, {points(-fmean(rate))} where the rate was and {points(-fmean(both))} "
        f"where both were; at most by {points(-max(epoch))}, {points(-max(rate))} and {points(-max(both))}. The correction is "
        "validation rows: optbench reads test accuracy at the epoch of the lowest validation loss, and tunes by that loss."
    )
    yield ""
