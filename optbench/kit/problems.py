"""Small problems on which components are tested: by the checks of the kit, by our tests and by those of plugins.

Every number follows from a seed, and nothing is drawn from a global generator.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from optbench.core.contracts import Change, ChangedObjective, Objective
from optbench.core.numerics import Array, Layout, Vector
from optbench.core.seeding import stream
from optbench.training.loop import Work

DTYPES = ("float32", "float64")
SMALL = Layout({"wide": (6, 4), "square": (5, 5), "column": (4, 1), "vector": (7,)})
"""One layer of each shape: 60 weights."""
LARGE = Layout({"layer1": (4097, 64), "layer2": (64, 1)})
"""262,272 weights: an allocation of even one byte per weight is easy to tell from everything else."""
STEPS = 60
"""The number of steps over which a method is compared with an oracle."""
ROWS = 16
"""The rows of a batch."""


class _Counted:
    """The counters and constants of an `Objective`."""

    def __init__(self, steps: int, seed: int) -> None:
        self.noise = stream(seed, "noise")
        self.steps = steps
        self.work = Work()
        self.loss = math.nan
        self._outputs: Vector = np.empty(ROWS)

    @property
    def evaluations(self) -> float:
        """The number of gradients computed so far."""
        return self.work.evaluations

    @property
    def rows(self) -> float:
        """The total number of rows in those gradients."""
        return self.work.rows

    def outputs(self) -> Array:
        """Return the outputs at the last gradient, shape (rows, 1)."""
        return self._outputs[:, None]

    def sample_labels(self) -> Array:
        """Draw from N(outputs, 1), whose negative log-likelihood is half the squared error, shape (rows, 1)."""
        outputs = self.outputs()
        labels: Array = self.noise.standard_normal(outputs.shape, dtype=outputs.dtype)
        labels += outputs
        return labels

    def after(self: Any, change: Change) -> Objective:
        """Return the same objective, whose gradients pass through `change` first."""
        return ChangedObjective(self, change)


class LeastSquares(_Counted):
    """An `Objective`: E = |X w - y|^2 / 2n on n = 16 rows, which change from step to step.

    Targets are noise, so that no batch agrees with another and gradients stay away from 0: a sign does not depend on rounding.
    With the default seed the path of L-BFGS is not chaotic either. All training rows are those of all batches.

    Args:
        w: the weights at which gradients are taken, shape (P,), kept by reference.
        seed: of rows, targets and noise.
        steps: the planned number of steps.
        batches: the number of different batches, after which rows recur.
    """

    def __init__(self, w: Vector, *, seed: int = 7, steps: int = STEPS, batches: int = STEPS) -> None:
        super().__init__(steps, seed)
        rng = stream(seed, "init")
        # Rows of about unit length keep the Hessian's eigenvalues below 2, whatever the number of weights.
        self._x: Array = (rng.standard_normal((batches, ROWS, w.size)) / np.sqrt(w.size)).astype(w.dtype)
        self._y: Array = rng.standard_normal((batches, ROWS)).astype(w.dtype)
        self.take(1).move_to(w)

    def move_to(self, w: Vector) -> Self:
        """Take gradients at the weights `w` from now on."""
        self.w, self._g = w, np.empty_like(w)
        self._full: LeastSquares | None = None
        self._buffers()
        return self

    def copied(self, w: Vector) -> Self:
        """Return the same problem, its noise and its counters in the same state, for the weights `w`."""
        other = copy.copy(self)
        other.noise, other.work = copy.deepcopy(self.noise), copy.copy(self.work)
        return other.move_to(w)

    def take(self, t: int) -> Self:
        """Switch to the rows of step `t`."""
        self._batch = self._x[t % len(self._x)], self._y[t % len(self._y)]
        return self

    def gradient(self, y: Array | None = None) -> Vector:
        """dE/dw = X^T (X w - y) / n."""
        x, labels = self._batch
        np.matmul(x, self.w, out=self._outputs)
        np.subtract(self._outputs, labels if y is None else y[:, 0], out=self._error)
        self.loss = _half_mean_square(self._error)
        self._error *= 1.0 / len(x)
        np.matmul(self._error, x, out=self._g)
        self.work.add(1.0, len(x))
        return self._g

    def value(self) -> float:
        """Return E; outputs and loss stay those of the last gradient."""
        x, labels = self._batch
        np.matmul(x, self.w, out=self._error)
        self._error -= labels
        self.work.add(0.5, len(x))
        return _half_mean_square(self._error)

    def hvp(self, v: Vector, out: Vector) -> None:
        """H v = X^T X v / n."""
        x, _ = self._batch
        np.matmul(np.matmul(x, v) / len(x), x, out=out)
        self.work.add(2.0, len(x))

    def full(self) -> Objective:
        """Return the objective on the rows of all batches; it counts where this one does and has the same noise."""
        if self._full is None:
            self._full = copy.copy(self).take_all()
        return self._full

    def take_all(self) -> Self:
        """Switch to the rows of all batches."""
        self._batch = self._x.reshape(-1, self.w.size), self._y.reshape(-1)
        self._full = self
        self._buffers()
        return self

    def _buffers(self) -> None:
        self._outputs, self._error = (np.empty(len(self._batch[1]), self.w.dtype) for _ in range(2))


class Fixed(_Counted):
    """An `Objective` whose gradient and Hessian-vector product are `g` at every step, and whose loss and outputs are `g[0]`.

    Args:
        g: the gradient, shape (P,); a method uses up a copy of it.
        steps: the planned number of steps.
    """

    def __init__(self, g: Vector, steps: int = STEPS) -> None:
        super().__init__(steps, seed=0)
        self._fixed, self._g = g, np.empty_like(g)
        self._outputs = np.full(ROWS, g[0])

    def take(self, t: int) -> Self:
        """Do nothing: all steps are alike."""
        return self

    def gradient(self, y: Array | None = None) -> Vector:
        """Return a copy of `g`, in one reused buffer."""
        np.copyto(self._g, self._fixed)
        self.loss = float(self._fixed[0])
        self.work.add(1.0, ROWS)
        return self._g

    def value(self) -> float:
        """Return `g[0]`."""
        self.work.add(0.5, ROWS)
        return float(self._fixed[0])

    def hvp(self, v: Vector, out: Vector) -> None:
        """Write `g` to `out`."""
        np.copyto(out, self._fixed)
        self.work.add(2.0, ROWS)

    def full(self) -> Objective:
        """Return this objective: all rows are alike too."""
        return self


def small() -> Layout:
    """Return `SMALL` as a new object, for components that may change it."""
    return Layout(dict(SMALL.shapes))


def start(layout: Layout, dtype: npt.DTypeLike = "float64", seed: int = 1) -> Vector:
    """Return initial weights, shape (P,), drawn from N(0, 1)."""
    return stream(seed, "init").standard_normal(layout.size).astype(dtype)


def walk(opt: Any, w: Vector, s: Any, at: LeastSquares | Fixed, steps: Iterable[int]) -> None:
    """Take the given steps of `opt` from the weights `w` and the state `s`, both changed in place."""
    for t in steps:
        opt.step(w, s, t, at.take(t))


def trajectory(opt: Any, problem: LeastSquares, layout: Layout = SMALL, steps: int = STEPS) -> Array:
    """Return the evaluated weights after each step of `opt`, shape (steps, P), from the problem's weights, which stay."""
    w = problem.w.copy()
    s, at = opt.init(w, layout), problem.copied(w)

    def step(t: int) -> Vector:
        opt.step(w, s, t, at.take(t))
        evaluated: Vector = opt.eval_weights(w, s)
        return evaluated

    return np.array([step(t).copy() for t in range(1, steps + 1)])


