"""Fault in how the original compared: means without intervals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean, stdev

import numpy as np
from original_runs import Measured, last_quality, mean_of
from original_text import accuracy, counted, interval, places, points, table

from optbench.analysis.score_table import score_table
from optbench.analysis.statistics import (
    ACCURACY_MARGIN,
    TIME_MARGIN,
    Comparison,
    Interval,
    Verdict,
    compare_differences,
    compare_times,
    fewest_seeds,
    judge,
    rank_intervals,
)


@dataclass(frozen=True)
class Family:
    """The comparisons of all pairs of optimizers on every dataset and embedder, by one score and one set of seeds."""

    comparisons: dict[tuple[str, str, str], Comparison]
    verdicts: dict[tuple[str, str, str], Verdict]

    def ranks(self, one: Measured) -> list[str]:
        """Return the rank interval of each optimizer."""
        names = list(one.design.rates)
        better = np.zeros((len(names), len(names)), bool)
        for i, j in combinations(range(len(names)), 2):
            word = self.verdicts[one.name, names[i], names[j]].word
            better[i, j], better[j, i] = word == "better", word == "worse"
        return [interval(int(first), int(last)) for first, last in rank_intervals(better)]

    def counts(self) -> str:
        """Return how many pairs have which verdict."""
        found = Counter("different" if one.word in {"better", "worse"} else one.word for one in self.verdicts.values())
        return ", ".join(f"{found[word]} {word}" for word in ("different", "equivalent", "undecided"))


def by_accuracy(measured: Sequence[Measured], seeds: Sequence[int]) -> Family:
    """Compare test accuracies after the last epoch, which the original compared."""

    def compare(one: Measured, a: str, b: str) -> Comparison:
        qualities = [np.array([last_quality(run) for run in one.runs(name, seeds=seeds)]) for name in (a, b)]
        return compare_differences(qualities[1] - qualities[0], seeds, seeds)

    return _family(measured, compare, ACCURACY_MARGIN)


def by_work(measured: Sequence[Measured], seeds: Sequence[int]) -> Family:
    """Compare passes to the target in validation loss: the frozen one where there is one, else a provisional one."""
    passes = {}
    for one in measured:
        [scored] = score_table(one.at_own_rates(), one.targets).workloads.values()
        for variant, by_seed in scored.scores.items():
            name = next(iter(scored.runs[variant].values())).spec.optimizer.name
            passes[one.name, name] = [by_seed[seed]["passes_to_target"] for seed in seeds]

    def compare(one: Measured, a: str, b: str) -> Comparison:
        return compare_times(passes[one.name, a], passes[one.name, b], seeds, seeds)

    return _family(measured, compare, TIME_MARGIN)


def _family(measured: Sequence[Measured], compare: Callable[[Measured, str, str], Comparison], margin: float) -> Family:
    comparisons = {(one.name, a, b): compare(one, a, b) for one in measured for a, b in combinations(one.design.rates, 2)}
    verdicts = judge(list(comparisons.values()), len(comparisons), margin)
    return Family(comparisons, dict(zip(comparisons, verdicts, strict=True)))


def means_only(measured: Sequence[Measured]) -> Iterator[str]:
    """Yield the section on means without intervals."""
    design = measured[0].design
    few, many, work = (
        by_accuracy(measured, design.seeds),
        by_accuracy(measured, design.all_seeds),
        by_work(measured, design.all_seeds),
    )
    pairs, n, total = len(few.verdicts), len(design.seeds), len(design.all_seeds)
    yield "### Means only"
    yield ""
    yield (
        f"The original ranked by the mean of {counted(n, 'seed')}. Here is that ranking of the test accuracy after the last "
        "epoch, and beside it the places that an optimizer may have once only differences count that are sure: the interval of "
        f"the paired difference excludes 0, and Wilcoxon's test adjusted by Holm over all {counted(pairs, 'comparison')} of "
        f"this page says so. The {counted(n, 'seed')} are the original's; {len(design.more_seeds)} more are fixed in the "
        f"command, {total} in all. The last column is by optbench's primary endpoint instead, passes to a target in validation "
        f"loss: frozen for {sum(bool(one.targets) for one in measured)} of the {len(measured)} data and embedders, otherwise "
        "provisional, 1.05 times the lowest median of these optimizers."
    )
    yield ""
    heads = ("data, embedder", "optimizer", "mean", "standard deviation", "place by mean")
    yield from table(
        (*heads, f"places, {n} seeds", f"places, {total} seeds", f"by work to target, {total} seeds"),
        (row for one in measured for row in _ranking(one, few, many, work)),
        texts=2,
    )
    yield "The verdict on the first of each ranking by means against the second, whose difference is the ranking's claim:"
    yield ""
    yield from table(
        ("data, embedder", "first and second by mean", "lead", f"{n} seeds", f"{total} seeds", "median lead and interval"),
        (_claim(one, few, many) for one in measured),
        texts=2,
    )
    yield (
        f"**Effect of the correction:** the means order {sum(map(_ordered, measured))} of {counted(pairs, 'pair')}. The "
        f"verdicts on the same accuracies are {few.counts()} with {n} seeds and {many.counts()} with {total}; on work to the "
        f"target, with {total} seeds, {work.counts()}. For so many comparisons {fewest_seeds(pairs)} is the smallest number of "
        "seeds with which any difference can be sure."
    )
    yield ""


def _ranking(one: Measured, *families: Family) -> Iterator[tuple[str, ...]]:
    qualities = {name: [last_quality(run) for run in one.runs(name)] for name in one.design.rates}
    means = [fmean(values) for values in qualities.values()]
    columns = [places(means, lower=False), *(family.ranks(one) for family in families)]
    for (name, values), mean, *ranks in zip(qualities.items(), means, *columns, strict=True):
        yield one.name, name, accuracy(mean), accuracy(stdev(values)) if len(values) > 1 else "one seed", *ranks


def _ordered(one: Measured) -> int:
    """Return how many pairs of optimizers have different means."""
    means = [mean_of(last_quality, one.runs(name)) for name in one.design.rates]
    return sum(a != b for a, b in combinations(means, 2))


def _claim(one: Measured, few: Family, many: Family) -> tuple[str, ...]:
    means = {name: mean_of(last_quality, one.runs(name)) for name in one.design.rates}
    first, second = sorted(means, key=lambda name: -means[name])[:2]
    names = list(one.design.rates)
    a, b = sorted((first, second), key=names.index)
    sign = 1 if a == first else -1
    swapped = {"better": "worse", "worse": "better"}

    def words(verdict: Verdict) -> str:
        return verdict.text if sign == 1 else verdict.text.replace(verdict.word, swapped.get(verdict.word, verdict.word))

    effect = many.comparisons[one.name, a, b].effect
    ends = "no interval"
    if isinstance(effect.interval, Interval):
        low, high = sorted((-sign * effect.interval.low, -sign * effect.interval.high))
        ends = f"{points(low)} to {points(high)} ({100 * effect.interval.coverage:.1f} %)"
    middle = f"{points(-sign * effect.median)}, " if isinstance(effect.median, float) else ""
    return (
        one.name,
        f"{first}, {second}",
        points(means[first] - means[second]),
        words(few.verdicts[one.name, a, b]),
        words(many.verdicts[one.name, a, b]),
        f"{middle}{ends}",
    )
