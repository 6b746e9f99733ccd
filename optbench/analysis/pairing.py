"""Compares two optimizers on every workload that both were run on, and over all of them."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from optbench.analysis.grouping import Variant, by_workload, variant_of
from optbench.analysis.labels import workload_labels
from optbench.analysis.opponents import Opponent
from optbench.analysis.pair_comparison import SECONDARY, OverallComparison, PairComparison, WorkloadComparison
from optbench.analysis.paired_times import PairedTimes, paired_times
from optbench.analysis.pairing_seeds import further_seeds, missing_runs
from optbench.analysis.score_table import WorkloadScores, score_table
from optbench.analysis.scores import spread
from optbench.analysis.statistics import Comparison, NotAvailable, Verdict, compare_overall, compare_times, judge
from optbench.core.plans import Plan, planned_seeds
from optbench.core.specs import FINAL, RunResult
from optbench.core.targets import Target
from optbench.core.workload import Workload, group_of, workload_of


@dataclass(frozen=True)
class _Place:
    """A and B on one workload."""

    workload: Workload
    scores: WorkloadScores
    times: PairedTimes
    groups: tuple[str, str]
    variants: tuple[Variant, Variant]
    runs: tuple[Mapping[int, RunResult], Mapping[int, RunResult]]
    planned: tuple[int, ...]


def compare_pair(
    results: Sequence[RunResult],
    a: Opponent,
    b: Opponent,
    targets: Mapping[Workload, Target],
    plans: Sequence[Plan],
    *,
    asked: Mapping[Workload, str] | None = None,
    seeds: Collection[int] | None = None,
) -> PairComparison:
    """Return the comparison of A and B on every workload that both were run on.

    Args:
        results: the runs of A and B, and those of other optimizers, from which a provisional target is made too. They are of
            one track, and `analysis.comparable.require_comparable` accepts those that are compared.
        a: one optimizer.
        b: another; both have runs on at least one workload.
        targets: the frozen targets.
        plans: those of the store.
        asked: the workloads that were asked for, with display names; they make the family. None for all that both were run on.
        seeds: use runs with these seeds only; None for all.

    Source: PROTOCOL 2, sections 5 and 6.
    """
    used = [run for run in results if seeds is None or run.spec.seed in seeds]
    labels = {**(asked or {}), **workload_labels(by_workload(used))}
    both = a.variants.keys() & b.variants.keys()
    places = list(_places(used, (a, b), targets, plans))
    family = len(both) if asked is None else len(both | asked.keys())
    compared = [compare_times(one.times.a, one.times.b, one.times.seeds, one.planned) for one in places]
    workloads = tuple(
        _workload(place, labels[place.workload], comparison, verdict)
        for place, comparison, verdict in zip(places, compared, judge(compared, family), strict=True)
    )
    overall = _overall(places, plans)
    return PairComparison(
        a.label,
        b.label,
        next((run.labels.track for run in used), "default"),
        family,
        workloads,
        overall,
        tuple(missing_runs(used, (a, b), plans, labels, both | (asked or {}).keys(), only=seeds)),
        further_seeds(workloads, overall),
    )


def _places(
    results: Iterable[RunResult],
    pair: tuple[Opponent, Opponent],
    targets: Mapping[Workload, Target],
    plans: Sequence[Plan],
) -> Iterator[_Place]:
    a, b = pair
    both = a.variants.keys() & b.variants.keys()
    # The runs of other optimizers are scored only where a provisional target is made from them.
    pool = [
        run
        for run in results
        if (w := workload_of(run.spec)) in both and (w not in targets or variant_of(run) in {a.variants[w], b.variants[w]})
    ]
    for workload, own in score_table(pool, targets).workloads.items():
        one, two = a.variants[workload], b.variants[workload]
        runs = own.runs.get(one, {}), own.runs.get(two, {})
        if runs[0] and runs[1]:
            groups = tuple(group_of(next(iter(of_variant.values())).spec) for of_variant in runs)
            yield _Place(
                workload,
                own,
                paired_times(own, one, two),
                (groups[0], groups[1]),
                (one, two),
                runs,
                planned_seeds(plans, groups),
            )


def _workload(place: _Place, label: str, comparison: Comparison, verdict: Verdict) -> WorkloadComparison:
    seeds, (of_a, of_b), own = place.times.seeds, place.runs, place.scores
    compared = [[runs[seed] for seed in seeds] for runs in (of_a, of_b)]
    diverged = [sum(run.status == "diverged" for run in runs) for runs in compared]
    scores = [[own.scores[variant][seed] for seed in seeds] for variant in place.variants]
    return WorkloadComparison(
        place.workload,
        label,
        own.target if math.isfinite(own.target) else None,
        own.frozen is not None,
        next((run.quality for run in (*of_a.values(), *of_b.values()) if run.status in FINAL), "accuracy"),
        seeds,
        place.planned,
        comparison,
        verdict,
        (diverged[0], diverged[1]),
        {name: (_median(scores[0], name), _median(scores[1], name)) for name in SECONDARY},
        place.variants,
    )


def _median(scores: Iterable[Mapping[str, float]], name: str) -> float | None:
    median = spread([one[name] for one in scores]).median
    return None if math.isnan(median) else median


def _overall(places: Sequence[_Place], plans: Sequence[Plan]) -> OverallComparison | NotAvailable:
    if len(places) < 2:  # noqa: PLR2004  # over one workload
        return NotAvailable("there is one workload only")
    common = set.intersection(*(set(place.times.seeds) for place in places))
    if not common:
        return NotAvailable("no seed is common to all workloads")
    seeds = tuple(sorted(common))
    planned = planned_seeds(plans, [group for place in places for group in place.groups])
    times_a = [[dict(zip(place.times.seeds, place.times.a, strict=True))[seed] for seed in seeds] for place in places]
    times_b = [[dict(zip(place.times.seeds, place.times.b, strict=True))[seed] for seed in seeds] for place in places]
    comparison = compare_overall(times_a, times_b, seeds, planned)
    return OverallComparison(seeds, planned, comparison, judge([comparison], 1, margin=None)[0])
