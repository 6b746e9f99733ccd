"""The start of a run's twin: its initial weights, each moved by a very small relative amount."""

from __future__ import annotations

from optbench.core.numerics import Vector
from optbench.core.seeding import stream

BESIDE = 1e-7
"""How far a twin starts from its run: each weight is multiplied by 1 + BESIDE or by 1 - BESIDE.

Neighbouring float32 are 6e-8 to 1.2e-7 of their size apart, so that a weight of this type moves by one or two places.
"""


def beside(weights: Vector, seed: int) -> Vector:
    """Return the initial weights of the twin, in float64; weights that are 0 stay 0.

    Args:
        weights: those of the run, of its type.
        seed: the run's.
    """
    signs = stream(seed, "twin").choice([-1.0, 1.0], len(weights))
    return weights * (1.0 + BESIDE * signs)
