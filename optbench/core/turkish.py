"""Lower case in Turkish, and the forms in which two texts are compared."""

from __future__ import annotations

import unicodedata

_DOTS = str.maketrans({"I": "\N{LATIN SMALL LETTER DOTLESS I}", "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}": "i"})
_DOTTED_I = "i\N{COMBINING DOT ABOVE}"
_FINAL = " .!?…:;,"


def turkish_lower(text: str) -> str:
    """Return `text` in lower case; dotted and dotless I stay different letters, which `str.lower` makes equal."""
    return text.translate(_DOTS).lower()


def fold(text: str) -> str:
    """Return `text` in the form in which Turkish texts are compared: one case, NFC, single spaces, no final punctuation.

    Dotted and dotless I stay different letters: a capital I is folded to the dotless letter.
    """
    return _plain(turkish_lower(unicodedata.normalize("NFC", text)))


def folds(text: str) -> frozenset[str]:
    """Return the forms of `text`, in Turkish and in any other language; texts that share one are the same text.

    Capitals do not tell their language: INTERNET may be an English word, whose I has a dot in small letters.
    """
    return frozenset((fold(text), _plain(unicodedata.normalize("NFC", text))))


def _plain(text: str) -> str:
    small = unicodedata.normalize("NFC", text.casefold()).replace(_DOTTED_I, "i")
    return " ".join(small.split()).rstrip(_FINAL)
