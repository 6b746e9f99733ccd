"""The loss of one step's batch, as an optimizer sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

import numpy as np

from optbench.core.numerics import Array, Vector

Change: TypeAlias = Callable[[Vector], None]
"""Changes a gradient in place."""


class Objective(Protocol):
    """The loss of this step's batch as a function of the current weights.

    The loss is E of the workload's loss component, and `gradient` is its gradient; reported losses may be a multiple of E.

    Gradients and values are computed at the weights that `w` has at the time. A method may therefore write trial weights into
    `w`, evaluate them and restore the earlier ones, as line searches and SVRG do; at the end of a step `w` has the new weights.
    A run ends as diverged after a step in which no loss, of a gradient or a value, was finite; a single trial may overflow.
    """

    @property
    def noise(self) -> np.random.Generator:
        """The run's own random stream, for methods that need noise."""

    @property
    def steps(self) -> int:
        """The planned number of steps of the whole run."""

    @property
    def evaluations(self) -> float:
        """The number of gradients computed so far in the run; a step may compute more than one, and a value alone is half."""

    @property
    def rows(self) -> float:
        """The total number of rows in those gradients, so that full-batch gradients are counted at their cost."""

    @property
    def loss(self) -> float:
        """The loss at the last gradient."""

    def gradient(self, y: Array | None = None) -> Vector:
        """Return the gradient, shape (P,), in the run's one reused buffer.

        Args:
            y: targets to use instead of the batch's, shape (rows, outputs), for methods that resample them.
        """

    def value(self) -> float:
        """Return the loss at the current weights without a gradient, for line searches; it counts as half a gradient.

        The last gradient, its loss and its outputs do not change.
        """

    def hvp(self, v: Vector, out: Vector) -> None:
        """Write H v to `out`, where H is the Hessian of the loss; it counts as two gradients.

        The last gradient, its loss and its outputs do not change. For optimizers that declare `needs = frozenset({"hvp"})`.

        Args:
            v: a direction, shape (P,).
            out: buffer for the product, of the same shape and type, contiguous; not `v`.
        """

    def outputs(self) -> Array:
        """Return the network's outputs, shape (rows, outputs), at the last gradient."""

    def sample_labels(self) -> Array:
        """Draw targets from the distribution that the network predicts at the last gradient, with `noise`: for `gradient`."""

    def full(self) -> Objective:
        """Return the objective on all training rows, at their cost; its gradients use the same buffer as the batch's."""

    def after(self, change: Change) -> Objective:
        """Return the same objective with `change` applied to its gradients first.

        Gradients for targets other than the batch's, and Hessian-vector products, are not changed: they measure curvature and
        do not move the weights themselves. Nor are values: a line search around which a wrapper clips gradients compares the
        true loss with the clipped slope, and still ends at a loss that is not higher.
        """


class ChangedObjective:
    """An objective whose gradients are changed in place before they are returned; everything else is the inner objective's.

    Args:
        inner: the objective.
        change: applied to the gradients for the batch's own targets.
    """

    def __init__(self, inner: Objective, change: Change) -> None:
        self._inner, self._change = inner, change

    @property
    def noise(self) -> np.random.Generator:
        """The run's own random stream."""
        return self._inner.noise

    @property
    def steps(self) -> int:
        """The planned number of steps."""
        return self._inner.steps

    @property
    def evaluations(self) -> float:
        """The number of gradients computed so far."""
        return self._inner.evaluations

    @property
    def rows(self) -> float:
        """The total number of rows in those gradients."""
        return self._inner.rows

    @property
    def loss(self) -> float:
        """The loss at the last gradient."""
        return self._inner.loss

    def gradient(self, y: Array | None = None) -> Vector:
        """Return the gradient, changed unless `y` replaces the batch's targets."""
        g = self._inner.gradient(y)
        if y is None:
            self._change(g)
        return g

    def value(self) -> float:
        """Return the loss at the current weights."""
        return self._inner.value()

    def hvp(self, v: Vector, out: Vector) -> None:
        """Write the Hessian times `v` to `out`."""
        self._inner.hvp(v, out)

    def outputs(self) -> Array:
        """Return the outputs at the last gradient."""
        return self._inner.outputs()

    def sample_labels(self) -> Array:
        """Draw targets from the distribution that the network predicts."""
        return self._inner.sample_labels()

    def full(self) -> Objective:
        """Return the objective on all training rows, whose gradients are changed in the same way."""
        return ChangedObjective(self._inner.full(), self._change)

    def after(self, change: Change) -> Objective:
        """Return the same objective with `change` applied to its gradients after this one's."""
        return ChangedObjective(self, change)
