"""Half the mean squared error of a tanh output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from optbench import Array, Loss, Task


@dataclass(frozen=True, kw_only=True)
class SquaredTanh(Loss):
    """Half the mean squared error of tanh outputs against labels of -1 and +1, one output per row: E = |h - y|^2 / 2n.

    The loss of the experiment from which optbench originated. It is bounded by 2, so that a run may diverge at a small loss.
    Rumelhart, Hinton & Williams 1986, Nature 323, 533-536.
    """

    name: ClassVar[str] = "squared-tanh"
    reported: ClassVar[float] = 2.0

    def incompatibility(self, task: Task) -> str:
        """Return why a task other than one of two classes does not fit."""
        if not task.classes:
            return "is for two classes, and the dataset has numbers as targets: use squared"
        if len(task.classes) == 2:  # noqa: PLR2004  # the two that -1 and +1 stand for
            return ""
        return f"is for two classes, and the dataset has {len(task.classes)}: use cross-entropy"

    def outputs(self, task: Task) -> int:
        """Return 1."""
        return 1

    def targets(self, y: Array, task: Task) -> Array:
        """Return -1 for class 0 and +1 for class 1."""
        labels: Array = 2.0 * y - 1.0
        return labels.astype(y.dtype, copy=False)

    def value(self, z: Array, y: Array) -> float:
        """Return E."""
        error = np.tanh(z)
        error -= y
        return _half_mean_square(error)

    def value_and_gradient(self, z: Array, y: Array, dz: Array) -> float:
        """Return E; dE/dz = (h - y) (1 - h^2) / n with h = tanh(z)."""
        h = np.tanh(z)
        np.subtract(h, y, out=dz)
        loss = _half_mean_square(dz)
        dz *= 1.0 / len(y)
        dz *= _slope(h)
        return loss

    def second(self, z: Array, y: Array, rz: Array, out: Array) -> None:
        """R{dE/dz} = R{h} (1 - h^2) / n - 2 h R{h} dE/dh with R{h} = (1 - h^2) R{z}."""
        h = np.tanh(z)
        slope, dh = _slope(h), np.subtract(h, y)
        dh *= 1.0 / len(y)
        rh = rz * slope
        np.multiply(rh, 1.0 / len(y), out=out)
        out *= slope
        h *= rh
        h *= dh
        h *= 2.0
        out -= h

    def predict(self, z: Array, out: Array) -> None:
        """Write tanh(z)."""
        np.tanh(z, out=out)

    def quality(self, z: Array, y: Array) -> float:
        """Return the accuracy of the sign; 0 counts as -1."""
        return float(np.mean((z > 0.0) == (y > 0.0)))

    def worst(self, y: Array) -> float:
        """Return the share of the majority class."""
        positive = float(np.mean(y > 0.0))
        return max(positive, 1.0 - positive)

    def sample_labels(self, z: Array, rng: np.random.Generator) -> Array:
        """Draw from N(h, 1), whose negative log-likelihood is half the squared error; the labels leave [-1, 1]."""
        labels: Array = rng.standard_normal(z.shape, dtype=z.dtype)
        labels += np.tanh(z)
        return labels


def _slope(h: Array) -> Array:
    """The derivative of tanh where it is h."""
    slope = np.multiply(h, h)
    return np.subtract(1.0, slope, out=slope)


def _half_mean_square(error: Array) -> float:
    flat = error.ravel()
    return 0.5 * (float(np.dot(flat, flat)) / len(flat))
