"""The work that every implementation does: seeded rows, initial weights and the order of the rows, with NumPy alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np

TRAIN, OTHERS, INPUTS = 600, 200, 2049
BATCH = 32
WIDTHS = {"single-layer": (), "two-layer-mlp": (64,), "recursive-mlp": (128, 64, 32)}
RATES = {"adagrad": 0.01, "adam": 0.001, "gd": 0.01, "rmsprop": 0.01, "sgd": 0.1}
_NONZERO = 40  # of the 1024 columns of a text: more than words give (4 of qa-tr's), fewer than character n-grams (106)


@dataclass(frozen=True)
class Job:
    """One training."""

    optimizer: str
    architecture: str
    epochs: int
    dtype: str = "float32"

    @property
    def steps(self) -> int:
        """How many steps that is; gradient descent takes one an epoch."""
        return self.epochs * (1 if self.optimizer == "gd" else math.ceil(TRAIN / BATCH))


Curves = tuple[list[float], list[float]]
"""After each epoch: mean squared error on all training rows, accuracy on the others."""
Run = Callable[[], Curves]
"""A training from the initial weights, with all that is not to be timed (compilation, say) already done."""


@cache
def rows() -> tuple[np.ndarray, np.ndarray]:
    """Return x, (800, 2049), and labels, (800,), float64: the training rows first.

    A row is two sparse unit vectors side by side (question, answer) and a one; its label is the sign of a fixed linear map.
    """
    rng = np.random.default_rng(0)
    n, half = TRAIN + OTHERS, INPUTS // 2
    x = np.zeros((n, 2, half))
    for text in x.reshape(-1, half):
        text[rng.choice(half, _NONZERO, replace=False)] = rng.normal(size=_NONZERO)
    x /= np.linalg.norm(x, axis=2, keepdims=True)
    x = np.hstack([x.reshape(n, -1), np.ones((n, 1))])
    y = np.where(x[:, :-1] @ rng.normal(size=INPUTS - 1) > 0, 1.0, -1.0)
    # As float32 holds them, whatever the type of the run: optbench's embedders return float32.
    return x.astype(np.float32).astype(float), y


def arrays(dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows in the type of a run."""
    x, y = rows()
    return x.astype(dtype), y.astype(dtype)


def initial(architecture: str, seed: int = 0) -> list[np.ndarray]:
    """Return the initial weights, one (in, out) float64 matrix a layer: Glorot's uniform ones, as optbench draws them."""
    shapes = list(pairwise((INPUTS, *WIDTHS[architecture], 1)))
    uniform = generator(seed, 0).random(sum(math.prod(shape) for shape in shapes)) * 2 - 1
    parts = np.split(uniform, np.cumsum([math.prod(shape) for shape in shapes])[:-1])
    return [part.reshape(shape) * math.sqrt(6 / sum(shape)) for part, shape in zip(parts, shapes, strict=True)]


def orders(epochs: int, seed: int = 0) -> np.ndarray:
    """Return the order of the training rows in each epoch, (epochs, 600)."""
    rng = generator(seed, 1)
    return np.array([rng.permutation(TRAIN) for _ in range(epochs)])


def generator(seed: int, purpose: int) -> np.random.Generator:
    """Return optbench's stream of initial weights (0) or batches (1), made without optbench."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(purpose,))))
