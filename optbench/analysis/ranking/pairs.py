"""All optimizers of a pool against each other: verdicts and rank intervals, within workloads and over all of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

import numpy as np

from optbench.analysis.paired_times import PairedTimes, paired_times
from optbench.analysis.ranking.pool import Pool
from optbench.analysis.statistics import Comparison, Verdict, compare_overall, compare_times, judge, rank_intervals
from optbench.core.plans import Plan, planned_seeds
from optbench.core.workload import Workload


@dataclass(frozen=True)
class Pair:
    """Two optimizers, compared over all workloads or on one."""

    a: str
    b: str
    comparison: Comparison
    verdict: Verdict


Paired: TypeAlias = Mapping[tuple[str, str], Mapping[Workload, PairedTimes]]
"""The times of each pair of optimizers on the workloads that both have results on."""


def paired(pool: Pool) -> Paired:
    """Return the times of all pairs, on all seeds that both have, whichever seeds others have."""
    return {
        (a, b): {
            workload: paired_times(pool.own[workload], entries[a].variant, entries[b].variant)
            for workload, entries in pool.entries.items()
            if a in entries and b in entries
        }
        for a, b in combinations(pool.names, 2)
    }


def overall_pairs(pool: Pool, times: Paired, plans: Sequence[Plan]) -> list[Pair]:
    """Return all pairs of optimizers that have results on every workload, compared over all workloads.

    Each pair is compared on the seeds that both have on every workload. The family is all of these pairs.
    """
    found = []
    for a, b in combinations(pool.complete, 2):
        own = times[a, b].values()
        seeds = sorted(set.intersection(*(set(one.seeds) for one in own)))
        places = [[one.seeds.index(seed) for seed in seeds] for one in own]
        times_a, times_b = (
            np.array([values[place] for values, place in zip(side, places, strict=True)])
            for side in ([one.a for one in own], [one.b for one in own])
        )
        groups = [entries[name].group for entries in pool.entries.values() for name in (a, b)]
        found.append((a, b, compare_overall(times_a, times_b, seeds, planned_seeds(plans, groups))))
    return _judged(found, len(found), margin=None)


def workload_pairs(pool: Pool, times: Paired, plans: Sequence[Plan]) -> dict[Workload, list[Pair]]:
    """Return all pairs of optimizers on each workload that both have results on; see `workload_family`."""
    places, compared = [], []
    for (a, b), own in times.items():
        for workload, one in own.items():
            entries = pool.entries[workload]
            planned = planned_seeds(plans, (entries[a].group, entries[b].group))
            places.append(workload)
            compared.append((a, b, compare_times(one.a, one.b, one.seeds, planned)))
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
