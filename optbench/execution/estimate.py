"""The estimated duration of runs: from similar stored runs where there are any, else from a calibration of 0.3 seconds.

A calibration measures processor time, the minimum of a few calls: on a busy machine a mean of elapsed times may be a hundred
times too long. How long processes wait for a processor is estimated from the calibration as a whole.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import islice, pairwise
from statistics import median
from time import perf_counter, thread_time
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from optbench.architectures.two_layer_mlp import TwoLayerMLP
from optbench.core.contracts import Model, Optimizer
from optbench.core.specs import RunSpec, digest_of
from optbench.execution.pool import default_workers
from optbench.losses.squared import Squared
from optbench.optimizers.adam import Adam
from optbench.planning.catalogue import layers
from optbench.training.job import Job
from optbench.training.sketch import POINTS
from optbench.training.update_cost import timed_updates

LIMIT = 0.25
"""Seconds of calibration after which no further optimizer is timed."""
THIRD_PARTY = 4.0
"""What the update of a third-party optimizer costs, relative to Adam's: it is not timed, since it may hang or crash here."""
START, EMBED = 2.0, 1.0
"""Seconds that a worker takes to start, and to embed a dataset."""
POINT = 0.005
"""Seconds per point of a trajectory plot."""
_ROWS = 256  # in a timed batch
_LARGEST = 20_000_000  # numbers in an array: larger ones might not fit into memory
_CALLS = 3
_WIDTH = 1024  # numbers per text where an embedder does not say how many it produces
_SKETCH = 1e-8  # seconds per weight
_BUSY = 1.1  # elapsed time over processor time from which on other processes are using the processors


def run_seconds(jobs: Sequence[Job], stored: Iterable[tuple[RunSpec, float]], *, workers: int) -> list[float]:
    """Return the estimated duration of each job, in seconds.

    Args:
        jobs: the jobs.
        stored: specs and durations, in seconds, of stored runs; those that differ from a job in seed, epochs and source only
            replace its calibration.
        workers: the number of processes that will share the processors.
    """
    known: dict[str, list[float]] = defaultdict(list)
    for spec, seconds in stored:
        known[_kind(spec)].append(seconds / (spec.epochs + 1))
    import scipy.linalg.blas  # noqa: F401  # threadpool_limits does not apply to libraries that are loaded later

    with threadpool_limits(1):
        calibration = _Calibration()
        kinds = {job.spec.key: _kind(job.spec) for job in jobs}
        calibrated = {job.spec.key: calibration.seconds(job) for job in jobs if kinds[job.spec.key] not in known}
    waiting = calibration.waiting(workers)
    return [
        calibrated[key] * waiting if (key := job.spec.key) in calibrated else median(known[kinds[key]]) * (job.spec.epochs + 1)
        for job in jobs
    ]


def total_seconds(jobs: Sequence[Job], seconds: Sequence[float], *, workers: int, pictures: bool) -> float:
    """Return the estimated duration of all jobs together, in seconds.

    Args:
        jobs: the jobs.
        seconds: the duration of each.
        workers: the number of processes that share them.
        pictures: whether trajectories are plotted afterwards.
    """
    embedded = {(job.spec.dataset_digest, job.spec.embedder.name) for job in jobs}
    runs = max(sum(seconds) / workers, max(seconds, default=0.0))
    points: dict[tuple[str, ...], int] = defaultdict(int)
    for job in jobs:
        points[job.labels.dataset, job.labels.embedder, job.labels.architecture, job.labels.loss, str(job.spec.epochs)] += min(
            POINTS, job.spec.epochs + 1
        )
    plots = max(POINT * sum(points.values()) / workers, POINT * max(points.values(), default=0)) if pictures else 0.0
    return START + EMBED * len(embedded) + runs + plots


def _kind(spec: RunSpec) -> str:
    """Return what runs of about the same duration per epoch have in common."""
    return digest_of(spec.as_json() | {"source": None, "seed": None, "epochs": None})


