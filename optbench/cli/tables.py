"""Tables in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from optbench.analysis.grouping import seed_ranges
from optbench.analysis.tables import TableRow, WorkloadTable, tables
from optbench.cli.console import harmless, table_console
from optbench.core.metrics import SCORES
from optbench.core.specs import RunResult
from optbench.report.score_text import heading, written

NARROW = ("test_quality", "best_val_loss", "passes_to_target", "seconds")
"""The scores in a terminal of 80 columns; the report has all of them."""
WIDE = ("test_quality", "best_val_loss", "last_train_loss", "epochs_to_target", "passes_to_target", "seconds", "update_cost")
_ENOUGH_FOR_WIDE = 120
_NUMBER = 6  # columns of a number, such as -0.123
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


def print_benchmark(results: Sequence[RunResult], marks: Mapping[str, str] | None = None) -> None:
    """Print the benchmark table of each workload: medians over the compared seeds.

    Args:
        results: the runs.
        marks: remarks on runs that the installed source did not compute, by key; see `analysis.sources.source_marks`.
    """
    console = table_console()
    for place, table in enumerate(tables(results)):
        if place:
            console.print()
        console.print(_text(table.label), style="bold", soft_wrap=True)
        _print_workload(console, table, marks or {})


def _print_workload(console: Console, table: WorkloadTable, marks: Mapping[str, str]) -> None:
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    drawn.add_column("Optimizer", overflow="fold", min_width=12)
    names = WIDE if console.width >= _ENOUGH_FOR_WIDE else NARROW
    for title in (heading(SCORES[name], table.quality) for name in names):
        drawn.add_column(title, justify="right", width=max(_NUMBER, *map(len, title.split())))
    if table.unequal:
        drawn.add_column("Seeds", overflow="fold")
    drawn.add_column("Outcomes", overflow="fold", min_width=12)
    for row in table.rows:
        drawn.add_row(
            _text(row.label) + _mark(row, marks),
            *(written(SCORES[name], row.scores[name].median) for name in names),
            *([seed_ranges(row.seeds)] if table.unequal else []),
            "\n".join(_cell("status", status, f"{count} {status}") for status, count in row.statuses.items()),
        )
    console.print(drawn)
    for note in table.seed_notes():
        console.print(_text(note), soft_wrap=True)


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
