"""Tables of texts for a terminal of 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Mapping, Sequence

from rich.markup import escape
from rich.table import Table

from optbench.cli.console import harmless, out, table_console

_LABEL = 17  # columns of a label before it is folded


def print_columns(rows: Sequence[Mapping[str, str]], labels: Collection[str], width: int = _LABEL) -> None:
    """Print rows of texts, numbers to the right; those named in `labels` to the left, folded beyond `width` columns."""
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for name in rows[0]:
        if name in labels:
            drawn.add_column(name, overflow="fold", min_width=len(name), max_width=width)
        else:
            drawn.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        drawn.add_row(*(escape(harmless(text)) for text in row.values()))
    table_console().print(drawn)


def print_wrapped(text: str) -> None:
    """Print a sentence in lines of 80 columns, the second and later ones indented."""
    out(textwrap.fill(text, 80, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False))
