"""What methods are tried on: small problems whose every number follows from a seed."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import numpy.typing as npt

from optbench.core.contracts import Change, ChangedObjective, Objective
from optbench.core.numerics import Array, Layout, Vector
from optbench.core.seeding import stream

DTYPES = ("float32", "float64")
SMALL = Layout({"wide": (6, 4), "square": (5, 5), "column": (4, 1), "vector": (7,)})
"""Every shape of a layer once."""
LARGE = Layout({"layer1": (4097, 64), "layer2": (64, 1)})
"""A network in which anything of the order of the weights stands out, even one byte for each: 262 kB."""
_BATCHES = 4


class LeastSquares:
    """An `Objective`: half the mean square of X w - y, the rows turning with the step."""

    def __init__(self, w: Vector, *, rows: int = 16, seed: int = 0, steps: int = 60) -> None:
        rng = stream(seed, "init")
        # With rows of about unit length the Hessian's eigenvalues stay below 2, whatever the number of weights.
        self._x: Array = (rng.standard_normal((_BATCHES * rows, w.size)) / np.sqrt(w.size)).astype(w.dtype)
        self._y: Vector = rng.standard_normal(_BATCHES * rows).astype(w.dtype)
        self.noise = stream(seed, "noise")
        self.steps = steps
        self.evaluations = self.rows = 0
        self.loss = float("nan")
        self._size = rows
        self.take(1)
        self.on(w)

    def on(self, w: Vector) -> LeastSquares:
        """Turn to the weights `w`, with buffers of one's own."""
        self._w, self._g = w, np.empty_like(w)
        self._outputs, self._error = (np.empty(self._size, w.dtype) for _ in range(2))
        return self

    def copied(self, w: Vector) -> LeastSquares:
        """Return the same problem at the same point of its noise, for the weights `w`."""
        other = copy.copy(self)
        other.noise = copy.deepcopy(self.noise)
        return other.on(w)

    def take(self, t: int) -> LeastSquares:
        """Turn to the rows of step `t`; a full batch is not one of all rows here."""
        first = t % _BATCHES * self._size
        self._rows = self._x[first : first + self._size], self._y[first : first + self._size]
        return self

    def gradient(self, y: Vector | None = None) -> Vector:
        """X^T (X w - y) / n."""
        x, labels = self._rows
        np.matmul(x, self._w, out=self._outputs)
        np.subtract(self._outputs, labels if y is None else y, out=self._error)
        self.loss = float(np.dot(self._error, self._error)) / self._size
        self._error *= 1.0 / self._size
        np.matmul(self._error, x, out=self._g)
        self.evaluations += 1
        self.rows += self._size
        return self._g

    def hvp(self, v: Vector, out: Vector) -> None:
        """X^T X v / n."""
        x, _ = self._rows
        np.matmul(np.matmul(x, v) / self._size, x, out=out)
        self.evaluations += 2
        self.rows += 2 * self._size

    def outputs(self) -> Vector:
        """X w."""
        return self._outputs

    def after(self, change: Change) -> Objective:
        """Return the same problem, whose gradients pass through `change` first."""
        return ChangedObjective(self, change)


class Constant(LeastSquares):
    """An `Objective` whose gradient, loss, outputs and curvature are one number, such as 0 or NaN, from step `start` on."""

    def __init__(self, w: Vector, value: float, start: int = 1) -> None:
        super().__init__(w)
        self._value, self._start, self._t = value, start, 1

    def take(self, t: int) -> LeastSquares:
        """Take note of the step."""
        self._t = t
        return super().take(t)

    def gradient(self, y: Vector | None = None) -> Vector:
        """The number, in every place."""
        g = super().gradient(y)
        if self._t >= self._start:
            g.fill(self._value)
            self._outputs.fill(self._value)
            self.loss = self._value
        return g

    def hvp(self, v: Vector, out: Vector) -> None:
        """The number, in every place."""
        super().hvp(v, out)
        if self._t >= self._start:
            out.fill(self._value)


def start(layout: Layout, dtype: npt.DTypeLike, seed: int = 1) -> Vector:
    """Return weights to begin with."""
    return stream(seed, "init").standard_normal(layout.size).astype(dtype)


def walk(opt: Any, w: Vector, s: Any, at: LeastSquares, steps: range) -> None:
    """Take the steps."""
    for t in steps:
        opt.step(w, s, t, at.take(t))


def batch(rows: int, inputs: int, dtype: npt.DTypeLike, seed: int = 2) -> tuple[Array, Vector]:
    """Return inputs, the last of which are ones, and labels of -1 and +1."""
    rng = stream(seed, "batches")
    x = rng.standard_normal((rows, inputs))
    x[:, -1] = 1.0
    return x.astype(dtype), np.where(rng.random(rows) < 0.5, -1.0, 1.0).astype(dtype)  # noqa: PLR2004  # a fair coin
