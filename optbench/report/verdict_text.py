"""How work to target is written: targets, verdicts, effects, rank intervals, and what could not be shown."""

from __future__ import annotations

import math

from optbench.analysis.benchmark import Benchmark
from optbench.analysis.statistics import Comparison, Interval, NotAvailable, fewest_seeds, seeds_still_needed
from optbench.analysis.statistics.verdict import ALPHA
from optbench.analysis.statistics.words import SAME
from optbench.analysis.tables import TableRow, WorkloadTable
from optbench.analysis.time_to_target import TARGET_MARGIN
from optbench.report.numbers import number, significant

EXPLORATORY = (
    "Everything except work to target is exploratory: it has no verdict, and no allowance is made for how much is compared."
)


def target_text(table: WorkloadTable) -> str:
    """Say what the target of a workload is and where it comes from."""
    if math.isnan(table.target):
        return "no target: no run has a result"
    loss = f"{table.target:.4g}"
    if table.frozen is None:
        return (
            f"provisional target {loss}, which depends on the pool: {TARGET_MARGIN} times the lowest median of the best"
            " validation loss"
        )
    made = table.frozen.made
    words = ["frozen"]
    if "baseline" in made:
        words.append(f"made by {made['baseline']}" + (f", tuned with {made['budget']} draws" if "budget" in made else ""))
    if made.get("loosened"):
        times = "once" if made["loosened"] == 1 else f"{made['loosened']} times"
        words.append(f"loosened {times} by 2 %")
    return f"target {loss} ({', '.join(words)})"


def effect_text(comparison: Comparison) -> str:
    """Write the effect as a factor of the work to target, with its interval: "2.1x sooner (1.7 to 2.6)".

    The interval is in the direction of the effect: below 1 it is the other one. Where the median is infinite, or both missed
    the target on most seeds, the text says on how many seeds each reached it: "reached 14 of 20 (against 0)".
    """
    median, seeds = comparison.effect.median, comparison.seeds
    if not seeds:
        return "no seed in common"
    if comparison.reached_a == comparison.reached_b == 0:
        return "neither reached it"
    mostly_missed = 2 * max(comparison.reached_a or 0, comparison.reached_b or 0) <= seeds
    if isinstance(median, NotAvailable) or math.isinf(median) or mostly_missed:
        return f"reached {comparison.reached_a} of {seeds} (against {comparison.reached_b})"
    text = "as soon" if abs(median) < SAME else f"{_factor(abs(median))}x {'sooner' if median < 0 else 'later'}"
    interval = comparison.effect.interval
    if not isinstance(interval, Interval):
        return text
    low, high = (interval.low, interval.high) if median >= SAME else (-interval.high, -interval.low)
    return f"{text} ({_factor(low)} to {_factor(high)})"


def _factor(log_ratio: float) -> str:
    """Write a factor with two significant digits, as many as a few seeds allow."""
    try:
        factor = math.exp(log_ratio)
    except OverflowError:
        factor = math.inf
    if math.isinf(factor):
        return "no limit"
    if 0.1 <= factor < 9.95:  # noqa: PLR2004  # with the zeros that .2g leaves out
        return f"{factor:.1f}" if factor >= 0.995 else f"{factor:.2f}"  # noqa: PLR2004
    return f"{factor:.2g}" if factor < 99.5 else significant(factor)  # noqa: PLR2004  # 100 would be 1e+02


def rank_text(ranks: tuple[int, int] | None) -> str:
    """Write a rank interval: "2-5", or "3" for a single rank."""
    if ranks is None:
        return ""
    return str(ranks[0]) if ranks[0] == ranks[1] else f"{ranks[0]}-{ranks[1]}"


def verdict_text(found: Benchmark, row: TableRow) -> str:
    """Write the verdict of a row of the table: "better", "baseline", or n/a where it has no result."""
    verdict = found.standing(row).verdict
    if found.is_baseline(row):
        return "baseline"
    return verdict.text if verdict else number(math.nan)


def family_note(found: Benchmark) -> str:
    """Say what the optimizers are compared with, and how many comparisons that are."""
    standings = found.standings
    if not standings.pairs:
        return "There is one optimizer only, so that there is nothing to compare."
    pairs = f"Rank intervals come from all {_count(standings.pairs, 'pair')} of optimizers and workloads."
    if not standings.baseline:
        return f"No optimizer is the baseline, so that there are no verdicts: --baseline names one. {pairs}"
    return f"Verdicts compare with {standings.baseline}, in a family of m = {_count(standings.family, 'comparison')}. {pairs}"


def missing_note(found: Benchmark, table: WorkloadTable) -> str:
    """Say that the baseline has no result on a workload; empty where it has, or where there is no baseline."""
    standings = found.standings
    if not standings.baseline or not standings.pairs or table.workload in standings.baselines:
        return ""
    return f"{standings.baseline} has no result on this workload, so that there are no verdicts."


def intervals_note(found: Benchmark, table: WorkloadTable) -> str:
    """Say what the intervals of a table cover, and whether seeds were added; empty where there are no intervals."""
    standings = [found.standing(row) for row in table.rows]
    intervals = [one.comparison.effect.interval for one in standings if one.comparison]
    known = [interval for interval in intervals if isinstance(interval, Interval)]
    if not known:
        return ""
    levels = sorted({round(100 * interval.coverage, 2) for interval in known})
    span = f"{levels[0]:g}" if len(levels) == 1 else f"{levels[0]:g} to {levels[-1]:g}"
    added = " Seeds were added, for which the intervals make allowance." if any(one.anytime for one in known) else ""
    return f"Intervals cover the median with a probability of {span} %.{added}"


def seeds_note(found: Benchmark, table: WorkloadTable) -> str:
    """Say that there are too few seeds to show a difference, and how many it takes; empty where there are enough."""
    standings = found.standings
    comparisons = [one.comparison for row in table.rows if (one := found.standing(row)).comparison]
    seeds = max((one.seeds for one in comparisons if one), default=len(table.common))
    planned = max((one.seeds - one.added for one in comparisons if one), default=seeds)
    families = [(standings.family, _count(standings.family, "comparison"))] if standings.family else []
    families += [(standings.pairs, f"{_count(standings.pairs, 'pair')} of the rank intervals")] if standings.pairs else []
    short = []
    for family, what in families:
        fewest, more = fewest_seeds(family, ALPHA), seeds_still_needed(seeds, 0, 0, family / ALPHA)
        if planned < fewest and not isinstance(more, NotAvailable) and more:  # not available: there is no seed at all
            short.append(f"{fewest} planned from the start, or {seeds + more} with seeds that are added, for {what}")
    if not short:
        return ""
    few = f"{seeds} seed{'s' * (seeds != 1)} cannot show a difference"
    return f"{few}. It takes at least {'; '.join(short)}."


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"
