"""All optimizers of a pool against each other: verdicts and rank intervals, within workloads and over all of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from optbench.analysis.ranking.pool import Entry, Pool
from optbench.analysis.statistics import Comparison, Verdict, compare_overall, compare_times, judge, rank_intervals
from optbench.core.numerics import Array
from optbench.core.plans import Plan, planned_seeds
from optbench.core.workload import Workload


@dataclass(frozen=True)
class Pair:
    """Two optimizers, compared over all workloads or on one."""

    a: str
    b: str
    comparison: Comparison
    verdict: Verdict


def overall_pairs(pool: Pool, names: Sequence[str], plans: Sequence[Plan]) -> list[Pair]:
    """Return all pairs of optimizers that have results on every workload, compared over all workloads.

    Each pair is compared on all seeds that both have everywhere, whichever seeds others have. The family is all of these pairs.
    """
    found = []
    for a, b in combinations(names, 2):
        seeds = pool.seeds((a, b))
        own = [_paired(entries[a], entries[b], seeds) for entries in pool.entries.values()]
        times_a, times_b = (np.array([both[i] for both in own]) for i in (0, 1))
        groups = [entries[name].group for entries in pool.entries.values() for name in (a, b)]
        found.append((a, b, compare_overall(times_a, times_b, seeds, planned_seeds(plans, groups))))
    return _judged(found, len(found), margin=None)


def workload_pairs(pool: Pool, plans: Sequence[Plan]) -> dict[Workload, list[Pair]]:
    """Return all pairs of optimizers on each workload that both have results on; see `workload_family`."""
    places, compared = [], []
    for workload, entries in pool.entries.items():
        for a, b in combinations(entries, 2):
            one, two = entries[a], entries[b]
            seeds = tuple(sorted(one.times.keys() & two.times.keys()))
            times_a, times_b = _paired(one, two, seeds)
            planned = planned_seeds(plans, (one.group, two.group))
            places.append(workload)
            compared.append((a, b, compare_times(times_a, times_b, seeds, planned)))
    found: dict[Workload, list[Pair]] = {workload: [] for workload in pool.entries}
    for workload, pair in zip(places, _judged(compared, workload_family(pool)), strict=True):
        found[workload].append(pair)
    return found


def workload_family(pool: Pool) -> int:
    """Return the number of comparisons of all pairs on all workloads, whether all of them can be made or not."""
    return math.comb(len(pool.names), 2) * len(pool.entries)


def intervals(names: Sequence[str], pairs: Iterable[Pair]) -> dict[str, tuple[int, int]]:
    """Return the best and the worst rank that each optimizer may have among these."""
    place = {name: i for i, name in enumerate(names)}
    better = np.zeros((len(names), len(names)), bool)
    for pair in pairs:
        if pair.verdict.word == "better":
            better[place[pair.a], place[pair.b]] = True
        elif pair.verdict.word == "worse":
            better[place[pair.b], place[pair.a]] = True
    return {name: (int(low), int(high)) for name, (low, high) in zip(names, rank_intervals(better), strict=True)}


def against(baseline: str, pairs: Iterable[Pair]) -> Mapping[str, list[str]]:
    """Return the other optimizers by what they are against the baseline: better, worse, equivalent or undecided."""
    found: dict[str, list[str]] = {"better": [], "equivalent": [], "undecided": [], "worse": []}
    turned = {"better": "worse", "worse": "better"}
    for pair in pairs:
        word = pair.verdict.word
        if pair.b == baseline:
            found[word].append(pair.a)
        elif pair.a == baseline:
            found[turned.get(word, word)].append(pair.b)
    return found


def _judged(compared: Sequence[tuple[str, str, Comparison]], family: int, **margin: float | None) -> list[Pair]:
    verdicts = judge([comparison for *_, comparison in compared], family, **margin)
    return [Pair(*one, verdict) for one, verdict in zip(compared, verdicts, strict=True)]


def _paired(a: Entry, b: Entry, seeds: Sequence[int]) -> tuple[Array, Array]:
    """Return the times of both; one beyond the smaller budget is a miss for both."""
    limits = np.array([min(a.budgets[seed], b.budgets[seed]) for seed in seeds])
    times = (np.array([one.times[seed] for seed in seeds]) for one in (a, b))
    first, second = (np.where(own > limits, np.inf, own) for own in times)
    return first, second
