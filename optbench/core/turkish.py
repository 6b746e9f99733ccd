"""Lower case as Turkish has it."""

from __future__ import annotations

_DOTS = str.maketrans({"I": "\N{LATIN SMALL LETTER DOTLESS I}", "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}": "i"})


def turkish_lower(text: str) -> str:
    """Return `text` in lower case: an I without dot keeps none and one with keeps one, where `str.lower` adds a dot to both."""
    return text.translate(_DOTS).lower()
