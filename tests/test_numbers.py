"""How numbers are written in tables."""

from __future__ import annotations

import math

import pytest

from optbench.report.numbers import number, significant


@pytest.mark.parametrize(
    ("value", "as_number", "as_significant"),
    [
        (0.5, "0.500", "0.5"),
        (-192.3456, "-192.346", "-192"),
        (999_999.0, "999999.000", "999999"),
        (1.2084832e17, "1.21e+17", "1.21e+17"),
        (-3e6, "-3e+06", "-3e+06"),
        (math.nan, "n/a", "n/a"),
        (math.inf, "never", "never"),
    ],
)
def test_large_numbers_keep_their_magnitude(value: float, as_number: str, as_significant: str) -> None:
    assert (number(value), significant(value)) == (as_number, as_significant)
