"""How generated tables are drawn: the same bits on every processor.

IEEE 754 prescribes every bit of a sum, product, quotient and square root, but not the order of the additions in a product of
matrices, and no bit of a sine or a tanh: they depend on the BLAS and on the processor's vector instructions. Everything here is
therefore written with those four operations, in a fixed order, on numbers of `Generator.random` alone, whose stream NumPy has
not changed (other methods may: NEP 19).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import accumulate, pairwise

import numpy as np

from optbench import Array, Split, TableRows

SIZES: Mapping[Split, int] = {"train": 1200, "validation": 400, "test": 400}
"""The rows of a generated table; small, so that many optimizers, rates and seeds can be tried."""
ROWS = sum(SIZES.values())
_TERMS = 40


def normals(rng: np.random.Generator, *shape: int) -> Array:
    """Draw numbers of mean 0 and variance 1 that are nearly normal: each is the sum of twelve uniform numbers, less 6."""
    total = np.full(shape, -6.0)
    for _ in range(12):
        total += rng.random(shape)
    return total


def signs(rng: np.random.Generator, *shape: int) -> Array:
    """Draw -1 or +1, with equal probability."""
    return np.where(rng.random(shape) < 0.5, -1.0, 1.0)  # noqa: PLR2004  # a half


def order(rng: np.random.Generator, rows: int) -> list[int]:
    """Draw a permutation of `rows` numbers."""
    drawn = rng.random(rows).tolist()
    return sorted(range(rows), key=drawn.__getitem__)


def linear(x: Array, w: Array) -> Array:
    """Return the product of `x`, shape (rows, d), and `w`, shape (d, units), added up from the first column to the last."""
    total = np.zeros((len(x), w.shape[1]))
    for column, weights in zip(x.T, w, strict=True):
        total += column[:, None] * weights
    return total


def inner(a: Array, b: Array) -> float:
    """Return the inner product of two vectors, with one rounding for all additions."""
    return math.fsum((a * b).tolist())


def tanh(x: Array) -> Array:
    """Return the hyperbolic tangent for |x| < 20, by Lambert's continued fraction x / (1 + x^2 / (3 + x^2 / (5 + ...)))."""
    square = x * x
    below = np.full(x.shape, 2.0 * _TERMS + 1.0)
    for odd in range(2 * _TERMS - 1, 0, -2):
        below = odd + square / below
    ratio: Array = x / below
    return ratio


def sine(x: Array) -> Array:
    """Return the sine for |x| < 21, by its Taylor series: the error grows with |x|, to 1e-8."""
    square = x * x
    term, total = x.copy(), x.copy()
    for even in range(2, 2 * _TERMS, 2):
        term = -term * square / (even * (even + 1.0))
        total += term
    return total


def divided(features: Array, targets: Array) -> dict[Split, TableRows]:
    """Return the first rows as training, the next as validation, and the last as test rows, by `SIZES`.

    Features are rounded to float32, so that runs in float32 and float64 see the same table.

    Args:
        features: shape (ROWS, d).
        targets: shape (ROWS,), or (ROWS, columns).
    """
    features = features.astype(np.float32).astype(np.float64)
    targets = targets.reshape(ROWS, -1).astype(np.float64)
    stops = accumulate(SIZES.values(), initial=0)
    parts = [slice(*bounds) for bounds in pairwise(stops)]
    return {split: TableRows(features[part], targets[part]) for split, part in zip(SIZES, parts, strict=True)}
