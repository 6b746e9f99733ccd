"""The similarity of two texts: the Jaccard index of their character 5-grams."""

from __future__ import annotations

from optbench.core.turkish import fold

NEAR = 0.6
"""The index from which on two questions are near-duplicates."""
_LENGTH = 5


def grams(text: str) -> frozenset[str]:
    """Return the character 5-grams of the folded text; a text of fewer characters is one gram."""
    plain = fold(text)
    return frozenset(plain[start : start + _LENGTH] for start in range(max(1, len(plain) - _LENGTH + 1)))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the size of the intersection divided by that of the union, from 0 to 1."""
    common = len(one & other)
    return common / (len(one) + len(other) - common)
