"""The cost of an optimizer: the time of its `update` alone, with SGD's in the same process, and the size of its state.

It is measured after the run, on gradients of noise that take no time to compute, and is never part of a digest.
The clock counts processor time, so that other processes on a busy machine do not count as work of the optimizer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from time import thread_time
from typing import Any, ClassVar

import numpy as np

from optbench.core.contracts import Loss, Optimizer, Wrapper
from optbench.core.numerics import Array, Layout, Vector, axpy
from optbench.core.seeding import stream
from optbench.core.specs import Measurements
from optbench.training.loop import Batch
from optbench.training.state_sizes import state_sizes

WARM_UP = 10
CALLS = 30
LIMIT = 0.01
"""Seconds after which a slow optimizer is not called again, in its warm-up and then in the measurement; each has one call."""


@dataclass(frozen=True, kw_only=True)
class ReferenceSGD(Optimizer):
    """Stochastic gradient descent without weight decay: the update that others are compared with."""

    name: ClassVar[str] = "reference-sgd"
    lr: float = 0.1

    def update(self, w: Vector, g: Vector, s: Any, t: int) -> None:
        """w_t = w_{t-1} - lr g_t."""
        axpy(-self.lr, g, w)


def measure(optimizer: Optimizer, layout: Layout, dtype: str) -> Measurements:
    """Measure `optimizer` on weights of this layout; for a method that defines no `update`, only the size of its state.

    A wrapper defines none either, but does its work in `step`, so that is timed instead.
    """
    sizes: tuple[int | None, int | None] = (None, None)
    try:
        w = np.zeros(layout.size, dtype)
        sizes = state_sizes(optimizer, w, layout)
        sgd = _seconds(ReferenceSGD(), np.zeros_like(w), None)
        own = _seconds(optimizer, w, optimizer.init(w, layout))
        return Measurements(
            state_bytes=sizes[0],
            scratch_bytes=sizes[1],
            update=float(np.median(own)),
            update_90=float(np.quantile(own, 0.9, method="higher")),
            sgd=float(np.median(sgd)),
        )
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001  # a plugin's `update` may need what only its `step` provides; the run is still valid
        return Measurements(state_bytes=sizes[0], scratch_bytes=sizes[1])


def _seconds(optimizer: Optimizer, w: Vector, state: Any) -> list[float]:
    """Return the seconds of some updates, after others that are not counted."""
    updates = timed_updates(optimizer, w, state, thread_time)
    _until(LIMIT, islice(updates, WARM_UP))
    return _until(LIMIT, islice(updates, CALLS))


def _until(limit: float, seconds: Iterator[float]) -> list[float]:
    taken: list[float] = []
    while sum(taken) < limit and (one := next(seconds, None)) is not None:
        taken.append(one)
    return taken


def timed_updates(optimizer: Optimizer, w: Vector, state: Any, clock: Callable[[], float]) -> Iterator[float]:
    """Call `update` with another gradient for each item that is taken from the iterator, and yield its seconds."""
    noise, model = _noise(w.size, w.dtype.name), _FreeGradient(w)
    g, t = model.g, 0
    nothing = np.empty((0, 0), w.dtype)
    at = Batch(model, Loss(), stream(0, "noise"), noise.size, (nothing, nothing))  # type: ignore[arg-type]  # no more of a model is needed
    while True:
        t += 1
        first = t % (noise.size - w.size)
        np.copyto(g, noise[first : first + w.size])  # the last update may have overwritten it
        start = clock()
        if isinstance(optimizer, Wrapper):
            optimizer.step(w, state, t, at)
        else:
            optimizer.update(w, g, state, t)
        yield clock() - start


class _FreeGradient:
    """As much of a model as a plain step needs, with a gradient that is already there."""

    def __init__(self, w: Vector) -> None:
        self.w, self.g = w, np.empty_like(w)

    def loss_and_grad(self, x: Array, y: Array) -> float:
        """Leave the gradient as it is."""
        return 0.0


@lru_cache(maxsize=1)
def _noise(size: int, dtype: str) -> Vector:
    """Return noise a little longer than a gradient: each slice of the gradient's length is another gradient."""
    noise: Vector = stream(0, "noise").standard_normal(size + WARM_UP + CALLS + 1).astype(dtype)
    noise *= 0.01
    return noise
