"""The contract of a loss: the last activation of a network and its loss together."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from optbench.core.contracts.task import Task
from optbench.core.numerics import Array


class Loss:
    """The last activation of a network and its loss together. Subclass it as a frozen, keyword-only dataclass.

    The loss E is a mean over rows. It is computed from z, the numbers before the last activation, shape (rows, k), and the
    targets y, of the same shape. Optimizers descend E. It must not be negative, because targets and the rule of divergence are
    multiples of losses. A method writes to an argument only where its description says so.
    """

    name: ClassVar[str]
    reported: ClassVar[float] = 1.0
    """Reported losses are E times this: 2 where E is half of a mean square and the mean square is what readers know."""

    @property
    def quality_name(self) -> str:
        """What `quality` is, in words, such as "accuracy"; higher is better."""
        return "accuracy"

    def incompatibility(self, task: Task) -> str:
        """Return why this loss is not for `task`, as a phrase that follows the loss's name; empty if it is."""
        return ""

    def outputs(self, task: Task) -> int:
        """Return k, the number of outputs of a network for `task`."""
        raise NotImplementedError

    def targets(self, y: Array, task: Task) -> Array:
        """Return the targets, shape (rows, k), of the type of `y`.

        Args:
            y: for a classification the number of each row's class, shape (rows, 1); else the numbers, shape (rows, columns).
            task: what is predicted.
        """
        raise NotImplementedError

    def value(self, z: Array, y: Array) -> float:
        """Return E."""
        raise NotImplementedError

    def value_and_gradient(self, z: Array, y: Array, dz: Array) -> float:
        """Return E, and write dE/dz to `dz`, shape (rows, k)."""
        raise NotImplementedError

    def second(self, z: Array, y: Array, rz: Array, out: Array) -> None:
        """Write R{dE/dz}, the derivative of dE/dz along `rz`, to `out`: the loss's part of a Hessian-vector product."""
        raise NotImplementedError

    def predict(self, z: Array, out: Array) -> None:
        """Write the network's outputs, the last activation of `z`, to `out`, which may be `z`."""
        raise NotImplementedError

    def quality(self, z: Array, y: Array) -> float:
        """Return how good the predictions are, such as their accuracy; higher is better."""
        raise NotImplementedError

    def worst(self, y: Array) -> float:
        """Return the quality of always predicting the same, with which a diverged run counts."""
        raise NotImplementedError

    def sample_labels(self, z: Array, rng: np.random.Generator) -> Array:
        """Draw targets from the distribution whose negative log-likelihood is the loss, shape (rows, k), of the type of `z`."""
        raise NotImplementedError
