"""The training loop, as in a textbook. Clock, random streams and monitor are arguments; it knows no file, store or metric."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

import numpy as np

from optbench.core.contracts import Change, ChangedObjective, Loss, Model, Objective, Optimizer, SecondOrderModel
from optbench.core.numerics import Array, Vector

Clock: TypeAlias = Callable[[], float]
Monitor: TypeAlias = Callable[[int, Vector, "Batch", float], bool]
"""Called as `monitor(epoch, weights, batch, seconds)` before the first step and after each epoch; False if the run diverged."""


@dataclass(frozen=True)
class Trained:
    """How a run ended: its status and the evaluated weights, a buffer of the model or of the optimizer's state."""

    status: Literal["ok", "diverged"]
    weights: Vector


@dataclass
class Work:
    """What a run has computed so far; the objectives of its batches and of all its rows count here together.

    Attributes:
        evaluations: gradients; a value alone counts as half, a Hessian-vector product as two.
        rows: rows in them.
        finite: whether a loss of the current step is finite, of a gradient or a value; None before the first of them.
    """

    evaluations: float = 0.0
    rows: float = 0.0
    finite: bool | None = None

    def add(self, gradients: float, rows: int) -> None:
        """Count some gradients on so many rows."""
        self.evaluations += gradients
        self.rows += gradients * rows

    def note(self, loss: float) -> None:
        """Note a loss that was computed."""
        if not self.finite:
            self.finite = math.isfinite(loss)


class Batch:
    """The objective of one step: some rows, at the model's current weights. See `contracts.Objective`.

    Args:
        model: the network.
        loss: the loss that the model was bound to.
        noise: the random stream for optimizers.
        steps: the planned number of steps of the whole run.
        all_rows: inputs and targets of all training rows.
        work: counts what is computed.
    """

    def __init__(
        self,
        model: Model,
        loss: Loss,
        noise: np.random.Generator,
        steps: int,
        all_rows: tuple[Array, Array],
        *,
        work: Work | None = None,
    ) -> None:
        self.noise = noise
        self.steps = steps
        self.loss = math.nan
        self.work = work or Work()
        self._model, self._loss = model, loss
        self._all_rows = all_rows
        self._x, self._y = all_rows
        self._full: Batch | None = None
        self._outputs: Array = np.empty((0, 0))

    @property
    def evaluations(self) -> float:
        """The number of gradients computed so far."""
        return self.work.evaluations

    @property
    def rows(self) -> float:
        """The total number of rows in those gradients."""
        return self.work.rows

    def take(self, x: Array, y: Array) -> None:
        """Begin a step on the rows `x`, shape (rows, inputs), with targets `y`, shape (rows, outputs)."""
        self._x, self._y = x, y
        self.work.finite = None

    def gradient(self, y: Array | None = None) -> Vector:
        """Return the gradient on these rows, and count it."""
        self.loss = self._model.loss_and_grad(self._x, self._y if y is None else y)
        self.work.note(self.loss)
        self.work.add(1.0, len(self._x))
        return self._model.g

    def value(self) -> float:
        """Return the loss on these rows, and count it as half a gradient."""
        loss = self._loss.value(self._model.forward(self._x), self._y)
        self.work.note(loss)
        self.work.add(0.5, len(self._x))
        return loss

    def hvp(self, v: Vector, out: Vector) -> None:
        """Write the Hessian times `v` to `out`, and count it as two gradients."""
        cast("SecondOrderModel", self._model).hvp(self._x, self._y, v, out)  # the plan pairs `needs` with `provides`
        self.work.add(2.0, len(self._x))

    def outputs(self) -> Array:
        """Return the outputs at the last gradient, in a reused buffer."""
        z = self._model.z
        if self._outputs.shape != z.shape or self._outputs.dtype != z.dtype:
            self._outputs = np.empty_like(z)
        self._loss.predict(z, self._outputs)
        return self._outputs

    def sample_labels(self) -> Array:
        """Draw targets from the distribution that the network predicts at the last gradient."""
        return self._loss.sample_labels(self._model.z, self.noise)

    def full(self) -> Objective:
        """Return the objective on all training rows."""
        if self._full is None:
            self._full = Batch(self._model, self._loss, self.noise, self.steps, self._all_rows, work=self.work)
        return self._full

    def after(self, change: Change) -> Objective:
        """Return the same objective with `change` applied to its gradients first."""
        return ChangedObjective(self, change)


def rows_per_step(opt: Optimizer, rows: int, batch_size: int) -> int:
    """Return the number of rows of a step of `opt` on `rows` training rows; the last step of an epoch may have fewer."""
    return rows if opt.batch == "full" else min(batch_size, rows)


def steps_per_epoch(opt: Optimizer, rows: int, batch_size: int) -> int:
    """Return the number of steps of `opt` in one epoch of `rows` training rows."""
    return math.ceil(rows / rows_per_step(opt, rows, batch_size))


def _batches(x: Array, y: Array, size: int, rng: np.random.Generator) -> Callable[[], Iterator[tuple[Array, Array]]]:
    """Return a function that yields the rows and targets of each step of an epoch, in another order at each call.

    They are valid until the next step, because their buffers are reused. One batch of all rows keeps their order.
    """
    n = len(x)
    if size == n:
        return lambda: iter([(x, y)])
    batch_x, epoch_y = np.empty((size, x.shape[1]), x.dtype), np.empty_like(y)

    def epoch() -> Iterator[tuple[Array, Array]]:
        order = rng.permutation(n)
        # mode="clip" lets `take` write straight into `out`; every index is in range anyway.
        np.take(y, order, axis=0, out=epoch_y, mode="clip")
        for first in range(0, n, size):
            rows = order[first : first + size]
            yield np.take(x, rows, axis=0, out=batch_x[: len(rows)], mode="clip"), epoch_y[first : first + size]

    return epoch


def train(
    opt: Optimizer,
    model: Model,
    loss: Loss,
    x: Array,
    y: Array,
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
        loss: the loss that the model was bound to.
        x: inputs, shape (n, inputs), of the model's type.
        y: targets, shape (n, outputs), of the model's type.
        epochs: passes over the rows.
        batch_size: rows per step; the last batch of an epoch may be smaller.
        rng: draws the order of the rows.
        noise: passed to the optimizer.
        clock: returns seconds; the time spent in `monitor` is not counted.
        monitor: evaluates the weights after each epoch.

    Returns:
        The evaluated weights, and the status: "diverged" once no loss of a step is finite or `monitor` returns False.
    """
    w, seconds, t = model.w, 0.0, 0
    batches = _batches(x, y, rows_per_step(opt, len(x), batch_size), rng)
    at = Batch(model, loss, noise, epochs * steps_per_epoch(opt, len(x), batch_size), (x, y))
    s = opt.init(w, model.layout)
    if not monitor(0, opt.eval_weights(w, s), at, seconds):
        return Trained("diverged", opt.eval_weights(w, s))
    for epoch in range(1, epochs + 1):
        start = clock()
        for rows, targets in batches():
            t += 1
            at.take(rows, targets)
            opt.step(w, s, t, at)
            if at.work.finite is False:  # a line search may try rates at which the loss is not finite
                return Trained("diverged", opt.eval_weights(w, s))
        seconds += clock() - start
        if not monitor(epoch, opt.eval_weights(w, s), at, seconds):
            return Trained("diverged", opt.eval_weights(w, s))
    return Trained("ok", opt.eval_weights(w, s))
