"""One task in, one result out: what a worker does."""

from __future__ import annotations

import hashlib
import math
import traceback
from dataclasses import replace
from functools import lru_cache
from time import perf_counter
from typing import cast

import numpy as np

from optbench.core.contracts import Embedder, Model
from optbench.core.errors import OptbenchError
from optbench.core.numerics import Array, Layout, Operator, Vector, norm
from optbench.core.seeding import stream
from optbench.core.specs import CURVES, DIAGNOSTICS, Measurements, RunResult, digest_of
from optbench.data.embedded import EmbeddedDataset, assemble
from optbench.data.loader import FrozenDataset
from optbench.training.environment import fingerprint
from optbench.training.job import Job
from optbench.training.loop import Batch, train
from optbench.training.sketch import sketch, sketch_epochs
from optbench.training.update_cost import measure

# PROTOCOL 4. A tanh output bounds the loss by 4, so a blow-up need not show in it.
WEIGHTS_GREW = 1e4
LOSS_GREW = 1.5
PATIENCE = 10


def run_job(task: Job) -> RunResult:
    """Train once and return what came of it; an exception of the plugin's becomes an ending, `failed`."""
    try:
        with np.errstate(all="ignore"):  # a method that overflows is evaluated by its weights
            return _run(task)
    except KeyboardInterrupt:
        raise
    except OptbenchError as error:  # it explains itself
        return RunResult(task.spec, task.labels, "failed", reason=str(error), fingerprint=fingerprint())
    except BaseException:  # noqa: BLE001  # a plugin may raise anything, SystemExit too; it ends its own run alone
        return RunResult(task.spec, task.labels, "failed", reason=traceback.format_exc(), fingerprint=fingerprint())


def _run(task: Job) -> RunResult:
    spec = task.spec
    matrix = _matrix(task.dataset, task.embedder, spec.dtype)
    start = perf_counter()
    layout = task.architecture.layout(matrix.x.shape[1])
    model = task.architecture.bind(layout, spec.dtype)
    model.w[:] = task.architecture.initial(layout, stream(spec.seed, "init"))
    inputs = matrix.operator if "operator" in task.architecture.provides else matrix.x
    diary = _Diary(model, matrix, inputs, sketch_epochs(spec.epochs))
    status = train(
        task.optimizer,
        model,
        matrix.x[matrix.train],
        matrix.y[matrix.train],
        epochs=spec.epochs,
        batch_size=spec.batch_size,
        rng=stream(spec.seed, "batches"),
        noise=stream(spec.seed, "noise"),
        clock=perf_counter,
        watch=diary,
    )
    names = (*CURVES, *DIAGNOSTICS)
    curves = {name: np.array(column) for name, column in zip(names, zip(*diary.rows, strict=True), strict=True)}
    duration = perf_counter() - start
    return RunResult(
        spec,
        task.labels,
        status,
        reason=(diary.reason or "the loss of a batch was not finite") if status == "diverged" else "",
        curves=curves,
        seconds=tuple(diary.seconds),
        sketch_epochs=tuple(diary.sketched),
        sketches=np.array(diary.sketches),
        digest=_digest(model.w, curves),
        majority=_majority(matrix.y[matrix.test]),
        fingerprint=fingerprint(),
        measured=replace(_cost(task, layout), duration=duration, weights=layout.size),
    )


_costs: dict[str, Measurements] = {}


def _cost(task: Job, layout: Layout) -> Measurements:
    """Measure what the optimizer costs, once a process for each layout."""
    key = digest_of([task.spec.optimizer.as_json(), list(layout.shapes.items()), task.spec.dtype])
    if key not in _costs:
        _costs[key] = measure(task.optimizer, layout, task.spec.dtype)
    return _costs[key]


# A plan is sorted so that runs of one embedding follow each other: two are kept, for the moment of change.
@lru_cache(maxsize=2)
def _matrix(dataset: FrozenDataset, embedder: Embedder, dtype: str) -> EmbeddedDataset:
    return assemble(dataset, embedder, dtype)


class _Diary:
    """What is written down at every epoch, and whether the run has gone wrong by then."""

    def __init__(self, model: Model, matrix: EmbeddedDataset, inputs: Operator, epochs_to_sketch: tuple[int, ...]) -> None:
        self._model, self._matrix = model, matrix
        self._inputs = cast("Array", inputs)  # or what the architecture says that its models take in an array's place
        self._epochs_to_sketch = frozenset(epochs_to_sketch)
        self._first: Vector = np.empty(0)
        self._moved: Vector = np.empty(0)
        self._first_norm = self._first_loss = math.nan
        self._high = 0
        self.rows: list[tuple[float, ...]] = []
        self.seconds: list[float] = []
        self.sketched: list[int] = []
        self.sketches: list[Vector] = []
        self.reason = ""

    def __call__(self, epoch: int, weights: Vector, at: Batch, seconds: float) -> bool:
        """Judge the weights after an epoch; see `train.Watch`."""
        m = self._matrix
        outputs = self._model.predict(self._inputs, weights)  # all rows in one product
        error = outputs - m.y
        right = (outputs > 0) == (m.y > 0)
        train_loss = _mean_square(error[m.train])
        length = norm(weights)
        self.rows.append(
            (
                train_loss,
                _mean_square(error[m.validation]),
                float(np.mean(right[m.validation])),
                float(np.mean(right[m.test])),
                float(at.evaluations),
                float(at.rows),
                *self._movement(epoch, weights, at),
                length,
                norm(np.subtract(weights, self._first, out=self._moved)),
            ),
        )
        self.seconds.append(seconds)
        if epoch in self._epochs_to_sketch:
            self.sketched.append(epoch)
            self.sketches.append(sketch(weights))
        self.reason = self._judge(epoch, length, train_loss)
        return not self.reason

    def _movement(self, epoch: int, weights: Vector, at: Batch) -> tuple[float, float]:
        """Return the norms of the gradient and of the change that belong to the epoch's last step: none before the first."""
        if epoch == 0:
            self._first, self._moved = weights.copy(), np.empty_like(weights)
            return math.nan, math.nan
        return at.gradient_norm, norm(np.subtract(weights, at.before, out=self._moved))

    def _judge(self, epoch: int, length: float, train_loss: float) -> str:
        if epoch == 0:
            self._first_norm, self._first_loss = length or 1.0, train_loss
        if not (math.isfinite(length) and math.isfinite(train_loss)):
            return f"weights or loss were not finite at epoch {epoch}"
        if length > WEIGHTS_GREW * self._first_norm:
            return f"at epoch {epoch} the weights' norm was {length:.3g}, over {WEIGHTS_GREW:.0e} times the first"
        self._high = self._high + 1 if train_loss > LOSS_GREW * self._first_loss else 0
        if self._high >= PATIENCE:
            return f"up to epoch {epoch} the training loss was over {LOSS_GREW} times the first for {PATIENCE} epochs"
        return ""


def _mean_square(error: Vector) -> float:
    return float(np.dot(error, error)) / len(error)


def _majority(y: Vector) -> float:
    positive = float(np.mean(y > 0))
    return max(positive, 1.0 - positive)


def _digest(w: Vector, curves: dict[str, Vector]) -> str:
    """SHA-256 of the final weights and the curves, bit for bit; every NaN counts as the same one."""
    total = hashlib.sha256()
    for array in (w, *(curves[name] for name in CURVES)):
        total.update(np.where(np.isnan(array), np.nan, array).astype(array.dtype).tobytes())
    return total.hexdigest()
