"""The names of components, datasets and sets of vectors: lower-case letters and digits, joined by single `-`, `_` or `.`."""

from __future__ import annotations

import re

PATTERN = r"^[a-z0-9]+([-_.][a-z0-9]+)*$"


def is_name(text: str) -> bool:
    """Return whether `text` can name a component, a dataset or a set of vectors."""
    return re.fullmatch(PATTERN, text) is not None


def plural(kind: str) -> str:
    """Return the plural of a kind of component, as `optbench list` takes it."""
    return "losses" if kind == "loss" else f"{kind}s"


def counted(count: int, word: str) -> str:
    """Return a number with what is counted: `1 seed`, `1,200 seeds`."""
    return f"{count:,} {word}{'s' * (count != 1)}"
