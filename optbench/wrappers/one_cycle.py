"""The one-cycle policy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from optbench import Schedule, fraction


@dataclass(frozen=True, kw_only=True)
class OneCycle(Schedule):
    """One cycle: up to the full rate, and down to nearly 0. Smith & Topin 2018, arXiv:1708.07120.

    The factor is `start` in the first step (if the rise takes more than one), 1 after the fraction `rise` of the run, and `end`
    in the last step. Deviations: two cosines in place of three lines, with torch's defaults; the momentum is not changed.
    """

    name: ClassVar[str] = "one-cycle"
    rise: float = fraction(0.3)
    start: float = fraction(1.0 / 25.0)
    end: float = fraction(4e-6)

    def factor(self, t: int, steps: int) -> float:
        """f_t = 1 + (start - 1) c up to step rise steps, then end + (1 - end) c; c = (1 + cos(pi p)) / 2 goes from 1 to 0."""
        top = self.rise * steps
        first, last, done = (self.start, 1.0, (t - 1) / (top - 1)) if t < top else (1.0, self.end, (t - top) / (steps - top))
        return last + (first - last) * (1.0 + math.cos(math.pi * done)) / 2.0
