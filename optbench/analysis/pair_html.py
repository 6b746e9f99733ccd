"""A comparison of two optimizers as a small table for notebooks."""

from __future__ import annotations

from html import escape

from optbench.analysis.pair_comparison import OverallComparison, PairComparison, WorkloadComparison
from optbench.analysis.statistics import Interval, NotAvailable
from optbench.analysis.statistics.words import e_text, factor

_HEADINGS = ("Workload", "Effect", "Interval", "Seeds won", "P(A beats B)", "E", "Verdict")


def html(pair: PairComparison) -> str:
    """Return the table, with every name escaped: one row for each workload, and one over all of them."""
    rows = [_row(one.label, one) for one in pair.workloads]
    if isinstance(pair.overall, OverallComparison):
        rows.append(_row("over all workloads", pair.overall))
    caption = f"A = {pair.a}, B = {pair.b}: work to the target, {pair.track} track, m = {pair.family}"
    head = "".join(f"<th>{escape(heading)}</th>" for heading in _HEADINGS)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _row(label: str, one: WorkloadComparison | OverallComparison) -> tuple[str, ...]:
    comparison = one.comparison
    median, interval, beats = comparison.effect.median, comparison.effect.interval, comparison.wins.beats
    # Over all workloads the differences are shares of workloads, which the text explains.
    write = factor if isinstance(one, WorkloadComparison) else _share
    return (
        label,
        "n/a" if isinstance(median, NotAvailable) else write(median),
        f"{write(interval.low)} to {write(interval.high)}" if isinstance(interval, Interval) else "n/a",
        f"{comparison.wins.wins} of {comparison.seeds}",
        "n/a" if isinstance(beats, NotAvailable) else f"{beats:.3g}",
        e_text(comparison.e),
        one.verdict.text,
    )


def _share(difference: float) -> str:
    return f"{0.0 - difference:+.2g} of the workloads"
