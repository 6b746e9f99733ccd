"""How numbers are written in tables."""

from __future__ import annotations

import math

MISSING = "n/a"
_LARGE = 1e6
NEVER = "never"
"""What an infinite value is written as: the target was not reached."""


def number(value: float, digits: int = 3) -> str:
    """Write a number with `digits` decimal places, from 1e6 on with an exponent; NaN as n/a and infinity as never."""
    if math.isnan(value):
        return MISSING
    if math.isinf(value):
        return NEVER
    return f"{value:.{digits}g}" if abs(value) >= _LARGE else f"{value:.{digits}f}"


def significant(value: float) -> str:
    """Write a number with three significant digits, from 100 on as an integer and from 1e6 on with an exponent."""
    if math.isnan(value) or math.isinf(value):
        return number(value)
    return f"{value:.0f}" if 100 <= abs(value) < _LARGE else f"{value:.3g}"  # noqa: PLR2004  # 1.23e+03 is hard to read


def sortable(value: float) -> str:
    """Write a number for the script that sorts: NaN and infinity come last."""
    return repr(value) if math.isfinite(value) else "1e300"
