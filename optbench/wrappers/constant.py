"""A constant rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from optbench import Schedule, positive


@dataclass(frozen=True, kw_only=True)
class Constant(Schedule):
    """A constant factor. Bottou, Curtis & Nocedal 2018, SIAM Review 60(2), 223-311, compare constant with decreasing rates.

    The baseline of the other schedules; `by` multiplies the rates in all steps.
    """

    name: ClassVar[str] = "constant"
    by: float = positive(1.0)

    def factor(self, t: int, steps: int) -> float:
        """f_t = by."""
        return self.by
