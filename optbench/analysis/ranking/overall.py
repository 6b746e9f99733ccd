"""Scores of each optimizer over all workloads: IQM, performance profile, AlgoPerf's integral, hits of targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from optbench.analysis.ranking.pool import Grid, Pool, passes_to
from optbench.analysis.statistics import (
    Iqm,
    NotAvailable,
    budget_scores,
    interquartile_means,
    iqm,
    performance_profile,
    performance_ratios,
    profile_integral,
    running_time_distribution,
)
from optbench.core.numerics import Array, Vector
from optbench.core.seeding import stream

TAUS = (1.0, 1.5, 2.0, 4.0)
"""The factors of the best time for which the performance profile is shown."""
SHARES = (0.1, 0.25, 0.5, 1.0)
"""The shares of the budget for which the distribution of running times is shown."""


@dataclass(frozen=True)
class OverallScores:
    """Scores over all workloads, on the seeds that all optimizers have; the first axis is the optimizer.

    Attributes:
        scores: shape (k, workloads, seeds), 1 - t / budget.
        by_seed: shape (k, seeds), the interquartile mean over workloads of each seed alone.
        means: the IQM with intervals.
        profile: shape (k, taus), the share of workloads within `TAUS` of the best.
        integral: shape (k,), AlgoPerf's score.
        ladder: the workloads with frozen targets beside the one that decides.
        hits: shape (k, shares), the share of the targets of these that was hit within `SHARES` of the budget; None where no
            workload has any.
    """

    scores: Array
    by_seed: Array
    means: list[Iqm] | NotAvailable
    profile: Array
    integral: Vector
    ladder: tuple[str, ...]
    hits: Array | None


def overall_scores(pool: Pool, grid: Grid) -> OverallScores:
    """Return the scores of the optimizers of a grid, which has at least one workload and seed."""
    scores = budget_scores(grid.times, grid.budgets)
    ratios = performance_ratios(grid.times)
    seeds = range(scores.shape[2])
    by_target = _times_to_ladders(pool, grid)
    return OverallScores(
        scores,
        np.stack([interquartile_means(scores[:, :, [seed]]) for seed in seeds], axis=1),
        iqm(scores, stream(0, "bootstrap")),
        performance_profile(ratios, TAUS),
        profile_integral(ratios),
        tuple(by_target),
        np.stack([_hits(by_target, place) for place in range(len(grid.names))]) if by_target else None,
    )


def _hits(by_target: Mapping[str, Array], place: int) -> Vector:
    return running_time_distribution(np.concatenate([times[place].ravel() for times in by_target.values()]), SHARES)


def _times_to_ladders(pool: Pool, grid: Grid) -> dict[str, Array]:
    """Return by workload, as shares of the budget, the times to all of its frozen targets: shape (k, targets, seeds)."""
    found = {}
    for (workload, entries), budget in zip(pool.entries.items(), grid.budgets, strict=True):
        frozen = pool.own[workload].frozen
        if frozen is None or not frozen.ladder:
            continue
        losses = sorted({*frozen.ladder, frozen.loss}, reverse=True)
        times = [[[passes_to(entries[name].runs[seed], loss) for seed in grid.seeds] for loss in losses] for name in grid.names]
        found[pool.workloads[workload]] = np.array(times) / budget
    return found
