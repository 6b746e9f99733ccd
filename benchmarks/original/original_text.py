"""Markdown of the page: tables, numbers and lists in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], texts: int = 1) -> Iterator[str]:
    """Yield the lines of a table whose first `texts` columns are aligned to the left, the others to the right."""
    yield f"| {' | '.join(heads)} |"
    yield f"|{'|'.join('---' if place < texts else '--:' for place in range(len(heads)))}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def accuracy(value: float) -> str:
    """Return an accuracy with three digits."""
    return f"{value:.3f}"


def points(difference: float) -> str:
    """Return a difference of accuracies in points, with its sign; what rounds to 0 has none."""
    rounded = round(100 * difference, 1)
    return f"{rounded:+.1f}" if rounded else "0.0"


def loss(value: float) -> str:
    """Return a loss with three significant digits."""
    return f"{value:.3g}"


def places(values: Sequence[float], *, lower: bool) -> list[str]:
    """Return the place of each value, 1 for the best; equal values share the range of their places."""
    found = []
    for value in values:
        better = sum(other < value if lower else other > value for other in values)
        found.append(interval(better + 1, better + sum(other == value for other in values)))
    return found


def interval(first: int, last: int) -> str:
    """Return "2" or "2 to 4"."""
    return f"{first}" if first == last else f"{first} to {last}"


def listed(words: Sequence[str]) -> str:
    """Return "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def counted(number: int, noun: str) -> str:
    """Return "1 run" or "1,300 runs"."""
    return f"{number:,} {noun}{'s' * (number != 1)}"
