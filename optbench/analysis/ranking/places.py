"""Each optimizer on each workload: rank interval, median time, average running time, misses and divergence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from optbench.analysis.ranking.pairs import Pair, intervals
from optbench.analysis.ranking.pool import Entry, Pool
from optbench.analysis.statistics import average_running_time
from optbench.core.workload import Workload


@dataclass(frozen=True)
class Place:
    """An optimizer on a workload, from all of its seeds.

    Attributes:
        workload: display name.
        name: of the optimizer.
        ranks: the best and the worst rank that it may have.
        seeds: those that it has a result with.
        median: of the passes to the target; infinite if one of the middle two missed.
        running_time: COCO's aRT in passes; infinite without a hit.
        reached: how many runs reached the target.
        diverged: how many runs diverged.
    """

    workload: str
    name: str
    ranks: tuple[int, int]
    seeds: tuple[int, ...]
    median: float
    running_time: float
    reached: int
    diverged: int


def places_of(pool: Pool, pairs: Mapping[Workload, Sequence[Pair]]) -> tuple[Place, ...]:
    """Return the place of each optimizer on each workload, by workload and name."""
    return tuple(
        _place(pool.workloads[workload], name, entry, ranks[name])
        for workload, entries in pool.entries.items()
        for ranks in [intervals(list(entries), pairs[workload])]
        for name, entry in entries.items()
    )


def _place(workload: str, name: str, entry: Entry, ranks: tuple[int, int]) -> Place:
    times, budgets = np.array(list(entry.times.values())), np.array(list(entry.budgets.values()))
    ends = np.array([run.curves["passes"][-1] for run in entry.runs.values()])  # less than the budget if it diverged
    return Place(
        workload,
        name,
        ranks,
        tuple(sorted(entry.times)),
        float(np.median(times)),
        float(average_running_time(times, np.minimum(ends, budgets))),
        int(np.isfinite(times).sum()),
        sum(run.status == "diverged" for run in entry.runs.values()),
    )