def oracle_trajectory(step: Callable[[LeastSquares, int], Vector], problem: LeastSquares, steps: int = STEPS) -> Array:
    """Return the weights after each step of an independent implementation, shape (steps, P), from the problem's weights.

    Args:
        step: takes the objective at the current weights and the step t = 1, 2, ..., and returns the new weights, (P,).
        problem: where gradients come from; its weights stay.
        steps: how many steps to take.
    """
    w = problem.w.copy()
    at, path = problem.copied(w), []
    for t in range(1, steps + 1):
        w[:] = step(at.take(t), t)
        path.append(w.copy())
    return np.array(path)


def distance(ours: Array, theirs: Array) -> float:
    """Return the largest difference of two trajectories, relative to the largest weight of the same step."""
    return float(np.max(np.abs(ours - theirs).max(axis=1) / np.abs(theirs).max(axis=1)))


def batch(rows: int, inputs: int, dtype: npt.DTypeLike, seed: int = 2) -> tuple[Array, Array]:
    """Return inputs, shape (rows, inputs), the last of which are ones, and labels of -1 and +1, shape (rows, 1)."""
    rng = stream(seed, "batches")
    x = rng.standard_normal((rows, inputs))
    x[:, -1] = 1.0
    return x.astype(dtype), np.where(rng.random((rows, 1)) < 0.5, -1.0, 1.0).astype(dtype)  # noqa: PLR2004  # a fair coin


def class_numbers(rows: int, classes: int, dtype: npt.DTypeLike = "float64", seed: int = 2) -> Array:
    """Return numbers of classes, shape (rows, 1); each class occurs where there are enough rows."""
    return stream(seed, "batches").permuted(np.arange(rows) % classes)[:, None].astype(dtype)


def _half_mean_square(error: Vector) -> float:
    return 0.5 * float(np.dot(error, error)) / len(error)
