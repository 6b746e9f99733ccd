"""A constant rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from optbench import Schedule, positive


@dataclass(frozen=True, kw_only=True)
class Constant(Schedule):
    """A rate that stays as it is. Bottou, Curtis & Nocedal 2018, SIAM Review 60(2), 223-311, treat it beside falling ones.

    What the other schedules are compared with; `by` multiplies the rates throughout.
    """

    name: ClassVar[str] = "constant"
    by: float = positive(1.0)

    def factor(self, t: int, steps: int) -> float:
        """f_t = by."""
        return self.by
