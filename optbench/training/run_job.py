"""From a job to its result: what a worker does."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from time import perf_counter

import numpy as np

from optbench.core.contracts import Embedder, Loss
from optbench.core.errors import PluginError
from optbench.core.metrics import DIGESTED
from optbench.core.numerics import Array, Layout, Vector
from optbench.core.seeding import stream
from optbench.core.specs import Measurements, RunResult, digest_of
from optbench.data.embedded import EmbeddedDataset, assemble
from optbench.data.loader import FrozenDataset
from optbench.training.diagnostics import LastStep, Probe, Stopwatch
from optbench.training.environment import fingerprint
from optbench.training.job import Job
from optbench.training.loop import steps_per_epoch, train
from optbench.training.monitor import Monitor, Rows
from optbench.training.outcome import failed_result
from optbench.training.sketch import sketch_epochs
from optbench.training.twin import beside
from optbench.training.update_cost import measure
from optbench.training.warm_up import warm_up


def run_job(job: Job) -> RunResult:
    """Train once and return the result; where a component raises an exception, the result has the status "failed"."""
    try:
        with np.errstate(all="ignore"):  # divergence is detected from the loss and the weights
            return _run(job)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  # a plugin may raise anything, SystemExit too; only its own run fails
        return failed_result(job, "failed", error, fingerprint=fingerprint())


def _run(job: Job) -> RunResult:
    spec = job.spec
    matrix = _matrix(job.dataset, job.embedder, spec.dtype)
    targets = np.ascontiguousarray(job.loss.targets(matrix.y, job.dataset.task), spec.dtype)
    x, y = matrix.x[matrix.train], targets[matrix.train]
    warm_up(job, x, y)
    start = perf_counter()
    layout = job.architecture.layout(x.shape[1], y.shape[1])
    model = job.architecture.bind(layout, job.loss, spec.dtype)
    model.w[:] = job.architecture.initial(layout, stream(spec.seed, "init"))
    if job.twin:
        model.w[:] = beside(model.w, spec.seed)
    stopwatch = Stopwatch()
    last_step = LastStep(stopwatch)
    inputs = matrix.operator if "operator" in job.architecture.provides else matrix.x
    monitor = Monitor(model, job.loss, Rows(inputs, targets, matrix), sketch_epochs(spec.epochs), last_step)
    steps = steps_per_epoch(job.optimizer, len(x), spec.batch_size)
    trained = train(
        Probe(inner=job.optimizer, steps_per_epoch=steps, last_step=last_step),
        model,
        job.loss,
        x,
        y,
        epochs=spec.epochs,
        batch_size=spec.batch_size,
        rng=stream(spec.seed, "batches"),
        noise=stream(spec.seed, "noise"),
        clock=stopwatch,
        monitor=monitor,
    )
    curves = monitor.curves()
    duration = perf_counter() - start
    return RunResult(
        spec,
        job.labels,
        trained.status,
        reason=(monitor.reason or "a loss is not finite") if trained.status == "diverged" else "",
        curves=curves,
        seconds=tuple(monitor.seconds),
        sketch_epochs=tuple(monitor.sketched),
        sketches=np.array(monitor.sketches),
        digest=_digest(trained.weights, curves),
        worst=_worst(job.loss, targets[matrix.test]),
        quality=job.loss.quality_name,
        fingerprint=fingerprint(),
        measured=replace(_cost(job, layout), duration=duration, weights=layout.size),
    )


def _worst(loss: Loss, y: Array) -> float:
    """Return the quality with which a diverged run counts, as a number that the store can keep: a plugin may return another."""
    worst = float(loss.worst(y))
    if not math.isfinite(worst):
        raise PluginError(f"loss {loss.name!r}: worst returned {worst} for the test rows; it must be finite")
    return worst


_costs: dict[str, Measurements] = {}


def _cost(job: Job, layout: Layout) -> Measurements:
    """Measure the cost of the optimizer, once per process for each layout."""
    key = digest_of([job.spec.optimizer.as_json(), list(layout.shapes.items()), job.spec.dtype])
    if key not in _costs:
        _costs[key] = measure(job.optimizer, layout, job.spec.dtype)
    return _costs[key]


# A plan is sorted so that runs on one embedded dataset follow each other. Two are kept, for the transition.
@lru_cache(maxsize=2)
def _matrix(dataset: FrozenDataset, embedder: Embedder, dtype: str) -> EmbeddedDataset:
    return assemble(dataset, embedder, dtype)


def _digest(weights: Vector, curves: Mapping[str, Vector]) -> str:
    """Return the SHA-256 of the final evaluated weights and the curves, bit for bit; all NaNs count as equal."""
    total = hashlib.sha256()
    for array in (weights, *(curves[name] for name in DIGESTED)):
        total.update(np.where(np.isnan(array), np.nan, array).astype(array.dtype).tobytes())
    return total.hexdigest()
