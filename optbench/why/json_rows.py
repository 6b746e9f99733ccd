"""An explanation as plain values, one mapping per line of JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from optbench.analysis.statistics import Comparison, Interval, NotAvailable
from optbench.why.explanation import Explanation, Finding, Setting, Steps
from optbench.why.words import finding_sentence, reading


def rows(explanation: Explanation) -> Iterator[dict[str, Any]]:
    """Yield the settings, the comparisons, the epochs of the steps, and the notes; `row` says what each is.

    Numbers that are infinite are written as the texts "inf" and "-inf", and those that do not exist as null.
    """
    pairs = {finding.place: finding for finding in explanation.findings if finding.kind == "pair"}
    yield from map(_setting, explanation.settings)
    for finding in explanation.findings:
        yield _finding(finding) | {"reading": reading(finding, pairs.get(finding.place))}
    for steps in explanation.steps:
        yield from _epochs(steps)
    yield from ({"row": "note", "text": note} for note in explanation.notes)


def _setting(setting: Setting) -> dict[str, Any]:
    return {
        "row": "setting",
        "workload": setting.place,
        "optimizer": setting.member.label,
        "rates": dict(setting.rates),
        "factor": setting.factor,
        "losses": [[factor, _number(loss)] for factor, loss in setting.losses.items()],
        "edge": setting.edge,
        "close": list(setting.close),
        "target": _number(setting.target),
        "provisional": setting.provisional,
        "statuses": dict(setting.statuses),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    verdict, comparison = finding.verdict, finding.comparison
    return {
        "row": "comparison",
        "kind": finding.kind,
        "workload": finding.place or None,
        "workloads": finding.places,
        "first": finding.first.label,
        "second": finding.second.label,
        "removed": finding.ablated.part or None,
        **_evidence(comparison),
        "p": None if isinstance(verdict.p, NotAvailable) else verdict.p,
        "comparisons": finding.family,
        "verdict": verdict.word,
        "by_less_than_the_margin": verdict.small,
        "reason": verdict.reason,
        "text": finding_sentence(finding),
    }


def _evidence(comparison: Comparison) -> dict[str, Any]:
    effect, counts = comparison.effect, comparison.wins
    interval = effect.interval if isinstance(effect.interval, Interval) else None
    return {
        "effect": None if isinstance(effect.median, NotAvailable) else _number(effect.median),
        "low": _number(interval.low) if interval else None,
        "high": _number(interval.high) if interval else None,
        "coverage": interval.coverage if interval else None,
        "seeds": comparison.seeds,
        "added": comparison.added,
        "wins": counts.wins,
        "losses": counts.losses,
        "ties": counts.ties,
        "e": comparison.e,
        "reached_first": comparison.reached_a,
        "reached_second": comparison.reached_b,
    }


def _epochs(steps: Steps) -> Iterator[dict[str, Any]]:
    columns: Mapping[str, tuple[float, ...]] = {
        "update_norm": steps.update_norm,
        "cosine": steps.cosine,
        "noise_ratio": steps.noise_ratio,
    }
    for place, completed in enumerate(steps.completed):
        yield {
            "row": "epoch",
            "workload": steps.place,
            "optimizer": steps.member.name,
            "epoch": place + 1,
            "steps": steps.steps_per_epoch,
            "seeds": completed,
            **{name: _number(values[place]) for name, values in columns.items()},
        }


def _number(value: float) -> float | str | None:
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else str(value)
