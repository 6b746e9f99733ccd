"""How long runs will take: from runs like them where the store has some, else from a calibration of a third of a second.

What is timed in a calibration is processor time, the least of a few calls: on a busy machine a mean of elapsed times may be a
hundred times off. How long one waits for the processor is measured over the whole of it.
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
from optbench.core.contracts import Architecture, Model, Optimizer
from optbench.core.specs import RunSpec, digest_of
from optbench.execution.pool import default_workers
from optbench.optimizers.adam import Adam
from optbench.planning.catalogue import layers
from optbench.training.job import Job
from optbench.training.sketch import POINTS
from optbench.training.update_cost import timed_updates

LIMIT = 0.25
"""Seconds after which no further method is timed."""
STRANGER = 4.0
"""A method that is not ours is not called before its run, lest it hang or crash here; it counts as so many Adams."""
START, EMBED = 2.0, 1.0
"""Seconds that a worker takes to start, and to embed a dataset."""
POINT = 0.005
"""Seconds a point that the picture of a task takes."""
_ROWS = 256
_LARGEST = 20_000_000  # numbers in an array: nothing that might not fit is made here
_CALLS = 3
_WIDTH = 1024
_SKETCH = 1e-8  # seconds a weight
_BUSY = 1.1  # elapsed time over the processor's, from which on somebody else is at work here


def run_seconds(tasks: Sequence[Job], stored: Iterable[tuple[RunSpec, float]], *, workers: int) -> list[float]:
    """Return the seconds that each task should take.

    Args:
        tasks: what is to be run.
        stored: runs that ended, with their durations: those that differ in seed, epochs and source alone tell.
        workers: how many processes will share the processors.
    """
    known: dict[str, list[float]] = defaultdict(list)
    for spec, seconds in stored:
        known[_kind(spec)].append(seconds / (spec.epochs + 1))
    import scipy.linalg.blas  # noqa: F401  # a library that is loaded later keeps its threads

    with threadpool_limits(1):
        calibration = _Calibration()
        kinds = {task.spec.key: _kind(task.spec) for task in tasks}
        guessed = {task.spec.key: calibration.seconds(task) for task in tasks if kinds[task.spec.key] not in known}
    waiting = calibration.waiting(workers)
    return [
        guessed[key] * waiting if (key := task.spec.key) in guessed else median(known[kinds[key]]) * (task.spec.epochs + 1)
        for task in tasks
    ]


def total_seconds(tasks: Sequence[Job], seconds: Sequence[float], *, workers: int, pictures: bool) -> float:
    """Return how long all tasks take together, with the start of the workers and, if wanted, the pictures of their weights."""
    embedded = {(task.spec.dataset_digest, task.spec.embedder.name) for task in tasks}
    runs = max(sum(seconds) / workers, max(seconds, default=0.0))
    points: dict[tuple[str, ...], int] = defaultdict(int)
    for task in tasks:
        points[task.labels.dataset, task.labels.embedder, task.labels.architecture] += min(POINTS, task.spec.epochs + 1)
    drawn = max(POINT * sum(points.values()) / workers, POINT * max(points.values(), default=0)) if pictures else 0.0
    return START + EMBED * len(embedded) + runs + drawn


def _kind(spec: RunSpec) -> str:
    return digest_of(spec.as_json() | {"source": None, "seed": None, "epochs": None})


class _Calibration:
    """Times networks and optimizers of our own, each once; a stranger's are not called."""

    def __init__(self) -> None:
        self._start, self._used = perf_counter(), thread_time()
        self._networks: dict[str, _Network] = {}
        self._updates: dict[str, float] = {}

    def seconds(self, task: Job) -> float:
        """Return what a task should take; beyond what is tried here, in proportion to the weights."""
        spec, splits = task.spec, task.dataset.splits
        n, everything = len(splits["train"]), sum(map(len, splits.values()))
        full = task.optimizer.batch == "full"
        size = n if full else min(spec.batch_size, n)
        network, scale = self._network(task)
        step = network.gradient(size) + self._update(task.optimizer, network)
        sketches = min(POINTS, spec.epochs + 1) * _SKETCH * network.model.w.size
        return scale * (spec.epochs * (math.ceil(n / size) * step + network.prediction(everything)) + sketches)

    def waiting(self, workers: int) -> float:
        """Return the elapsed seconds for each of the processor's: so far, and more where others want the processors too."""
        used = thread_time() - self._used
        ratio = (perf_counter() - self._start) / used if used > 0.0 else 1.0
        return ratio + (workers - 1) / default_workers() if ratio > _BUSY else 1.0

    def _network(self, task: Job) -> tuple[_Network, float]:
        architecture = task.architecture if _ours(task.architecture) else TwoLayerMLP()
        # How many numbers an embedder makes is known when it has been fitted; most say how many at most.
        said = getattr(task.embedder, "dimension", getattr(task.embedder, "features", None))
        inputs = 2 * (said if type(said) is int and said > 0 else _WIDTH) + 1
        weights, scale = architecture.layout(inputs).size, 1.0
        if max(weights, inputs * _ROWS) > _LARGEST:
            architecture, inputs = TwoLayerMLP(), 2 * _WIDTH + 1
            scale = weights / architecture.layout(inputs).size
        key = f"{architecture} {inputs} {task.spec.dtype}"
        if key not in self._networks:
            self._networks[key] = _Network(key, architecture, inputs, task.spec.dtype)
        return self._networks[key], scale

    def _update(self, optimizer: Optimizer, network: _Network) -> float:
        if not _ours(optimizer) or (perf_counter() > self._start + LIMIT and type(optimizer) is not Adam):
            return (1.0 if _ours(optimizer) else STRANGER) * self._update(Adam(), network)
        key = f"{optimizer} {network.key}"
        if key not in self._updates:
            try:
                self._updates[key] = _seconds_an_update(layers(optimizer)[0], network.model)  # what wrappers do is cheap
            except Exception:  # noqa: BLE001  # it has a step alone; or what it asks for fits no memory, which is its run's affair
                self._updates[key] = STRANGER * self._update(Adam(), network)
        return self._updates[key]


