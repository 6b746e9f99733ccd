"""How numbers are written on the page."""

from __future__ import annotations

import math
from collections.abc import Callable

from optbench.analysis.scores import Spread
from optbench.method_docs import amount


def number(value: float, digits: int = 3) -> str:
    """Write a number with so many digits behind the point; a word for what is no number."""
    if math.isnan(value):
        return "n/a"
    if math.isinf(value):
        return "never"
    return f"{value:.{digits}f}"


def significant(value: float) -> str:
    """Write a number with three significant digits."""
    if math.isnan(value) or math.isinf(value):
        return number(value)
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004  # 1.23e+03 is hard to read


def span(spread: Spread, write: Callable[[float], str] = number) -> str:
    """Write the quartiles of a spread; nothing where they agree."""
    low, high = write(spread.low), write(spread.high)
    return "" if low == high else f"{low} to {high}"


def sortable(value: float) -> str:
    """Write a number for the script that sorts: what is missing or never came stands last."""
    return repr(value) if math.isfinite(value) else "1e300"


FILTERS = {
    "amount": amount,
    "number": number,
    "significant": significant,
    "span": span,
    "span_significant": lambda spread: span(spread, significant),
    "sortable": sortable,
}
