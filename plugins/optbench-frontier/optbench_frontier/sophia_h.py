"""Sophia-H."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from optbench import Objective, Oracle, State, Vector
from optbench_frontier.sophia import Sophia


@dataclass(frozen=True, kw_only=True)
class SophiaH(Sophia):
    """Sophia with Hutchinson's estimate of the Hessian's diagonal. Liu et al. 2024, ICLR, arXiv:2305.14342, Algorithms 1 and 3.

    The estimate is u * (H u), with u drawn from N(0, I); where it is negative, eps is used instead. gamma is the paper's for
    Sophia-H. Deviations, both as in optax: m is bias-corrected, and h is updated after it is used. optax draws signs for u.
    """

    name: ClassVar[str] = "sophia-h"
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("optax.contrib.sophia (with the same noise)"),)
    needs: ClassVar[frozenset[str]] = frozenset({"hvp"})

    def estimate(self, g: Vector, s: State, at: Objective) -> None:
        """Estimate u * (H u)."""
        at.noise.standard_normal(out=s.scratch, dtype=s.scratch.dtype)
        at.hvp(s.scratch, s.estimate)
        s.estimate *= s.scratch
