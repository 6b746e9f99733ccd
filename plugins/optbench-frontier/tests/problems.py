"""What the tests' optimizers work on: noisy least squares on a 6x4 matrix, a 5x5 one and a vector."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from optbench import Layout, Optimizer

STEPS = 60
ROWS = 40
LAYOUT = Layout({"wide": (6, 4), "square": (5, 5), "vector": (7,)})
REAL = Layout({"layer1": (2049, 64), "layer2": (64, 1)})
"""The layout of optbench's two-layer network."""


class LeastSquares:
    """An `optbench.Objective`: half the mean square of X w - y on rows that are other ones at each step."""

    def __init__(self, w: np.ndarray, steps: int = STEPS) -> None:
        self.noise = np.random.default_rng(5)
        self.steps = steps
        self.evaluations = self.rows = 0
        self.loss = np.nan
        self._w, self._rng = w, np.random.default_rng(7)
        self._target = self._rng.standard_normal(w.size).astype(w.dtype)
        self._g, self._outputs = np.empty_like(w), np.empty(ROWS, w.dtype)

    def advance(self) -> LeastSquares:
        """Draw the next step's rows; columns differ in scale, so that curvatures do."""
        scales = np.linspace(0.3, 1.5, self._w.size)
        self._x = (self._rng.standard_normal((ROWS, self._w.size)) * scales).astype(self._w.dtype)
        self._y = self._x @ self._target + self._rng.standard_normal(ROWS).astype(self._w.dtype)
        return self

    def gradient(self, y: np.ndarray | None = None) -> np.ndarray:
        """As the contract has it: into one reused buffer."""
        np.matmul(self._x, self._w, out=self._outputs)
        error = self._outputs - (self._y if y is None else y)
        self.loss = float(error @ error) / ROWS
        self._g[:] = self._x.T @ error / ROWS
        self.evaluations += 1
        self.rows += ROWS
        return self._g

    def hvp(self, v: np.ndarray, out: np.ndarray) -> None:
        """X^T X v / n."""
        out[:] = self._x.T @ (self._x @ v) / ROWS
        self.evaluations += 2
        self.rows += 2 * ROWS

    def outputs(self) -> np.ndarray:
        """X w."""
        return self._outputs


def start(layout: Layout = LAYOUT, dtype: Any = np.float64) -> np.ndarray:
    """Return initial weights."""
    return np.random.default_rng(3).standard_normal(layout.size).astype(dtype)


def path(opt: Optimizer, factors: Sequence[float] = (1.0,) * STEPS) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights after each step, and the evaluated ones after the last; rates are multiplied by the step's factor."""
    w = start()
    at, s, rows = LeastSquares(w), opt.init(w, LAYOUT), []
    for t, factor in enumerate(factors, start=1):
        (opt if factor == 1.0 else opt.scaled(factor)).step(w, s, t, at.advance())
        rows.append(w.copy())
    return np.array(rows), opt.eval_weights(w, s).copy()


def oracle_path(
    make: Callable[[dict[str, np.ndarray]], Callable[[dict[str, np.ndarray], LeastSquares, int], dict[str, np.ndarray]]],
) -> np.ndarray:
    """Return a stranger's weights after each step: `make(layers)` gives a function of gradients that returns new layers."""
    w = start()
    at, rows = LeastSquares(w), []
    step = make({name: layer.copy() for name, layer in LAYOUT.views(w).items()})
    for t in range(1, STEPS + 1):
        g = at.advance().gradient().copy()
        layers = step({name: layer.copy() for name, layer in LAYOUT.views(g).items()}, at, t)
        w[:] = np.concatenate([layers[name].ravel() for name in LAYOUT.shapes])  # jax hands dictionaries back sorted
        rows.append(w.copy())
    return np.array(rows)
