"""An explanation as text for a terminal."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from optbench.analysis.grouping import seed_ranges
from optbench.analysis.pair_words import WIDTH
from optbench.why.explanation import Explanation, Finding, Kind, Setting, Steps
from optbench.why.members import Member
from optbench.why.words import finding_sentence, reading

SHOWN_EPOCHS = 6
"""How many epochs of the steps are shown, log-spaced; `--json` has all of them."""


def text(explanation: Explanation) -> str:
    """Return the explanation as text: verdicts, rates, comparison, ablations, steps, notes."""
    return "\n".join(
        [
            *_heading(explanation),
            *_summary(explanation),
            *_settings(explanation.settings),
            *_pair(explanation),
            *_ablations(explanation),
            *_steps(explanation.steps),
            *(["", "Notes"] if explanation.notes else []),
            *(line for note in explanation.notes for line in _wrapped(f"{note}.")),
        ]
    )


def _heading(explanation: Explanation) -> Iterator[str]:
    workloads, m = len(explanation.places), sum(bool(finding.place) for finding in explanation.findings)
    overall = f" and {n} over all of them" if (n := len(explanation.findings) - m) else ""
    made = f"{m} comparison{'s' * (m != 1)}{overall}"
    yield from textwrap.wrap(
        f"{explanation.a} and {explanation.b}, each at its own learning rate: passes to the target, seeds "
        f"{seed_ranges(explanation.seeds)}, {workloads} workload{'s' * (workloads != 1)}, {made}",
        WIDTH,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _summary(explanation: Explanation) -> Iterator[str]:
    yield from ("", "Verdicts")
    questions: dict[tuple[Kind, Member, Member], list[Finding]] = {}
    for finding in explanation.findings:
        questions.setdefault((finding.kind, finding.first, finding.second), []).append(finding)
    for (_, first, second), findings in questions.items():
        places: dict[str, list[str]] = {}
        for finding in findings:
            places.setdefault(finding.verdict.text, []).append(finding.place or f"all {finding.places} together")
        verdicts = "; ".join(f"{verdict} on {', '.join(names)}" for verdict, names in places.items())
        yield from _wrapped(f"{first.label} against {second.label}: {verdicts}")


def _settings(settings: Sequence[Setting]) -> Iterator[str]:
    yield from ("", "Learning rate, chosen by the best validation loss on seeds that are used for nothing else")
    lines = [["workload", "optimizer", "rate", "of the given", "target"]]
    lines += [
        [
            setting.place,
            setting.member.label,
            ", ".join(f"{name}={value:.4g}" for name, value in setting.rates.items()) or "none",
            f"{setting.factor:.4g} times" if setting.rates else "-",
            f"{setting.target:.4g}{' (provisional)' if setting.provisional else ''}",
        ]
        for setting in settings
    ]
    yield from _columns(lines)


def _pair(explanation: Explanation) -> Iterator[str]:
    a, b = _whole(explanation)
    yield from ("", f"{a.name} against {b.name}")
    yield from _lines(explanation.of("pair", a, b))


def _ablations(explanation: Explanation) -> Iterator[str]:
    a, b = _whole(explanation)
    pairs = {finding.place: finding for finding in explanation.of("pair", a, b)}
    for member in dict.fromkeys(finding.ablated for finding in explanation.findings if finding.kind == "part"):
        yield from ("", f"{member.label} ({member.part})")
        remaining = explanation.of("remaining", *((member, b) if member.side == "a" else (a, member)))
        for findings in (explanation.of("part", member, member.whole), remaining):
            yield from _lines(findings)
        for place in dict.fromkeys(finding.place for finding in remaining):
            both = [
                reading(finding, pairs.get(finding.place))
                for finding in (*explanation.of("part", member, member.whole), *remaining)
                if finding.place == place
            ]
            yield from _wrapped(f"{place or _all(remaining)}: {'; '.join(filter(None, both))}.")


def _whole(explanation: Explanation) -> tuple[Member, Member]:
    return Member("a", explanation.a), Member("b", explanation.b)


def _lines(findings: Iterable[Finding]) -> Iterator[str]:
    for finding in findings:
        yield from _wrapped(f"{finding.place or _all([finding])}: {finding_sentence(finding)}.")


def _all(findings: Sequence[Finding]) -> str:
    return f"over {next(finding.places for finding in findings if not finding.place)} workloads"


def _steps(steps: Sequence[Steps]) -> Iterator[str]:
    by_place: dict[str, list[Steps]] = {}
    for one in steps:
        by_place.setdefault(one.place, []).append(one)
    for place, both in by_place.items():
        seeds = sorted({seed for one in both for seed in one.seeds})
        yield from ("", f"Steps on {place}: medians over seed{'s' * (len(seeds) != 1)} {seed_ranges(seeds) or 'none'}")
        names = [one.member.name for one in both]
        rows = [["epoch", *(f"{what}, {name}" for what in ("|update|", "cosine", "noise ratio") for name in names)]]
        for epoch in _shown(max(len(one.update_norm) for one in both)):
            columns = [
                values for what in ("update_norm", "cosine", "noise_ratio") for values in (getattr(o, what) for o in both)
            ]
            rows.append([str(epoch), *(_number(values[epoch - 1]) if epoch <= len(values) else "-" for values in columns)])
        if len(rows) > 1:
            yield from _columns(rows)
        yield from (f"  {one.member.name}: {one.remark}." for one in both if one.remark)
        yield from (
            f"  {one.member.name}: an epoch is one step, so there is no noise ratio."
            for one in both
            if one.steps_per_epoch == 1
        )


def _shown(epochs: int) -> list[int]:
    """Return epochs from the first to the last, about log-spaced."""
    last = max(epochs, 1)
    return sorted({round(last ** (i / (SHOWN_EPOCHS - 1))) for i in range(SHOWN_EPOCHS)}) if epochs else []


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3g}"


def _columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _wrapped(sentence: str) -> list[str]:
    """Return a sentence as lines, the first of them indented and the others more."""
    return textwrap.wrap(
        sentence, WIDTH, initial_indent="  ", subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )
