"""Output: results to standard output, everything else to standard error."""

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
"""Columns of a table that is not written to a terminal."""


# Names and messages come from plugins and files, and a terminal must not execute them. The pattern matches control characters
# other than tab and line feed, Unicode's direction marks and line separators, and surrogates.
_HARMFUL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def harmless(text: str) -> str:
    """Return `text` with escapes in place of characters that a terminal would execute or cannot print."""
    return _HARMFUL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def say(text: str) -> None:
    """Write a message to standard error."""
    click.echo(harmless(text), err=True)


def out(text: str) -> None:
    """Write a result to standard output."""
    try:
        click.echo(harmless(text))
    except BrokenPipeError:
        _reader_left()


def _reader_left() -> NoReturn:
    """Exit with 0 after a broken pipe: in `optbench show --json | head`, the reader has what it wanted."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # otherwise Python reports an error when it flushes at exit
    raise Exit(0)


def json_lines(rows: Iterable[Mapping[str, Any]]) -> None:
    """Write one JSON object per line to standard output."""
    for row in rows:
        out(json.dumps(row, ensure_ascii=False, allow_nan=False))  # `harmless` writes escapes that are valid JSON


def table_console() -> Console:
    """Return a console for tables on standard output."""
    from rich.console import Console  # takes 30 ms to import

    class Table(Console):
        def on_broken_pipe(self) -> None:
            _reader_left()

    return Table(width=None if sys.stdout.isatty() else WIDE)
