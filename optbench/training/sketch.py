"""A short projection of a weight vector that preserves distances: the count sketch.

Charikar, Chen & Farach-Colton 2002 (count sketch); Weinberger et al. 2009 (as a projection that preserves inner products). Each
weight is added, with a random sign, to one of 512 buckets: E|Sx - Sy|^2 = |x - y|^2. A dense random matrix has the same
property but would need 269 MB.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from optbench.core.numerics import Array, Vector
from optbench.core.seeding import stream

WIDTH = 512
POINTS = 33


@lru_cache(maxsize=4)
def _buckets_and_signs(size: int) -> tuple[np.ndarray, np.ndarray]:
    # One seed for all runs, because only sketches by the same projection can be compared.
    rng = stream(0, "sketch")
    buckets = rng.integers(0, WIDTH, size)
    signs = rng.integers(0, 2, size) * 2.0 - 1.0
    return buckets, signs


def sketch(w: Vector) -> Array:
    """Return the sketch, (512,) float32, of the weights `w`, (P,)."""
    buckets, signs = _buckets_and_signs(w.size)
    return np.bincount(buckets, weights=w * signs, minlength=WIDTH).astype(np.float32)


def sketch_epochs(epochs: int) -> tuple[int, ...]:
    """Return 33 log-spaced epochs from 0 to `epochs` (all of them, if fewer), because weights move most at first."""
    wanted, points, spaced = min(POINTS, epochs + 1), POINTS, {0}
    while len(spaced) < wanted:  # rounding makes the first ones equal, so more are drawn until enough differ
        spaced = {round(float(epoch) - 1) for epoch in np.geomspace(1, epochs + 1, points)}
        points += 1
    return tuple(sorted(spaced))