class _Network:
    """A model of random rows, and how long its gradients and predictions take."""

    def __init__(self, key: str, architecture: Architecture, inputs: int, dtype: str) -> None:
        layout = architecture.layout(inputs)
        self.key = key
        self.model: Model = architecture.bind(layout, dtype)
        self.model.w[:] = np.linspace(-0.03, 0.03, layout.size)
        self._x = np.full((_ROWS, inputs), 0.02, dtype)
        self._y = np.ones(_ROWS, dtype)
        self._times: dict[tuple[str, int], float] = {}

    def gradient(self, rows: int) -> float:
        """Return the seconds of a gradient on so many rows."""
        return self._time("gradient", rows, lambda n: self.model.loss_and_grad(self._x[:n], self._y[:n]))

    def prediction(self, rows: int) -> float:
        """Return the seconds of the outputs for so many rows."""
        return self._time("prediction", rows, lambda n: self.model.predict(self._x[:n]))

    def _time(self, what: str, rows: int, call: Callable[[int], Any]) -> float:
        timed = min(rows, _ROWS)
        if (what, timed) not in self._times:
            call(timed)  # it makes room for so many rows
            stops = [thread_time()]
            for _ in range(_CALLS):
                call(timed)
                stops.append(thread_time())
            self._times[what, timed] = min(stop - start for start, stop in pairwise(stops))
        return self._times[what, timed] * rows / timed


def _seconds_an_update(optimizer: Optimizer, model: Model) -> float:
    w = model.w.copy()
    updates = timed_updates(optimizer, w, optimizer.init(w, model.layout), thread_time)
    next(updates)
    return min(islice(updates, _CALLS))


def _ours(thing: Any) -> bool:
    """Whether a method, and all that it wraps, comes with optbench."""
    return all(type(layer).__module__.partition(".")[0] == "optbench" for layer in layers(thing))
