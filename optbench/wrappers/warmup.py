"""Linear warm-up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from optbench import Schedule, count, fraction


@dataclass(frozen=True, kw_only=True)
class Warmup(Schedule):
    """Linear warm-up. Goyal et al. 2017, arXiv:1706.02677: gradual warm-up.

    The factor rises from `start` in equal parts and is 1 at step number `steps` and from then on. A run that is shorter ends on
    the way.
    """

    name: ClassVar[str] = "warmup"
    steps: int = count(100)
    start: float = fraction(0.0)

    def factor(self, t: int, steps: int) -> float:
        """f_t = start + (1 - start) min(t / steps, 1), `steps` being those of the warm-up."""
        return self.start + (1.0 - self.start) * min(t / self.steps, 1.0)
