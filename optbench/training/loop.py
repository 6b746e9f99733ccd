"""The training loop. It reads like the textbook, and knows nothing of stores, files or clocks but through its arguments."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, TypeAlias, cast

import numpy as np

from optbench.core.contracts import Change, ChangedObjective, Model, Objective, Optimizer, SecondOrderModel
from optbench.core.numerics import Array, Vector, norm

Clock: TypeAlias = Callable[[], float]
Watch: TypeAlias = Callable[[int, Vector, "Batch", float], bool]
"""Called as `watch(epoch, weights, batch, seconds)` before the first step and after each epoch; False: the run diverged."""


class Batch:
    """The objective of one step: some rows, at the model's weights as they now stand. See `contracts.Objective`."""

    def __init__(self, model: Model, noise: np.random.Generator, steps: int) -> None:
        self.noise = noise
        self.steps = steps
        self.evaluations = 0
        self.rows = 0
        self.loss = math.nan
        self.before = np.empty_like(model.w)  # the evaluated weights at the last `mark`
        self.gradient_norm = math.nan  # of the first gradient since then, before the optimizer uses it up
        self._marked = False
        self._model = model
        self._x: Array = np.empty((0, 0))
        self._y: Vector = np.empty(0)

    def take(self, x: Array, y: Vector) -> None:
        """Turn to other rows."""
        self._x, self._y = x, y

    def mark(self, weights: Vector) -> None:
        """Keep what diagnostics need of the next step: the weights before it, and the norm of its gradient."""
        np.copyto(self.before, weights)
        self.gradient_norm = math.nan
        self._marked = True

    def gradient(self, y: Vector | None = None) -> Vector:
        """Return the gradient of half the mean squared error on these rows, and count it."""
        self.loss = self._model.loss_and_grad(self._x, self._y if y is None else y)
        self.evaluations += 1
        self.rows += len(self._x)
        if self._marked and y is None:
            self._marked = False
            self.gradient_norm = norm(self._model.g)
        return self._model.g

    def hvp(self, v: Vector, out: Vector) -> None:
        """Write the Hessian times `v` to `out`, and count it as two gradients."""
        cast("SecondOrderModel", self._model).hvp(self._x, self._y, v, out)  # the plan has seen to it that there is one
        self.evaluations += 2
        self.rows += 2 * len(self._x)

    def outputs(self) -> Vector:
        """Return the outputs at the last gradient."""
        return self._model.outputs()

    def after(self, change: Change) -> Objective:
        """Return the same objective, whose gradients pass through `change` first."""
        return ChangedObjective(self, change)


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
    watch: Watch,
) -> Literal["ok", "diverged"]:
    """Train `model` in place on the rows `x`, (n, inputs), with labels `y`, (n,).

    Args:
        opt: the optimizer; its `batch` says whether a step sees `batch_size` rows or all of them.
        model: its weights are the initial ones.
        x: inputs, of the model's type.
        y: labels, -1 or +1, of the model's type.
        epochs: passes over the rows.
        batch_size: rows a step; the last batch of an epoch may be shorter.
        rng: draws the order of the rows.
        noise: handed to the optimizer.
        clock: seconds; stopped for `watch`, and before the last step of an epoch, which diagnostics look at.
        watch: judges the weights after each epoch.

    Returns:
        "diverged" as soon as a loss is not finite or `watch` says so, else "ok".
    """
    n, w = len(x), model.w
    size = n if opt.batch == "full" else min(batch_size, n)
    at = Batch(model, noise, steps=epochs * math.ceil(n / size))
    batch_x, epoch_y = np.empty((size, x.shape[1]), x.dtype), np.empty_like(y)
    s = opt.init(w, model.layout)
    seconds, t = 0.0, 0
    if not watch(0, opt.eval_weights(w, s), at, seconds):
        return "diverged"
    for epoch in range(1, epochs + 1):
        start = clock()
        order = rng.permutation(n) if size < n else None
        if order is not None:
            # mode="clip" lets `take` write straight into `out`; every index is in range anyway.
            np.take(y, order, out=epoch_y, mode="clip")
        for first in range(0, n, size):
            if order is None:
                at.take(x, y)
            else:
                rows = order[first : first + size]
                at.take(np.take(x, rows, axis=0, out=batch_x[: len(rows)], mode="clip"), epoch_y[first : first + size])
            t += 1
            if first + size >= n:
                seconds += clock() - start
                at.mark(opt.eval_weights(w, s))
                start = clock()
            opt.step(w, s, t, at)
            if not math.isfinite(at.loss):
                return "diverged"
        seconds += clock() - start
        if not watch(epoch, opt.eval_weights(w, s), at, seconds):
            return "diverged"
    return "ok"
