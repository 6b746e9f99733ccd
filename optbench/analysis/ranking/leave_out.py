"""How much the order of a pool depends on one of its workloads, or on one of its optimizers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from optbench.analysis.ranking.pool import Grid, Pool, passes_to
from optbench.analysis.statistics import budget_scores, interquartile_means, performance_ratios, profile_integral
from optbench.analysis.time_to_target import provisional_target
from optbench.core.numerics import Vector

Score = Literal["integral", "iqm"]
DECIMALS = 12
"""Scores that differ by rounding alone are tied."""


@dataclass(frozen=True)
class Moves:
    """By how many places optimizers move when one of several things is left out; up is negative.

    Attributes:
        low: the furthest that each moves up, by name; at most 0.
        high: the furthest that each moves down, at least 0.
        most: who moves furthest, and what is left out then; empty where nobody moves.
    """

    low: Mapping[str, int]
    high: Mapping[str, int]
    most: tuple[str, str] | tuple[()]

    @property
    def furthest(self) -> int:
        """The largest number of places that any optimizer moves by."""
        return max((*(-one for one in self.low.values()), *self.high.values()), default=0)


def without_workloads(grid: Grid, labels: Sequence[str], score: Score) -> Moves | None:
    """Return how the order by a score moves when each workload, by its label, is left out; None if there is one alone."""
    if len(labels) < 2:  # noqa: PLR2004 - without the only one nothing is left
        return None
    full = places(_scores(grid, score))
    changes = {}
    for left, label in enumerate(labels):
        kept = [i for i in range(len(labels)) if i != left]
        part = Grid(grid.names, grid.seeds, grid.times[:, kept], grid.budgets[kept])
        changes[label] = dict(zip(grid.names, (places(_scores(part, score)) - full).tolist(), strict=True))
    return _moves(grid.names, changes)


def without_optimizers(pool: Pool, grid: Grid) -> Moves | None:
    """Return how the order of the others by AlgoPerf's integral moves when each optimizer is left out.

    The integral compares with the best of the pool, which is another one then. Provisional targets are made anew without the
    optimizer. None for fewer than three optimizers, because the order of the others needs two of them.
    """
    if len(grid.names) < 3:  # noqa: PLR2004
        return None
    full = _scores(grid, "integral")
    changes = {}
    for left, name in enumerate(grid.names):
        kept = [i for i in range(len(grid.names)) if i != left]
        names = tuple(grid.names[i] for i in kept)
        times = grid.times[kept].copy()
        for place, goal in _other_targets(pool, name).items():
            entries = list(pool.entries.values())[place]
            fresh = [[passes_to(entries[one].runs[seed], goal) for seed in grid.seeds] for one in names]
            times[:, place] = np.where(np.array(fresh) > grid.budgets[place], np.inf, fresh)
        part = Grid(names, grid.seeds, times, grid.budgets)
        changes[name] = dict(zip(names, (places(_scores(part, "integral")) - places(full[kept])).tolist(), strict=True))
    return _moves(grid.names, changes)


def places(scores: Vector) -> npt.NDArray[np.int64]:
    """Return the place of each score, 1 for the highest; equal ones share the better place."""
    rounded = np.round(scores, DECIMALS)
    return np.asarray(1 + (rounded[None, :] > rounded[:, None]).sum(axis=1), np.int64)


def _scores(grid: Grid, score: Score) -> Vector:
    if score == "iqm":
        return interquartile_means(budget_scores(grid.times, grid.budgets))
    return profile_integral(performance_ratios(grid.times))


def _other_targets(pool: Pool, left: str) -> dict[int, float]:
    """Return the provisional targets that are others without an optimizer, by the place of the workload."""
    found = {}
    for place, (workload, entries) in enumerate(pool.entries.items()):
        own = pool.own[workload]
        if own.frozen is None:
            others = (variant for variant in own.runs if variant != entries[left].variant)
            goal = provisional_target(own.values("best_val_loss", variant) for variant in others)
            if goal != own.target:
                found[place] = goal
    return found


def _moves(names: Sequence[str], changes: Mapping[str, Mapping[str, int]]) -> Moves:
    low = {name: min((0, *(by_name[name] for by_name in changes.values() if name in by_name))) for name in names}
    high = {name: max((0, *(by_name[name] for by_name in changes.values() if name in by_name))) for name in names}
    _, who, what = max((abs(move), name, left) for left, by_name in changes.items() for name, move in by_name.items())
    return Moves(low, high, (who, what) if any(low.values()) or any(high.values()) else ())
