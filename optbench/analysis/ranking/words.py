"""What a ranking says beside its tables, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from optbench.analysis.grouping import seed_ranges
from optbench.analysis.ranking.leave_out import Moves
from optbench.analysis.ranking.pairs import against
from optbench.analysis.ranking.ranking import Ranking
from optbench.analysis.statistics import NotAvailable, fewest_seeds
from optbench.core.names import counted

MOST_NAMED = 4
"""Of a long list, so many are named."""


def sentences(ranking: Ranking, baseline: str | None = None) -> list[str]:
    """Return what is left out, what the numbers rest on, and how much the order depends on single workloads and optimizers.

    Args:
        ranking: the ranking.
        baseline: the optimizer that the others are compared with in one sentence; None for none.
    """
    return [*_left_out(ranking), *_verdicts(ranking, baseline), *_scores(ranking), *_order(ranking), *_targets(ranking)]


def _left_out(ranking: Ranking) -> Iterator[str]:
    pool = ranking.pool
    for name, workloads in ranking.partial.items():
        yield f"{name} is left out over all workloads: it has no result on {listed(workloads)}."
    if not ranking.overall.names:
        yield "No optimizer has results on all workloads, so that nothing can be said over all of them."
        return
    grid = ranking.overall.grid
    if grid is None:
        yield "The optimizers have no seed in common on all workloads: scores over all workloads are not available."
        return
    every = {seed for entries in pool.entries.values() for name in ranking.overall.names for seed in entries[name].times}
    if every != set(grid.seeds):
        yield (
            f"Scores over all workloads are computed on seeds {seed_ranges(grid.seeds)}, which all optimizers have on all "
            "workloads; each pair is compared on all seeds that both have."
        )


def _verdicts(ranking: Ranking, baseline: str | None) -> Iterator[str]:
    overall = ranking.overall
    family = len(overall.pairs)
    if len(ranking.pool.names) == 1:
        yield "There is one optimizer: it is compared with none."
    if baseline is not None and baseline not in overall.names:
        yield f"Nothing is said against {baseline} over all workloads, where it is left out."
    if not family:
        return
    if len(ranking.pool.workloads) == 1:
        yield "One workload: nothing is known about others."
    yield (
        f"Rank intervals hold together with 95 % probability, for these workloads: m = {counted(family, 'pair')} "
        f"over all workloads, m = {ranking.family:,} on single workloads."
    )
    most = max(pair.comparison.seeds for pair in overall.pairs)
    planned = all(not pair.comparison.added for pair in overall.pairs)
    if planned and most < (fewest := fewest_seeds(family)):
        few = f"{counted(most, 'seed')} cannot show a difference"
        yield f"With {counted(family, 'pair')}, {few}: the fewest that can are {fewest}."
    if baseline in overall.names:
        found = against(str(baseline), overall.pairs)
        parts = [f"{word}: {', '.join(names)}" for word, names in found.items() if names]
        yield f"Over all workloads, against {baseline}: {'; '.join(parts)}."


def _scores(ranking: Ranking) -> Iterator[str]:
    scores = ranking.overall.scores
    if scores is None:
        return
    if isinstance(scores.means, NotAvailable):
        yield f"No interquartile mean with an interval: {scores.means.reason}."
    elif any(mean.low is None for mean in scores.means):
        yield "An interquartile mean without an interval has no spread over seeds: nothing can be said about other seeds."
    wins = ranking.wins
    if isinstance(wins, NotAvailable):
        yield f"No wins over the grid of learning rates: {wins.reason}."


def _order(ranking: Ranking) -> Iterator[str]:
    overall = ranking.overall
    if overall.without_workload is not None:
        yield f"Without one workload, {_moved(overall.without_workload)}"
    if overall.without_optimizer is not None:
        yield f"Without one optimizer, {_moved(overall.without_optimizer)}"
    if isinstance(overall.friedman, NotAvailable):
        if overall.scores is not None:
            yield f"No Friedman test: {overall.friedman.reason}."
        return
    yield (
        f"Friedman's test over {overall.friedman.datasets} datasets: p = {overall.friedman.p:.2g}; mean ranks "
        "that differ by more than "
        f"{overall.friedman.critical_difference:.2f} are different at 5 %."
    )


def _moved(moves: Moves) -> str:
    if not moves.most:
        return "the order by the integral stays the same."
    who, what = moves.most
    places = counted(moves.furthest, "place")
    return f"the order by the integral moves by at most {places} ({who}, without {what})."


def _targets(ranking: Ranking) -> Iterator[str]:
    provisional, count = ranking.provisional, len(ranking.pool.workloads)
    if provisional:
        which = "all workloads" if len(provisional) == count else listed(provisional)
        yield f"Provisional target, depends on the pool: {which}. 'optbench targets' freezes targets."
    scores = ranking.overall.scores
    if scores is not None and 0 < len(scores.ladder) < count:
        yield f"The share of targets hit rests on the {len(scores.ladder)} of {count} workloads that have frozen ones."


def listed(names: Iterable[str]) -> str:
    """Return names with commas, the first four of a long list with the number of the others."""
    found: Sequence[str] = list(names)
    if len(found) <= MOST_NAMED + 1:
        return ", ".join(found)
    return f"{', '.join(found[:MOST_NAMED])} and {len(found) - MOST_NAMED} more"
