"""The cross-entropy of softmax outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from optbench import Array, Loss, Task


@dataclass(frozen=True, kw_only=True)
class CrossEntropy(Loss):
    """The mean cross-entropy of softmax outputs, one per class: E = -log(p_y) averaged over the rows, with p = softmax(z).

    Bridle 1990, Neurocomputing (NATO ASI F68), 227-236. `report` is the quality: the accuracy, or the balanced
    accuracy, which is the mean over the classes of the share of their rows that is recognised (Brodersen et al. 2010,
    ICPR, 3121-3124); a class without rows is left out.
    """

    name: ClassVar[str] = "cross-entropy"
    report: Literal["accuracy", "balanced-accuracy"] = "accuracy"

    @property
    def quality_name(self) -> str:
        """What `report` names."""
        return self.report.replace("-", " ")

    def incompatibility(self, task: Task) -> str:
        """Return why a regression does not fit."""
        return "" if task.classes else "is for classes, and the dataset has numbers as targets: use squared"

    def outputs(self, task: Task) -> int:
        """Return one output per class."""
        return len(task.classes)

    def targets(self, y: Array, task: Task) -> Array:
        """Return rows of zeros with a 1 at the place of the class."""
        targets: Array = np.eye(len(task.classes), dtype=y.dtype)[y[:, 0].astype(np.intp)]
        return targets

    def value(self, z: Array, y: Array) -> float:
        """Return E, computed from z - max(z), so that nothing overflows."""
        shifted = z - z.max(axis=1, keepdims=True)
        return _mean_cross_entropy(shifted, np.exp(shifted).sum(axis=1), y)

    def value_and_gradient(self, z: Array, y: Array, dz: Array) -> float:
        """Return E; dE/dz = (p - y) / n."""
        shifted = z - z.max(axis=1, keepdims=True)
        np.exp(shifted, out=dz)
        totals = dz.sum(axis=1)
        loss = _mean_cross_entropy(shifted, totals, y)
        dz /= totals[:, None]
        dz -= y
        dz *= 1.0 / len(y)
        return loss

    def second(self, z: Array, y: Array, rz: Array, out: Array) -> None:
        """R{dE/dz} = p (R{z} - p.R{z}) / n."""
        p = np.empty_like(z)
        self.predict(z, p)
        np.subtract(rz, (p * rz).sum(axis=1, keepdims=True), out=out)
        out *= p
        out *= 1.0 / len(y)

    def predict(self, z: Array, out: Array) -> None:
        """Write softmax(z)."""
        np.subtract(z, z.max(axis=1, keepdims=True), out=out)
        np.exp(out, out=out)
        out /= out.sum(axis=1, keepdims=True)

    def quality(self, z: Array, y: Array) -> float:
        """Return the accuracy or the balanced accuracy of the class with the largest z, the first of equals."""
        classes = y.argmax(axis=1)
        right = z.argmax(axis=1) == classes
        if self.report == "accuracy":
            return float(np.mean(right))
        return float(np.mean([np.mean(right[classes == one]) for one in np.unique(classes)]))

    def worst(self, y: Array) -> float:
        """Return the share of the largest class or, for the balanced accuracy, one over the number of classes that occur."""
        shares = y.mean(axis=0, dtype=np.float64)
        return float(shares.max()) if self.report == "accuracy" else 1.0 / np.count_nonzero(shares)

    def sample_labels(self, z: Array, rng: np.random.Generator) -> Array:
        """Draw a class for each row from softmax(z)."""
        p = np.empty_like(z)
        self.predict(z, p)
        drawn = rng.random((len(z), 1), dtype=np.float64) > np.cumsum(p, axis=1, dtype=np.float64)
        places = np.minimum(drawn.sum(axis=1), z.shape[1] - 1)  # the sum of p may be a last bit below 1
        labels: Array = np.eye(z.shape[1], dtype=z.dtype)[places]
        return labels


def _mean_cross_entropy(shifted: Array, totals: Array, y: Array) -> float:
    """Return the mean over the rows of log(sum of exp) - z_y."""
    return float((np.log(totals) - (shifted * y).sum(axis=1)).sum(dtype=np.float64)) / len(y)