class _Calibration:
    """Times built-in networks and optimizers, each once; third-party code is not called."""

    def __init__(self) -> None:
        self._start, self._used = perf_counter(), thread_time()
        self._networks: dict[str, _Network] = {}
        self._updates: dict[str, float] = {}

    def seconds(self, job: Job) -> float:
        """Return the processor time of a job; a larger network than is timed takes longer in proportion to its weights."""
        spec, sizes = job.spec, job.dataset.sizes
        n, rows = sizes["train"], sum(sizes.values())
        size = n if job.optimizer.batch == "full" else min(spec.batch_size, n)
        network, scale = self._network(job)
        step = network.gradient(size) + self._update(job.optimizer, network)
        sketches = min(POINTS, spec.epochs + 1) * _SKETCH * network.model.w.size
        return scale * (spec.epochs * (math.ceil(n / size) * step + network.prediction(rows)) + sketches)

    def waiting(self, workers: int) -> float:
        """Return elapsed time over processor time: as measured, and more if other processes want the processors too."""
        used = thread_time() - self._used
        ratio = (perf_counter() - self._start) / used if used > 0.0 else 1.0
        return ratio + (workers - 1) / default_workers() if ratio > _BUSY else 1.0

    def _network(self, job: Job) -> tuple[_Network, float]:
        """Return a network like the job's, and how many times larger the job's is."""
        architecture = job.architecture if _is_built_in(job.architecture) else TwoLayerMLP()
        inputs, loss = _inputs(job), job.loss if _is_built_in(job.loss) else Squared()
        outputs = loss.outputs(job.dataset.task)
        weights, scale = architecture.layout(inputs, outputs).size, 1.0
        if max(weights, inputs * _ROWS) > _LARGEST:
            architecture, inputs = TwoLayerMLP(), 2 * _WIDTH + 1
            scale = weights / architecture.layout(inputs, outputs).size
        key = f"{architecture} {inputs} {outputs} {loss} {job.spec.dtype}"
        if key not in self._networks:
            layout = architecture.layout(inputs, outputs)
            self._networks[key] = _Network(key, architecture.bind(layout, loss, job.spec.dtype), inputs, outputs)
        return self._networks[key], scale

    def _update(self, optimizer: Optimizer, network: _Network) -> float:
        if not _is_built_in(optimizer):
            return THIRD_PARTY * self._update(Adam(), network)
        if perf_counter() > self._start + LIMIT and type(optimizer) is not Adam:
            return self._update(Adam(), network)
        key = f"{optimizer} {network.key}"
        if key not in self._updates:
            try:
                self._updates[key] = _update_seconds(layers(optimizer)[0], network.model)  # wrappers cost little
            except Exception:  # noqa: BLE001  # it has no `update`, or needs more memory than there is: its run will say so
                self._updates[key] = THIRD_PARTY * self._update(Adam(), network)
        return self._updates[key]


class _Network:
    """A model with constant rows as its data, and how long its gradients and predictions take."""

    def __init__(self, key: str, model: Model, inputs: int, outputs: int) -> None:
        self.key = key
        self.model = model
        self.model.w[:] = np.linspace(-0.03, 0.03, model.w.size)
        self._x = np.full((_ROWS, inputs), 0.02, model.w.dtype)
        self._y = np.ones((_ROWS, outputs), model.w.dtype)
        self._times: dict[tuple[str, int], float] = {}

    def gradient(self, rows: int) -> float:
        """Return the seconds that a gradient on `rows` rows takes."""
        return self._time("gradient", rows, lambda n: self.model.loss_and_grad(self._x[:n], self._y[:n]))

    def prediction(self, rows: int) -> float:
        """Return the seconds that the outputs for `rows` rows take."""
        return self._time("prediction", rows, lambda n: self.model.forward(self._x[:n]))

    def _time(self, what: str, rows: int, call: Callable[[int], Any]) -> float:
        timed = min(rows, _ROWS)
        if (what, timed) not in self._times:
            call(timed)  # allocates buffers for this number of rows
            stops = [thread_time()]
            for _ in range(_CALLS):
                call(timed)
                stops.append(thread_time())
            self._times[what, timed] = min(stop - start for start, stop in pairwise(stops))
        return self._times[what, timed] * rows / timed


def _update_seconds(optimizer: Optimizer, model: Model) -> float:
    w = model.w.copy()
    updates = timed_updates(optimizer, w, optimizer.init(w, model.layout), thread_time)
    next(updates)
    return min(islice(updates, _CALLS))


def _inputs(job: Job) -> int:
    """Return the number of inputs, or about that many: for texts it is known exactly once the embedder is fitted."""
    if job.dataset.manifest.columns:
        return len(job.dataset.manifest.columns.features) + 1
    declared = getattr(job.embedder, "dimension", getattr(job.embedder, "features", None))
    return 2 * (declared if type(declared) is int and declared > 0 else _WIDTH) + 1


def _is_built_in(component: Any) -> bool:
    """Return whether a component, and all that it wraps, comes with optbench."""
    return all(type(layer).__module__.partition(".")[0] == "optbench" for layer in layers(component))
