"""What is recorded after each epoch, and whether the run has diverged."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from optbench.core.contracts import Loss, Model
from optbench.core.metrics import RECORDED
from optbench.core.numerics import Array, Operator, Vector, norm
from optbench.data.embedded import EmbeddedDataset
from optbench.training.diagnostics import LastStep
from optbench.training.loop import Batch
from optbench.training.sketch import sketch

# A tanh output bounds the loss, so that a run may diverge without a large one.
WEIGHTS_GREW = 1e4
LOSS_GREW = 1.5
PATIENCE = 10


@dataclass(frozen=True)
class Rows:
    """What a model is evaluated on.

    Attributes:
        inputs: all rows as the model takes them: an array, or an operator where the architecture provides that.
        targets: their targets, shape (n, outputs).
        splits: the embedded dataset, for its splits.
    """

    inputs: Operator
    targets: Array
    splits: EmbeddedDataset


class Monitor:
    """Evaluates the weights after each epoch and records the metrics in `metrics.RECORDED`. See `loop.Monitor`.

    Args:
        model: predicts.
        loss: what the model is trained with.
        rows: what it is evaluated on.
        sketch_epochs: the epochs at which the weights are sketched.
        last_step: norms of the last step of the epoch.

    Attributes:
        seconds: the training time until each epoch.
        sketched, sketches: the epochs that were sketched, and the sketches, shape (512,) each.
        reason: why the run diverged; empty if it did not.
    """

    def __init__(self, model: Model, loss: Loss, rows: Rows, sketch_epochs: Collection[int], last_step: LastStep) -> None:
        self._model, self._loss, self._rows, self._last_step = model, loss, rows, last_step
        self._sketch_epochs = sketch_epochs
        self._first: Vector = np.empty(0)
        self._difference: Vector = np.empty(0)
        self._first_norm = self._first_loss = math.nan
        self._epochs_of_high_loss = 0
        self._columns: dict[str, list[float]] = {name: [] for name in RECORDED}
        self.seconds: list[float] = []
        self.sketched: list[int] = []
        self.sketches: list[Vector] = []
        self.reason = ""

    def __call__(self, epoch: int, weights: Vector, at: Batch, seconds: float) -> bool:
        """Record the metrics of an epoch; return False if the run has diverged."""
        if epoch == 0:
            self._first, self._difference = weights.copy(), np.empty_like(weights)
        values = self._quality(weights) | self._work(at) | self._movement(weights)
        for name, column in self._columns.items():
            column.append(values[name])
        self.seconds.append(seconds)
        if epoch in self._sketch_epochs:
            self.sketched.append(epoch)
            self.sketches.append(sketch(weights))
        self.reason = self._divergence(epoch, values["weight_norm"], values["train_loss"])
        return not self.reason

    def curves(self) -> dict[str, npt.NDArray[np.float64]]:
        """Return what was recorded so far: an array over epochs for each metric."""
        return {name: np.array(column, np.float64) for name, column in self._columns.items()}

    def _quality(self, weights: Vector) -> dict[str, float]:
        loss, y, splits = self._loss, self._rows.targets, self._rows.splits
        inputs = cast("Array", self._rows.inputs)  # `Model.forward` declares an array for architectures that need one
        z = self._model.forward(inputs, weights)  # all rows in one product
        return {
            "train_loss": loss.reported * loss.value(z[splits.train], y[splits.train]),
            "val_loss": loss.reported * loss.value(z[splits.validation], y[splits.validation]),
            "val_quality": loss.quality(z[splits.validation], y[splits.validation]),
            "test_quality": loss.quality(z[splits.test], y[splits.test]),
        }

    def _work(self, at: Batch) -> dict[str, float]:
        train = self._rows.splits.train
        return {"evaluations": at.evaluations, "rows": at.rows, "passes": at.rows / (train.stop - train.start)}

    def _movement(self, weights: Vector) -> dict[str, float]:
        return {
            "gradient_norm": self._last_step.gradient_norm,
            "update_norm": self._last_step.update_norm,
            "weight_norm": norm(weights),
            "distance": norm(np.subtract(weights, self._first, out=self._difference)),
        }

    def _divergence(self, epoch: int, weight_norm: float, train_loss: float) -> str:
        """Return why the run has diverged; empty if it has not."""
        if epoch == 0:
            self._first_norm, self._first_loss = weight_norm or 1.0, train_loss
        if not (math.isfinite(weight_norm) and math.isfinite(train_loss)):
            return f"weights or training loss not finite at epoch {epoch}"
        if weight_norm > WEIGHTS_GREW * self._first_norm:
            return f"norm of the weights {weight_norm:.3g} at epoch {epoch}, over {WEIGHTS_GREW:.0e} times the initial norm"
        self._epochs_of_high_loss = self._epochs_of_high_loss + 1 if train_loss > LOSS_GREW * self._first_loss else 0
        if self._epochs_of_high_loss >= PATIENCE:
            return f"training loss over {LOSS_GREW} times the initial loss for {PATIENCE} epochs up to epoch {epoch}"
        return ""
