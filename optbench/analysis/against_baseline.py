"""Every variant against a baseline, on each workload: verdicts on the work to target, and rank intervals from all pairs."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

import numpy as np

from optbench.analysis.grouping import Variant
from optbench.analysis.labels import variant_labels
from optbench.analysis.paired_times import paired_times
from optbench.analysis.score_table import ScoreTable
from optbench.analysis.statistics import Comparison, Verdict, compare_times, judge, rank_intervals
from optbench.core.errors import UsageError, nearest, shown
from optbench.core.plans import Plan, planned_seeds
from optbench.core.workload import Workload, group_of

BASELINE = "adam"
"""The baseline where none is named."""


@dataclass(frozen=True)
class Standing:
    """Where a variant stands on a workload.

    Attributes:
        comparison: its work to target against the baseline's; None for the baseline, and where either has no result.
        verdict: of this comparison.
        ranks: the best and the worst rank that it may have; None where it has no result, or no other variant has one.
    """

    comparison: Comparison | None = None
    verdict: Verdict | None = None
    ranks: tuple[int, int] | None = None


@dataclass(frozen=True)
class Standings:
    """Where all variants stand.

    Attributes:
        baseline: the label of the baseline; empty where there is none.
        family: the number of comparisons with the baseline: (variants - 1) x workloads, whether all can be made or not.
        pairs: the number of comparisons behind the rank intervals: variants (variants - 1) / 2 x workloads.
        baselines: the variant that is the baseline, for the workloads on which it has a result.
        standings: by workload and variant.
    """

    baseline: str
    family: int
    pairs: int
    baselines: Mapping[Workload, Variant]
    standings: Mapping[Workload, Mapping[Variant, Standing]]


Place: TypeAlias = tuple[Workload, Variant, Variant]
"""A comparison of two variants, A and B, on a workload."""


def against_baseline(scored: ScoreTable, plans: Sequence[Plan] = (), baseline: str | None = None) -> Standings:
    """Return where every variant stands against a baseline, and its rank interval among all.

    Two variants are compared on all seeds that both have, whichever other variants were run. Both families are fixed here,
    whatever a page hides. Source: PROTOCOL 2, section 6.

    Args:
        scored: the scores.
        plans: say which seeds each pair was planned with; without them only e-values can show a difference.
        baseline: a variant's label; None for `BASELINE`, and no verdicts where it was not run.

    Raises:
        UsageError: a baseline that was named was not run.
    """
    labels = variant_labels(scored.runs())
    names = {labels[variant] for own in scored.workloads.values() for variant in own.runs}
    require_baseline(baseline, names)
    baseline = baseline or (BASELINE if BASELINE in names else "")
    ranked = {workload: [variant for variant in own.runs if own.scores[variant]] for workload, own in scored.workloads.items()}
    baselines = {workload: one for workload, variants in ranked.items() for one in variants if labels[one] == baseline}
    family = (len(names) - 1) * len(ranked) if baseline else 0
    pairs = math.comb(len(names), 2) * len(ranked)
    comparisons = _compared(scored, plans, [(w, one, b) for w, b in baselines.items() for one in ranked[w] if one != b])
    verdicts = dict(zip(comparisons, judge(list(comparisons.values()), family), strict=True))
    ranks = _ranks(ranked, _compared(scored, plans, [(w, *pair) for w in ranked for pair in combinations(ranked[w], 2)]), pairs)
    return Standings(
        baseline,
        family,
        pairs,
        baselines,
        {
            w: {
                one: Standing(
                    comparisons.get((w, one, baselines.get(w, one))),
                    verdicts.get((w, one, baselines.get(w, one))),
                    ranks.get((w, one)),
                )
                for one in own.runs
            }
            for w, own in scored.workloads.items()
        },
    )


def require_baseline(baseline: str | None, names: Collection[str]) -> None:
    """Raise UsageError where a baseline was named that is none of the optimizers."""
    if baseline is not None and baseline not in names:
        compared = f"it is none of the optimizers that are compared: {', '.join(sorted(names))}"
        raise UsageError(f"there is no baseline {shown(baseline)}{nearest(baseline, names)}; {compared}")


def _compared(scored: ScoreTable, plans: Sequence[Plan], places: Iterable[Place]) -> dict[Place, Comparison]:
    groups = {
        (workload, variant): group_of(next(iter(runs.values())).spec)
        for workload, own in scored.workloads.items()
        for variant, runs in own.runs.items()
    }
    found = {}
    for workload, a, b in places:
        times = paired_times(scored.workloads[workload], a, b)
        planned = planned_seeds(plans, (groups[workload, a], groups[workload, b]))
        found[workload, a, b] = compare_times(times.a, times.b, times.seeds, planned)
    return found


def _ranks(
    ranked: Mapping[Workload, Sequence[Variant]], comparisons: Mapping[Place, Comparison], family: int
) -> dict[tuple[Workload, Variant], tuple[int, int]]:
    """Return the rank interval of each variant on each workload that two or more have results on."""
    places = {workload: {variant: i for i, variant in enumerate(variants)} for workload, variants in ranked.items()}
    better = {workload: np.zeros((len(own), len(own)), bool) for workload, own in places.items()}
    verdicts = judge(list(comparisons.values()), family)
    for (workload, a, b), verdict in zip(comparisons, verdicts, strict=True):
        winner, loser = (a, b) if verdict.word == "better" else (b, a)
        better[workload][places[workload][winner], places[workload][loser]] = verdict.word in {"better", "worse"}
    return {
        (workload, variant): (int(low), int(high))
        for workload, variants in ranked.items()
        if len(variants) > 1
        for variant, (low, high) in zip(variants, rank_intervals(better[workload]), strict=True)
    }
