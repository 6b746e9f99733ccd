"""Cosine annealing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from optbench import Schedule, fraction, non_negative


@dataclass(frozen=True, kw_only=True)
class Cosine(Schedule):
    """Cosine annealing without restarts, with an optional linear warm-up. Loshchilov & Hutter 2017, ICLR, arXiv:1608.03983.

    The factor rises to 1 at step number `warmup` (Goyal et al. 2017, arXiv:1706.02677) and falls from there to `floor` at the
    run's last step, whose rate is 0 with floor = 0. torch, which counts from 0, gives step t the factor of our t - 1.
    """

    name: ClassVar[str] = "cosine"
    warmup: int = non_negative(0)
    floor: float = fraction(0.0)

    def factor(self, t: int, steps: int) -> float:
        """f_t = t / warmup, then floor + (1 - floor) (1 + cos(pi p)) / 2, p = (t - warmup) / (steps - warmup)."""
        if t <= self.warmup:
            return t / self.warmup
        done = (t - self.warmup) / (steps - self.warmup)
        return self.floor + (1.0 - self.floor) * (1.0 + math.cos(math.pi * done)) / 2.0
