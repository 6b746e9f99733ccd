"""The training loop, as in a textbook. Clock, random streams and monitor are arguments; it knows no file, store or metric."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

import numpy as np

from optbench.core.contracts import Change, ChangedObjective, Model, Objective, Optimizer, SecondOrderModel
from optbench.core.numerics import Array, Vector

Clock: TypeAlias = Callable[[], float]
Monitor: TypeAlias = Callable[[int, Vector, "Batch", float], bool]
"""Called as `monitor(epoch, weights, batch, seconds)` before the first step and after each epoch; False if the run diverged."""


@dataclass(frozen=True)
class Trained:
    """How a run ended: its status and the evaluated weights, a buffer of the model or of the optimizer's state."""

    status: Literal["ok", "diverged"]
    weights: Vector


class Batch:
    """The objective of one step: some rows, at the model's current weights. See `contracts.Objective`.

    Args:
        model: the network.
        noise: the random stream for optimizers.
        steps: the planned number of steps of the whole run.
    """

    def __init__(self, model: Model, noise: np.random.Generator, steps: int) -> None:
        self.noise = noise
        self.steps = steps
        self.evaluations = 0
        self.rows = 0
        self.loss = math.nan
        self._model = model
        self._x: Array = np.empty((0, 0))
        self._y: Vector = np.empty(0)

    def take(self, x: Array, y: Vector) -> None:
        """Use the rows `x`, shape (rows, inputs), with labels `y`, shape (rows,), from now on."""
        self._x, self._y = x, y

    def gradient(self, y: Vector | None = None) -> Vector:
        """Return the gradient of half the mean squared error on these rows, and count it."""
        self.loss = self._model.loss_and_grad(self._x, self._y if y is None else y)
        self.evaluations += 1
        self.rows += len(self._x)
        return self._model.g

    def hvp(self, v: Vector, out: Vector) -> None:
        """Write the Hessian times `v` to `out`, and count it as two gradients."""
        cast("SecondOrderModel", self._model).hvp(self._x, self._y, v, out)  # the plan pairs `needs` with `provides`
        self.evaluations += 2
        self.rows += 2 * len(self._x)

    def outputs(self) -> Vector:
        """Return the outputs at the last gradient."""
        return self._model.outputs()

    def after(self, change: Change) -> Objective:
        """Return the same objective with `change` applied to its gradients first."""
        return ChangedObjective(self, change)


def rows_per_step(opt: Optimizer, rows: int, batch_size: int) -> int:
    """Return the number of rows of a step of `opt` on `rows` training rows; the last step of an epoch may have fewer."""
    return rows if opt.batch == "full" else min(batch_size, rows)


def steps_per_epoch(opt: Optimizer, rows: int, batch_size: int) -> int:
    """Return the number of steps of `opt` in one epoch of `rows` training rows."""
    return math.ceil(rows / rows_per_step(opt, rows, batch_size))


def _batches(x: Array, y: Vector, size: int, rng: np.random.Generator) -> Callable[[], Iterator[tuple[Array, Vector]]]:
    """Return a function that yields the rows and labels of each step of an epoch, in another order at each call.

    They are valid until the next step, because their buffers are reused. One batch of all rows keeps their order.
    """
    n = len(x)
    if size == n:
        return lambda: iter([(x, y)])
    batch_x, epoch_y = np.empty((size, x.shape[1]), x.dtype), np.empty_like(y)

    def epoch() -> Iterator[tuple[Array, Vector]]:
        order = rng.permutation(n)
        # mode="clip" lets `take` write straight into `out`; every index is in range anyway.
        np.take(y, order, out=epoch_y, mode="clip")
        for first in range(0, n, size):
            rows = order[first : first + size]
            yield np.take(x, rows, axis=0, out=batch_x[: len(rows)], mode="clip"), epoch_y[first : first + size]

    return epoch


def train(
    opt: Optimizer,
    model: Model,
    x: Array,
    y: Vector,
    *,
    epochs: int,
    batch_size: int,
    rng: np.random.Generator,
    noise: np.random.Generator,
    clock: Clock,
    monitor: Monitor,
) -> Trained:
    """Train `model` from its current weights on all rows, once per epoch, in batches of a random order.

    Args:
        opt: the optimizer.
        model: holds the weights; they are updated in place.
        x: inputs, shape (n, inputs), of the model's type.
        y: labels, -1 or +1, shape (n,), of the model's type.
        epochs: passes over the rows.
        batch_size: rows per step; the last batch of an epoch may be smaller.
        rng: draws the order of the rows.
        noise: passed to the optimizer.
        clock: returns seconds; the time spent in `monitor` is not counted.
        monitor: evaluates the weights after each epoch.

    Returns:
        The evaluated weights, and the status: "diverged" once the loss of a batch is not finite or `monitor` returns False.
    """
    w, seconds, t = model.w, 0.0, 0
    batches = _batches(x, y, rows_per_step(opt, len(x), batch_size), rng)
    at = Batch(model, noise, steps=epochs * steps_per_epoch(opt, len(x), batch_size))
    s = opt.init(w, model.layout)
    if not monitor(0, opt.eval_weights(w, s), at, seconds):
        return Trained("diverged", opt.eval_weights(w, s))
    for epoch in range(1, epochs + 1):
        start = clock()
        for rows, labels in batches():
            t += 1
            at.take(rows, labels)
            opt.step(w, s, t, at)
            if not math.isfinite(at.loss):
                return Trained("diverged", opt.eval_weights(w, s))
        seconds += clock() - start
        if not monitor(epoch, opt.eval_weights(w, s), at, seconds):
            return Trained("diverged", opt.eval_weights(w, s))
    return Trained("ok", opt.eval_weights(w, s))
