"""The text that `optbench compare` prints: one sentence per workload, one over all of them, and what limits them."""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from optbench.analysis.grouping import seed_ranges
from optbench.analysis.pair_comparison import (
    SECONDARY,
    MissingRuns,
    PairComparison,
    WorkloadComparison,
)
from optbench.analysis.statistics import Comparison, Interval, NotAvailable, Verdict, sentence
from optbench.analysis.statistics.verdict import Word
from optbench.analysis.statistics.words import e_text

WIDTH = 80
_SMALL = 1e-3
_COLUMNS = {"epochs": 13, "gradients": 14, "seconds": 17, "val. loss": 16, "test quality": 15}
"""Headings and widths of the secondary endpoints, in the order of `SECONDARY`."""


def text(pair: PairComparison) -> str:
    """Return the comparison as lines of at most 80 columns, commands and long names excepted."""
    seeds = _same_seeds(pair)
    same = f" {seeds}." if seeds else ""
    return "\n".join(
        [
            *_wrapped(f"{pair.a} against {pair.b}, {pair.track} track: passes to the target in validation loss.{same}"),
            *_wrapped(_counts(pair)),
            *(line for one in pair.workloads for line in ("", one.label, *workload_lines(pair, one))),
            *_overall(pair),
            "",
            *_wrapped(_family(pair)),
            *_exploratory(pair),
            *_missing(pair),
            *_continuing(pair),
            *(line for note in pair.notes for line in ("", *_wrapped(f"Note: {note}."))),
        ]
    )


def _counts(pair: PairComparison) -> str:
    found = Counter(one.verdict.word for one in pair.workloads)
    words: tuple[Word, ...] = ("better", "worse", "equivalent", "undecided")
    counts = ", ".join(f"{word} on {found[word]}" for word in words)
    total = len(pair.workloads)
    return f"{pair.a} is {counts} of {total} workload{'s' * (total != 1)}."


def workload_lines(pair: PairComparison, one: WorkloadComparison) -> list[str]:
    """Return what is said of one workload: the sentence, then probability, p-value, divergence, seeds and target."""
    a, b, n = pair.a, pair.b, len(one.seeds)
    facts = [_evidence(a, b, one.comparison, one.verdict)]
    if n:
        facts.append(f"diverged: {a} {one.diverged[0]} of {n}, {b} {one.diverged[1]} of {n}")
    if not _same_seeds(pair):
        facts.append(seeds_text(one.seeds, one.planned))
    return _wrapped(f"{sentence(a, b, one.comparison, one.verdict)}.", f"{'; '.join([*facts, _target(one)])}.", indent="  ")


def overall_sentence(a: str, b: str, comparison: Comparison, verdict: Verdict) -> str:
    """Return a comparison over workloads in words; the shares are those of A, positive where A was sooner."""
    counts, effect = comparison.wins, comparison.effect
    tied = f", equal on {counts.ties}" if counts.ties else ""
    share = "none" if isinstance(effect.median, NotAvailable) else f"{0.0 - effect.median:.2g}"
    interval = (
        f"{100 * effect.interval.coverage:.4g} % interval {0.0 - effect.interval.high:.2g} to {0.0 - effect.interval.low:.2g}"
        if isinstance(effect.interval, Interval)
        else f"no interval: {effect.interval.reason}"
    )
    evidence = f"net share of workloads {share}; {interval}; E = {e_text(comparison.e)}"
    reason = f", {verdict.reason}" if verdict.reason else ""
    return (
        f"{a} was sooner than {b} on more workloads with {counts.wins} of {comparison.seeds} seeds, on fewer with "
        f"{counts.losses}{tied} ({evidence}): {verdict.text}{reason}"
    )


def seeds_text(seeds: Sequence[int], planned: Sequence[int]) -> str:
    """Return which of the compared seeds were planned, and which were added later."""
    if not planned:
        return f"seeds {seed_ranges(seeds)}, none of them planned" if seeds else "no seeds"
    missing, added = sorted(set(planned) - set(seeds)), sorted(set(seeds) - set(planned))
    lacking = f", {seed_ranges(missing)} of them missing" if missing else ""
    return f"planned seeds {seed_ranges(planned)}{lacking}, {f'added {seed_ranges(added)}' if added else 'none added'}"


def _same_seeds(pair: PairComparison) -> str:
    """Return what `seeds_text` says of every workload; empty where it differs between them."""
    texts = {seeds_text(one.seeds, one.planned) for one in pair.workloads}
    return texts.pop().capitalize() if len(texts) == 1 else ""


