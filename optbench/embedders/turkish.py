"""Lower case as Turkish has it."""

from __future__ import annotations

_DOTS = str.maketrans({"I": "ı", "İ": "i"})


def lower(text: str) -> str:
    """Return `text` in lower case: I becomes ı and İ becomes i, where `str.lower` gives i, and i with a second dot."""
    return text.translate(_DOTS).lower()
