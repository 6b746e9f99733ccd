"""How alike two texts are: the Jaccard index of their character 5-grams."""

from __future__ import annotations

NEAR = 0.6
"""From this index on, two questions are near-duplicates."""
_LENGTH = 5


def folded(text: str) -> str:
    """Return `text` without case and with single blanks: what it is compared by."""
    return " ".join(text.casefold().split())


def grams(text: str) -> frozenset[str]:
    """Return the character 5-grams of a text, case and blanks folded; a shorter text is one gram."""
    plain = folded(text)
    return frozenset(plain[start : start + _LENGTH] for start in range(max(1, len(plain) - _LENGTH + 1)))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the share of the grams of both that each has, from 0 to 1."""
    common = len(one & other)
    return common / (len(one) + len(other) - common)
