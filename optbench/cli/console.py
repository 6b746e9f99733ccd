"""Where words go: results to standard output, everything else to standard error."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import rich_click as click
from click.exceptions import Exit

if TYPE_CHECKING:
    from rich.console import Console

WIDE = 160
"""Columns of a table that is not written to a terminal: a file has no edge."""


# Names and messages come from plugins and files: a terminal must print them, never obey them. These are control characters but
# tab and line feed, what turns the direction of writing, what ends a line in Unicode alone, and halves of characters.
_HARMFUL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def harmless(text: str) -> str:
    """Return `text` with each character that a terminal would obey, or could not print, written as an escape."""
    return _HARMFUL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def say(text: str) -> None:
    """Write words for people to standard error."""
    click.echo(harmless(text), err=True)


def out(text: str) -> None:
    """Write a result to standard output."""
    try:
        click.echo(harmless(text))
    except BrokenPipeError:
        _reader_left()


def _reader_left() -> NoReturn:
    """`optbench show --json | head`: the reader has what it wanted, which is no failure."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains when it flushes for the last time
    raise Exit(0)


def json_lines(rows: Iterable[Mapping[str, Any]]) -> None:
    """Write one JSON object a line to standard output."""
    for row in rows:
        out(json.dumps(row, ensure_ascii=False, allow_nan=False))  # our escapes are JSON's too


def table_console() -> Console:
    """Return a console for tables on standard output."""
    from rich.console import Console  # 30 ms that --help need not wait

    class Table(Console):
        def on_broken_pipe(self) -> None:
            _reader_left()

    return Table(width=None if sys.stdout.isatty() else WIDE)
