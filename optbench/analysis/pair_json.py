"""A comparison of two optimizers as plain values for JSON: None for what does not exist or is infinite."""

from __future__ import annotations

import math
from typing import Any

from optbench.analysis.pair_comparison import MissingRuns, OverallComparison, PairComparison, WorkloadComparison
from optbench.analysis.pair_words import overall_sentence
from optbench.analysis.statistics import Comparison, Interval, NotAvailable, Verdict, sentence


def plain(pair: PairComparison) -> dict[str, Any]:
    """Return the comparison: "workloads" has one object each, "overall" one, with the same names where they mean the same.

    A `log_ratio` is the median of log(t_A / t_B), negative where A was sooner, and `ratio` is t_A / t_B itself. An infinite one
    is None; `sentence` has it in words, and `reached` says on how many seeds A and B reached the target.
    """
    head = {"a": pair.a, "b": pair.b, "track": pair.track, "family": pair.family}
    return {
        **head,
        "workloads": [{"scope": "workload", **head, **_workload(pair, one)} for one in pair.workloads],
        "overall": {
            "scope": "overall",
            **head,
            **_overall(pair),
            "workloads": [one.label for one in pair.workloads],
            "missing": [_missing(one) for one in pair.missing],
            "notes": list(pair.notes),
            "completing": list(pair.completing),
            "continuing": list(pair.continuing),
        },
    }


def _workload(pair: PairComparison, one: WorkloadComparison) -> dict[str, Any]:
    median, interval = one.comparison.effect.median, one.comparison.effect.interval
    return {
        "workload": one.label,
        "dataset": one.workload.dataset,
        "dataset_digest": one.workload.dataset_digest,
        "protocol": one.workload.protocol,
        "target": _finite(one.target),
        "provisional": not one.frozen,
        **_compared(one),
        "log_ratio": _finite(median),
        "ratio": _ratio(median),
        "ratio_low": _ratio(interval.low) if isinstance(interval, Interval) else None,
        "ratio_high": _ratio(interval.high) if isinstance(interval, Interval) else None,
        "reached": [one.comparison.reached_a, one.comparison.reached_b],
        "diverged": list(one.diverged),
        "sentence": sentence(pair.a, pair.b, one.comparison, one.verdict),
        "further_seeds": list(pair.further.get(one.workload, ())),
        "exploratory": {name: [_finite(value) for value in values] for name, values in one.secondary.items()},
    }


def _overall(pair: PairComparison) -> dict[str, Any]:
    if isinstance(pair.overall, NotAvailable):
        return {"verdict": None, "reason": pair.overall.reason}
    one = pair.overall
    median, interval = one.comparison.effect.median, one.comparison.effect.interval
    return {
        **_compared(one),
        "net_share": None if isinstance(median, NotAvailable) else 0.0 - median,
        "net_share_low": 0.0 - interval.high if isinstance(interval, Interval) else None,
        "net_share_high": 0.0 - interval.low if isinstance(interval, Interval) else None,
        "sentence": overall_sentence(pair.a, pair.b, one.comparison, one.verdict),
    }


def _compared(one: WorkloadComparison | OverallComparison) -> dict[str, Any]:
    comparison, verdict = one.comparison, one.verdict
    interval = comparison.effect.interval
    return {
        "seeds": list(one.seeds),
        "planned_seeds": list(one.planned),
        "added_seeds": sorted(set(one.seeds) - set(one.planned)),
        "wins": comparison.wins.wins,
        "losses": comparison.wins.losses,
        "ties": comparison.wins.ties,
        "a_beats_b": _finite(comparison.wins.beats),
        "coverage": interval.coverage if isinstance(interval, Interval) else None,
        "anytime": interval.anytime if isinstance(interval, Interval) else None,
        **_evidence(comparison, verdict),
    }


def _evidence(comparison: Comparison, verdict: Verdict) -> dict[str, Any]:
    return {
        "p": None if isinstance(comparison.test, NotAvailable) else comparison.test.p,
        "p_adjusted": _finite(verdict.p),
        "e": _finite(comparison.e),
        "needed_e": verdict.needed_e,
        "verdict": verdict.word,
        "below_margin": verdict.small,
        "reason": verdict.reason,
        "more_seeds": None if isinstance(verdict.more_seeds, NotAvailable) else verdict.more_seeds,
    }


def _missing(one: MissingRuns) -> dict[str, Any]:
    return {
        "optimizer": one.optimizer,
        "workload": one.label,
        "seeds": list(one.seeds),
        **{status: list(seeds) for status, seeds in one.statuses.items()},
    }


def _ratio(log_ratio: float | NotAvailable) -> float | None:
    """Return t_A / t_B: 0 where only A reached the target; None where only B did."""
    if isinstance(log_ratio, NotAvailable):
        return None
    try:
        return _finite(math.exp(log_ratio))
    except OverflowError:
        return None


def _finite(value: float | NotAvailable | None) -> float | None:
    known = value is not None and not isinstance(value, NotAvailable) and math.isfinite(value)
    return float(value) if known else None  # type: ignore[arg-type]  # just checked
