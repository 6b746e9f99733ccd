"""A problem that every optimizer can be run on: a noisy quadratic whose weights are two matrices and a vector."""

from __future__ import annotations

import numpy as np

from optbench import Array, Layout, Objective, Optimizer, Vector
from optbench.core.contracts import Change, ChangedObjective

LAYOUT = Layout({"first": (6, 4), "square": (5, 5), "vector": (7,)})


class Quadratic:
    """An `Objective`: half of (w - c)^T A (w - c), and noise in its gradient that depends on the step alone.

    The noise keeps gradients from becoming small, so that no sign hangs on a rounding error.
    """

    def __init__(
        self, layout: Layout = LAYOUT, dtype: str = "float64", noise: float = 0.3, seed: int = 0, steps: int = 60
    ) -> None:
        rng = np.random.default_rng(seed)
        size = layout.size
        basis, _ = np.linalg.qr(rng.standard_normal((size, size)))
        self._a = ((basis * np.geomspace(0.05, 1.0, size)) @ basis.T).astype(dtype)
        self._c = rng.standard_normal(size).astype(dtype)
        self._noise = (noise * rng.standard_normal((steps + 1, size))).astype(dtype)
        self._g = np.empty(size, dtype)
        self.start = rng.standard_normal(size).astype(dtype)
        self.layout = layout
        self.noise, self.steps = rng, steps
        self.loss, self.evaluations, self.rows = 0.0, 0, 0
        self.w, self.t = self.start, 0

    def at(self, w: Vector, t: int) -> Quadratic:
        self.w, self.t = w, t
        return self

    def gradient(self, y: Vector | None = None) -> Vector:
        np.matmul(self._a, self.w - self._c, out=self._g)
        self._g += self._noise[self.t]
        return self._g

    def outputs(self) -> Vector:
        return self.w

    def after(self, change: Change) -> Objective:
        return ChangedObjective(self, change)


class Handed:
    """An `Objective` that hands out the vector it was made with, whatever the weights."""

    loss, evaluations, rows = 0.0, 0, 0

    def __init__(self, g: Vector, steps: int = 60) -> None:
        self._g = g
        self.noise, self.steps = np.random.default_rng(0), steps

    def gradient(self, y: Vector | None = None) -> Vector:
        return self._g

    def after(self, change: Change) -> Objective:
        return ChangedObjective(self, change)


def trajectory(opt: Optimizer, problem: Quadratic, steps: int = 60) -> Array:
    """Run `opt` from the problem's start and return the weights after each step, shape (steps, P)."""
    w = problem.start.copy()
    s = opt.init(w, problem.layout)
    path = []
    for t in range(1, steps + 1):
        opt.step(w, s, t, problem.at(w, t))
        path.append(opt.eval_weights(w, s).copy())
    return np.array(path)


def distance(ours: Array, theirs: Array) -> float:
    """Return the largest difference of two trajectories, relative to the largest weight of the same step."""
    return float(np.max(np.abs(ours - theirs).max(axis=1) / np.abs(theirs).max(axis=1)))