def _evidence(a: str, b: str, comparison: Comparison, verdict: Verdict) -> str:
    beats = comparison.wins.beats
    known = f"not available: {beats.reason}" if isinstance(beats, NotAvailable) else f"{beats:.3g}"
    if isinstance(comparison.test, NotAvailable) or isinstance(verdict.p, NotAvailable):
        reason = comparison.test.reason if isinstance(comparison.test, NotAvailable) else ""
        p = f"p not available: {reason}"
    else:
        p = f"p = {comparison.test.p:.2g}, adjusted {verdict.p:.2g}"
    projected = ""
    if verdict.word == "undecided" and isinstance(verdict.more_seeds, int):
        seeds = f"{verdict.more_seeds} more seed{'s' * (verdict.more_seeds != 1)}"
        projected = f"; at these shares of wins about {seeds} would decide"
    return f"P({a} beats {b}) = {known}; {p}{projected}"


def _target(one: WorkloadComparison) -> str:
    if one.target is None:
        return "no target, since no run has a result"
    if one.frozen:
        return f"target {one.target:.4g}, frozen"
    return f"provisional target {one.target:.4g}, depends on the pool"


def _overall(pair: PairComparison) -> Iterator[str]:
    yield ""
    yield "Over all workloads"
    if isinstance(pair.overall, NotAvailable):
        yield from _wrapped(f"Nothing more can be said: {pair.overall.reason}.", indent="  ")
    else:
        one = pair.overall
        facts = [_evidence(pair.a, pair.b, one.comparison, one.verdict), seeds_text(one.seeds, one.planned)]
        yield from _wrapped(
            f"{overall_sentence(pair.a, pair.b, one.comparison, one.verdict)}.", f"{'; '.join(facts)}.", indent="  "
        )
    count = len(pair.workloads)
    which = "the workload named above, and no other" if count == 1 else f"the {count} workloads named above, and no others"
    yield from _wrapped(f"All of this is about {which}.", indent="  ")


def _family(pair: PairComparison) -> str:
    m = pair.family
    lacking = f", {m - len(pair.workloads)} of them without runs of both" if m > len(pair.workloads) else ""
    overall = "" if isinstance(pair.overall, NotAvailable) else " The one over all workloads is a family of its own, m = 1."
    return (
        f"Family: m = {m} comparison{'s' * (m != 1)}, one for each workload{lacking}. With added seeds E >= 40 m = {40 * m:,} "
        f"decides, without them the adjusted p <= .025.{overall}"
    )


def _exploratory(pair: PairComparison) -> Iterator[str]:
    compared = [one for one in pair.workloads if one.seeds]
    if not compared:
        return
    yield ""
    yield from _wrapped(
        f"Exploratory (no verdicts): medians over the compared seeds, {pair.a} / {pair.b}. Epochs, gradients and seconds to "
        "the target; lowest validation loss; test quality at the epoch of that loss."
    )
    yield "".join(f"{name:>{width}}" for name, width in _COLUMNS.items())
    for one in compared:
        quality = f" ({one.quality})" if one.quality != "accuracy" else ""
        yield from _wrapped(f"{one.label}{quality}")
        cells = zip(("/".join(map(_number, one.secondary[name])) for name in SECONDARY), _COLUMNS.values(), strict=True)
        yield "".join(f" {cell:>{width - 1}}" for cell, width in cells)


def _number(value: float | None) -> str:
    if value is None:
        return "n/a"
    if math.isinf(value):
        return "never"
    if abs(value) < _SMALL:
        return f"{value:.2g}"
    return f"{value:.0f}" if 1000 <= abs(value) < 1e5 else f"{value:.3g}"  # noqa: PLR2004  # 1.23e+03 is hard to read


def _missing(pair: PairComparison) -> Iterator[str]:
    if not pair.missing:
        return
    yield ""
    yield "Missing runs"
    together: dict[str, list[str]] = {}
    for one in pair.missing:
        together.setdefault(_lacking(one), []).append(one.label)
    for what, labels in together.items():
        yield from _wrapped(f"{what}: {', '.join(labels)}", indent="  ")
    if pair.completing:
        yield "Add them with"
        yield from (f"  {command}" for command in pair.completing)


def _lacking(one: MissingRuns) -> str:
    failed = [f"{seed_ranges(seeds)} {status}" for status, seeds in one.statuses.items()]
    why = f" ({', '.join(failed)})" if failed else ""
    return f"{one.optimizer}, seed{'s' * (len(one.seeds) != 1)} {seed_ranges(one.seeds)}{why}"


def _continuing(pair: PairComparison) -> Iterator[str]:
    if not pair.continuing:
        return
    yield ""
    count, undecided = len(pair.workloads), sum(one.verdict.word == "undecided" for one in pair.workloads)
    where = f"on {undecided} of {count} workload{'s' * (count != 1)}" if undecided else "over all workloads"
    yield f"Undecided {where}. Continue with"
    yield from (f"  {command}" for command in pair.continuing)
    yield "Looking again is safe, the e-value allows it."


def _wrapped(*sentences: str, indent: str = "") -> list[str]:
    """Return each of the sentences as lines; no word is broken."""
    return list(_lines(sentences, indent))


def _lines(sentences: Iterable[str], indent: str) -> Iterator[str]:
    for one in sentences:
        yield from textwrap.wrap(
            one, WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        )
