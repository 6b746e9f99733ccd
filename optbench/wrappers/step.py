"""Step decay."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from optbench import Schedule, fraction, positive


@dataclass(frozen=True, kw_only=True)
class Step(Schedule):
    """Step decay. He et al. 2016, CVPR, arXiv:1512.03385.

    The defaults are those of the paper for CIFAR-10: the factor falls to a tenth after half of the run, and to a tenth of that
    after three quarters. `at` are fractions of the run, so that they mean the same for any number of steps per epoch.
    """

    name: ClassVar[str] = "step"
    at: tuple[float, ...] = fraction((0.5, 0.75))
    gamma: float = positive(0.1)

    def factor(self, t: int, steps: int) -> float:
        """f_t = gamma^k, where k is the number of i with t > at_i steps."""
        return math.prod(self.gamma for fraction_ in self.at if t > fraction_ * steps)
