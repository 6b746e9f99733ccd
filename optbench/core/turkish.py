"""Lower case in Turkish."""

from __future__ import annotations

_DOTS = str.maketrans({"I": "\N{LATIN SMALL LETTER DOTLESS I}", "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}": "i"})


def turkish_lower(text: str) -> str:
    """Return `text` in lower case; dotted and dotless I stay different letters, which `str.lower` makes equal."""
    return text.translate(_DOTS).lower()
