"""Where words go: results to standard output, everything else to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import rich_click as click

if TYPE_CHECKING:
    from rich.console import Console

WIDE = 160
"""Columns of a table that is not written to a terminal: a file has no edge."""


def say(text: str) -> None:
    """Write words for people to standard error."""
    click.echo(text, err=True)


def out(text: str) -> None:
    """Write a result to standard output."""
    click.echo(text)


def json_lines(rows: Iterable[Mapping[str, Any]]) -> None:
    """Write one JSON object a line to standard output."""
    for row in rows:
        click.echo(json.dumps(row, ensure_ascii=False, allow_nan=False))


def table_console() -> Console:
    """Return a console for tables on standard output."""
    from rich.console import Console  # noqa: PLC0415  # 30 ms that --help need not wait

    return Console(width=None if sys.stdout.isatty() else WIDE)
