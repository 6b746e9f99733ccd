"""Step decay."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from optbench import Schedule, fraction, positive


@dataclass(frozen=True, kw_only=True)
class Step(Schedule):
    """Step decay. He et al. 2016, CVPR, arXiv:1512.03385.

    The defaults are those of the paper on CIFAR-10: to a tenth at a half and again at three quarters of the run. `at` are
    parts of the run, so that they mean the same for a method with one step an epoch as for one with a hundred.
    """

    name: ClassVar[str] = "step"
    at: tuple[float, ...] = fraction((0.5, 0.75))
    gamma: float = positive(0.1)

    def factor(self, t: int, steps: int) -> float:
        """f_t = gamma^k, k being how many of `at` lie behind: t > at_i steps."""
        return math.prod(self.gamma for part in self.at if t > part * steps)
