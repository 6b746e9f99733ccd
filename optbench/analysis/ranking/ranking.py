"""The ranking of a pool of optimizers: every statistic, once, as values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from optbench.analysis.comparable import require_comparable
from optbench.analysis.ranking.leave_out import Moves, without_optimizers, without_workloads
from optbench.analysis.ranking.overall import OverallScores, overall_scores
from optbench.analysis.ranking.pairs import Pair, Paired, intervals, overall_pairs, paired, workload_family, workload_pairs
from optbench.analysis.ranking.places import Place, places_of
from optbench.analysis.ranking.pool import Grid, Pool, pool_of
from optbench.analysis.score_table import score_table
from optbench.analysis.sensitivity import GridWins, grid_wins
from optbench.analysis.statistics import Friedman, NotAvailable, friedman
from optbench.analysis.sweeps import without_sweeps
from optbench.core.datasets import without_split
from optbench.core.plans import Plan
from optbench.core.specs import RunResult
from optbench.core.targets import Target
from optbench.core.workload import Workload, workload_of


@dataclass(frozen=True)
class Overall:
    """The optimizers that have results on every workload.

    Attributes:
        names: these optimizers, sorted.
        pairs: each against each, over all workloads; the family is their number.
        ranks: the rank interval of each.
        grid: their times, on the seeds that all of them have.
        scores: IQM, profile and hits, from the grid.
        friedman: mean ranks over datasets.
        without_workload: how the order by the integral moves when one workload is left out.
        means_without_workload: the same for the IQM, from 10 seeds on.
        without_optimizer: how the order by the integral moves when one optimizer is left out.
    """

    names: tuple[str, ...]
    pairs: tuple[Pair, ...]
    ranks: Mapping[str, tuple[int, int]]
    grid: Grid | None
    scores: OverallScores | None
    friedman: Friedman | NotAvailable
    without_workload: Moves | None
    means_without_workload: Moves | None
    without_optimizer: Moves | None


@dataclass(frozen=True)
class Ranking:
    """A ranked pool.

    Attributes:
        track: of all runs.
        pool: the runs.
        overall: over all workloads.
        places: each optimizer on each workload that it has results on.
        pairs: each pair on each workload.
        family: the number of comparisons of all pairs on all workloads.
        wins: over the whole grid of learning rates.
    """

    track: str
    pool: Pool
    overall: Overall
    places: tuple[Place, ...]
    pairs: Mapping[Workload, Sequence[Pair]]
    family: int
    wins: GridWins | NotAvailable

    @property
    def partial(self) -> dict[str, list[str]]:
        """The optimizers left out of the overall part, with the workloads that they have no result on."""
        pool = self.pool
        lacking = {name: [pool.workloads[one] for one in pool.lacking(name)] for name in pool.names}
        return {name: workloads for name, workloads in lacking.items() if workloads}

    @property
    def provisional(self) -> list[str]:
        """The workloads whose target depends on the pool."""
        return [label for workload, label in self.pool.workloads.items() if self.pool.own[workload].frozen is None]


def rank(
    results: Iterable[RunResult],
    targets: Mapping[Workload, Target] = MappingProxyType({}),
    plans: Sequence[Plan] = (),
    swept: Iterable[RunResult] | None = None,
) -> Ranking:
    """Return the ranking of a pool.

    Args:
        results: the runs of the pool.
        targets: the frozen targets; workloads without one have a provisional target.
        plans: say which seeds each pair was planned with; without them only e-values can show a difference.
        swept: where sweeps of the learning rate are looked for, and then every optimizer in `results` is ranked. None looks in
            `results`, and ranks of each sweep the default alone.

    Raises:
        UsageError: the results are of several tracks, protocol versions, or states of one dataset.
    """
    found = list(results)
    require_comparable(found)
    workloads = {workload_of(run.spec) for run in found}
    everything = found if swept is None else [run for run in swept if workload_of(run.spec) in workloads]
    pool = pool_of(score_table(without_sweeps(found) if swept is None else found, targets))
    track = found[0].labels.track if found else "default"
    own = [plan for plan in plans if plan.track == track]
    times = paired(pool)
    pairs = workload_pairs(pool, times, own)
    return Ranking(
        track, pool, _overall(pool, times, own), places_of(pool, pairs), pairs, workload_family(pool), grid_wins(everything)
    )


def _overall(pool: Pool, times: Paired, plans: Sequence[Plan]) -> Overall:
    names = pool.complete
    pairs = overall_pairs(pool, times, plans)
    seeds = pool.seeds(names)
    if not seeds:
        reason = NotAvailable("no seed that all optimizers have on all workloads")
        return Overall(tuple(names), tuple(pairs), intervals(names, pairs), None, None, reason, None, None, None)
    grid = pool.grid(names, seeds)
    scores = overall_scores(pool, grid)
    enough = not isinstance(scores.means, NotAvailable)
    return Overall(
        tuple(names),
        tuple(pairs),
        intervals(names, pairs),
        grid,
        scores,
        friedman(np.median(grid.times, axis=2).T, [without_split(workload.dataset) for workload in pool.workloads]),
        without_workloads(grid, list(pool.workloads.values()), "integral"),
        without_workloads(grid, list(pool.workloads.values()), "iqm") if enough else None,
        without_optimizers(pool, grid),
    )
