"""Linear warm-up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from optbench import Schedule, count, fraction


@dataclass(frozen=True, kw_only=True)
class Warmup(Schedule):
    """Linear warm-up. Goyal et al. 2017, arXiv:1706.02677: gradual warm-up.

    The factor increases linearly from `start` and is 1 from step number `steps` on; a shorter run ends before that.
    """

    name: ClassVar[str] = "warmup"
    steps: int = count(100)
    start: float = fraction(0.0)

    def factor(self, t: int, steps: int) -> float:
        """f_t = start + (1 - start) min(t / steps, 1), where `steps` is the hyper-parameter."""
        return self.start + (1.0 - self.start) * min(t / self.steps, 1.0)
