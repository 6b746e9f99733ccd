"""A comparison in one sentence."""

from __future__ import annotations

import math

from optbench.analysis.statistics.available import NotAvailable
from optbench.analysis.statistics.comparison import Comparison
from optbench.analysis.statistics.effect import Effect
from optbench.analysis.statistics.verdict import Verdict

SAME = 0.005
"""Log ratios within this are printed as "as soon as": the factor rounds to 1.00."""
_WHOLE = 100
_LARGE = 1e6


def sentence(a: str, b: str, comparison: Comparison, verdict: Verdict) -> str:
    """Return a comparison of times to target in words.

    For example "adam reached the target 2.1 times sooner than sgd (95.86 % interval 1.7 to 2.6; won 18 of 20 seeds; E = 263):
    better".

    Args:
        a: the name of A.
        b: the name of B.
        comparison: of times to target, from `compare_times`.
        verdict: its verdict.
    """
    counts = comparison.wins
    parts = [_interval(comparison.effect)]
    if comparison.seeds:
        tied = f", tied {counts.ties}" if counts.ties else ""
        parts += [f"won {counts.wins} of {comparison.seeds} seeds{tied}", f"E = {e_text(comparison.e)}"]
    reason = f", {verdict.reason}" if verdict.reason else ""
    return f"{_effect(a, b, comparison)} ({'; '.join(parts)}): {verdict.text}{reason}"


def e_text(e: float) -> str:
    """Return an e-value as it is printed: three digits, whole from 100 on."""
    if math.isinf(e):
        return "over 1e308"
    return f"{e:,.0f}" if _WHOLE <= e < _LARGE else f"{e:.3g}"


def factor(log_ratio: float) -> str:
    """Return a log ratio of times in words: "2.1 times sooner", "1.3 times later", "as soon", "sooner without limit"."""
    if math.isinf(log_ratio):
        return "sooner without limit" if log_ratio < 0 else "later without limit"
    if abs(log_ratio) < SAME:
        return "as soon"
    return f"{math.exp(abs(log_ratio)):.3g} times {'sooner' if log_ratio < 0 else 'later'}"


def _effect(a: str, b: str, comparison: Comparison) -> str:
    median, seeds = comparison.effect.median, comparison.seeds
    if not seeds:
        return f"{a} and {b} have no seed in common"
    if comparison.reached_a == 0 and comparison.reached_b == 0:
        return f"neither {a} nor {b} reached the target"
    few = (
        comparison.reached_a is not None
        and comparison.reached_b is not None
        and (2 * max(comparison.reached_a, comparison.reached_b) <= seeds)
    )
    tied = not isinstance(median, NotAvailable) and abs(median) < SAME
    if isinstance(median, NotAvailable) or math.isinf(median) or (tied and few):  # a median of ties says nothing
        return f"{b} reached the target on {comparison.reached_b} of {seeds} seeds, {a} on {comparison.reached_a}"
    if tied:
        return f"{a} reached the target as soon as {b}"
    return f"{a} reached the target {factor(median)} than {b}"


def _interval(effect: Effect) -> str:
    interval = effect.interval
    if isinstance(interval, NotAvailable):
        return f"no interval: {interval.reason}"
    level = f"{100 * interval.coverage:.4g} % interval"
    if interval.low == interval.high:
        return f"{level} {factor(interval.low)}"
    # For a sooner A the larger factor is the lower end.
    ends = (interval.high, interval.low) if interval.high <= 0 else (interval.low, interval.high)
    words = [factor(end) for end in ends]
    if interval.side and all(map(math.isfinite, ends)):
        words[0] = words[0].split()[0]
        if not isinstance(effect.median, NotAvailable) and abs(effect.median) >= SAME:
            words[1] = words[1].split()[0]  # the effect before it says whether sooner or later
    return f"{level} {' to '.join(words)}"
