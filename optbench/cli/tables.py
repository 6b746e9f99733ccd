"""Tables in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from optbench.analysis.benchmark import Benchmark
from optbench.analysis.grouping import seed_ranges
from optbench.analysis.tables import TableRow, WorkloadTable
from optbench.cli.console import harmless, table_console
from optbench.core.metrics import SCORES
from optbench.report import verdict_text as words
from optbench.report.score_text import heading, written

NARROW = ("passes_to_target", "test_quality")
"""The scores in a terminal of 80 columns; the report has all of them."""
WIDE = ("passes_to_target", "test_quality", "last_test_quality", "best_val_loss", "seconds")
_ENOUGH_FOR_WIDE = 120
_NUMBER = 6  # columns of a number, such as -0.123
_VERDICT = 10  # of the longest word, equivalent
_EFFECT = 12  # of half an effect, 2.1x sooner, which may be folded before its interval
_OUTCOMES = 10  # of a status with its number, 12 timeout
_STYLES = {
    **dict.fromkeys(("failed", "crashed", "timeout", "refused", "violation"), "red"),
    **dict.fromkeys(("diverged", "blocked", "skipped"), "yellow"),
}


def print_table(rows: Sequence[Mapping[str, Any]], *, without: Sequence[str] = ("key",)) -> None:
    """Print rows of plain values, without the columns named."""
    if not rows:
        return
    names = [name for name in rows[0] if name not in without]
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        numeric = all(isinstance(row[name], int | float) and not isinstance(row[name], bool) for row in rows)
        drawn.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(_cell(name, row[name]) for name in names))
    table_console().print(drawn)


def print_benchmark(found: Benchmark, marks: Mapping[str, str] | None = None) -> None:
    """Print the benchmark table of each workload, and what the optimizers were compared with.

    Args:
        found: the tables, and where every variant stands.
        marks: remarks on runs that the installed source did not compute, by key; see `analysis.sources.source_marks`.
    """
    console = table_console()
    notes = [_notes(found, table) for table in found.tables]
    common = set.intersection(*map(set, notes)) if len(notes) > 1 else set()
    for table, own in zip(found.tables, notes, strict=True):
        console.print(_text(table.label), style="bold", soft_wrap=True)
        _print_workload(console, found, table, marks or {})
        for note in own:
            if note not in common:
                console.print(_text(note), soft_wrap=True)
        console.print()
    for note in (*(note for note in (notes or [[]])[0] if note in common), words.family_note(found), words.EXPLORATORY):
        console.print(_text(note), soft_wrap=True)


def _print_workload(console: Console, found: Benchmark, table: WorkloadTable, marks: Mapping[str, str]) -> None:
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    drawn.add_column("Optimizer", overflow="fold", min_width=12)
    names = WIDE if console.width >= _ENOUGH_FOR_WIDE else NARROW
    with_verdicts = table.workload in found.standings.baselines and len(table.rows) > 1
    ranked = any(found.standing(row).ranks for row in table.rows)
    if with_verdicts:
        drawn.add_column("Work to\ntarget", min_width=_VERDICT)
        drawn.add_column(_text(f"against {found.standings.baseline}"), min_width=_EFFECT)
    if ranked:
        drawn.add_column("Rank", justify="right")
    for title in (heading(SCORES[name], table.quality) for name in names):
        drawn.add_column(title, justify="right", width=max(_NUMBER, *map(len, title.split())))
    if table.unequal:
        drawn.add_column("Seeds", overflow="fold")
    drawn.add_column("Outcomes", overflow="fold", min_width=_OUTCOMES)
    for row in table.rows:
        drawn.add_row(
            _text(row.label) + _mark(row, marks),
            *([words.verdict_text(found, row), _text(_effect(found, row, narrow=names == NARROW))] if with_verdicts else []),
            *([words.rank_text(found.standing(row).ranks)] if ranked else []),
            *(written(SCORES[name], row.scores[name].median) for name in names),
            *([seed_ranges(row.seeds)] if table.unequal else []),
            "\n".join(_cell("status", status, f"{count} {status}") for status, count in row.statuses.items()),
        )
    console.print(drawn)


def _notes(found: Benchmark, table: WorkloadTable) -> list[str]:
    target = words.target_text(table)
    notes = [f"{target[0].upper()}{target[1:]}.", *table.seed_notes(), words.missing_note(found, table)]
    return [note for note in (*notes, words.intervals_note(found, table), words.seeds_note(found, table)) if note]


def _effect(found: Benchmark, row: TableRow, *, narrow: bool) -> str:
    comparison = found.standing(row).comparison
    text = words.effect_text(comparison) if comparison else ""
    return text.replace(" (", "\n(") if narrow else text


def _mark(row: TableRow, marks: Mapping[str, str]) -> str:
    mark = marks.get(row.runs[0].spec.key)
    return f" [yellow]({mark})[/yellow]" if mark else ""


def _text(value: str) -> str:
    return escape(harmless(value))


def _cell(name: str, value: Any, text: str | None = None) -> str:
    if text is None:
        text = "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
    text = _text(text)
    style = _STYLES.get(str(value)) if name == "status" else None
    return f"[{style}]{text}[/{style}]" if style else text
