"""Tables in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table

from optbench.analysis.scores import Spread
from optbench.analysis.tables import table
from optbench.cli.console import harmless, table_console
from optbench.core.specs import RunResult
from optbench.report.numbers import number, significant

_STYLES = {
    **dict.fromkeys(("failed", "crashed", "timeout", "refused", "violation"), "red"),
    **dict.fromkeys(("diverged", "blocked", "skipped"), "yellow"),
}


def print_table(rows: Sequence[Mapping[str, Any]], *, without: Sequence[str] = ("key",)) -> None:
    """Print rows of plain values."""
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


def print_benchmark(results: Sequence[RunResult]) -> None:
    """Print the benchmark table: medians over seeds, with quartiles in parentheses for the accuracy."""
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("architecture", "embedder", "optimizer"):
        drawn.add_column(name)
    for name in ("test accuracy", "best val loss", "train loss", "epochs to target", "seconds"):
        drawn.add_column(name, justify="right")
    drawn.add_column("statuses")
    before = None
    for row in table(results):
        same = row.task == before
        if before is not None and not same:
            drawn.add_section()
        before = row.task
        drawn.add_row(
            "" if same else _text(row.task.architecture),
            "" if same else _text(row.task.embedder),
            _text(row.variant),
            f"{number(row.test_accuracy.median)} {_quartiles(row.test_accuracy)}",
            number(row.best_val_loss.median),
            number(row.train_loss.median),
            significant(row.epochs_to_target.median),
            significant(row.seconds.median),
            ", ".join(_cell("status", status, f"{count} {status}") for status, count in row.statuses.items()),
        )
    table_console().print(drawn)


def _text(value: str) -> str:
    return escape(harmless(value))


def _quartiles(spread: Spread) -> str:
    return f"({number(spread.low)}-{number(spread.high)})" if spread.low == spread.low else ""  # NaN


def _cell(name: str, value: Any, text: str | None = None) -> str:
    if text is None:
        text = "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
    text = _text(text)
    style = _STYLES.get(str(value)) if name == "status" else None
    return f"[{style}]{text}[/{style}]" if style else text
