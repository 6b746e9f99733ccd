"""Half the mean squared error of linear outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from optbench import Array, Loss, Task


@dataclass(frozen=True, kw_only=True)
class Squared(Loss):
    """Half the mean squared error of linear outputs, summed over the outputs and averaged over the rows: E = |z - y|^2 / 2n.

    Legendre 1805, Nouvelles méthodes pour la détermination des orbites des comètes, appendix.
    """

    name: ClassVar[str] = "squared"
    reported: ClassVar[float] = 2.0

    @property
    def quality_name(self) -> str:
        """The coefficient of determination."""
        return "R²"

    def incompatibility(self, task: Task) -> str:
        """Return why a classification does not fit."""
        if not task.classes:
            return ""
        return f"is for numbers as targets, and the dataset has {len(task.classes)} classes: use cross-entropy"

    def outputs(self, task: Task) -> int:
        """Return one output per number that is predicted."""
        return task.columns

    def targets(self, y: Array, task: Task) -> Array:
        """Return the numbers themselves."""
        return y

    def value(self, z: Array, y: Array) -> float:
        """Return E."""
        return _half_square(z - y) / len(y)

    def value_and_gradient(self, z: Array, y: Array, dz: Array) -> float:
        """Return E; dE/dz = (z - y) / n."""
        np.subtract(z, y, out=dz)
        loss = _half_square(dz) / len(y)
        dz *= 1.0 / len(y)
        return loss

    def second(self, z: Array, y: Array, rz: Array, out: Array) -> None:
        """R{dE/dz} = R{z} / n."""
        np.multiply(rz, 1.0 / len(y), out=out)

    def predict(self, z: Array, out: Array) -> None:
        """Copy `z`."""
        np.copyto(out, z)

    def quality(self, z: Array, y: Array) -> float:
        """Return R², the explained share of the variance of the targets, over all columns together; it may be below 0."""
        spread = _half_square(y - y.mean(axis=0))
        return 1.0 - _half_square(z - y) / spread if spread else 0.0

    def worst(self, y: Array) -> float:
        """Return 0, the R² of the mean."""
        return 0.0

    def sample_labels(self, z: Array, rng: np.random.Generator) -> Array:
        """Draw from N(z, 1), whose negative log-likelihood is half the squared error."""
        labels: Array = rng.standard_normal(z.shape, dtype=z.dtype)
        labels += z
        return labels


def _half_square(error: Array) -> float:
    flat = error.ravel()
    return 0.5 * float(np.dot(flat, flat))
