"""What a method costs: the time of its `update` alone, beside SGD's in the same process, and the size of its state.

PROTOCOL 5. It is measured after the run, on gradients of noise that cost nothing, and never enters a digest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from time import perf_counter
from typing import Any

import numpy as np

from optbench.core.contracts import Optimizer, Wrapper
from optbench.core.numerics import Array, Layout, Vector, state_bytes
from optbench.core.seeding import stream
from optbench.core.specs import Measurements
from optbench.optimizers.sgd import SGD
from optbench.training.loop import Batch

WARM_UP = 10
CALLS = 30
LIMIT = 0.01
"""Seconds after which a slow method is called no more, in its warm-up and then again; each has at least one call."""


def measure(optimizer: Optimizer, layout: Layout, dtype: str) -> Measurements:
    """Measure `optimizer` on weights of this layout; a method that has no `update` of its own has a state alone.

    A wrapper has none either, but does its work in `step`: that is timed instead.
    """
    held: int | None = None
    try:
        w = np.zeros(layout.size, dtype)
        state = optimizer.init(w, layout)
        held = state_bytes(state)
        sgd = _seconds(SGD(), np.zeros_like(w), None)
        own = _seconds(optimizer, w, state)
        return Measurements(
            state_bytes=held,
            update=float(np.median(own)),
            update_90=float(np.quantile(own, 0.9, method="higher")),
            sgd=float(np.median(sgd)),
        )
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001  # a plugin's `update` may need what only its `step` provides; the run stays good
        return Measurements(state_bytes=held)


def _seconds(optimizer: Optimizer, w: Vector, state: Any) -> list[float]:
    """Return the seconds of some updates, after others that are not counted."""
    updates = timed_updates(optimizer, w, state, perf_counter)
    _until(LIMIT, islice(updates, WARM_UP))
    return _until(LIMIT, islice(updates, CALLS))


def _until(limit: float, seconds: Iterator[float]) -> list[float]:
    found: list[float] = []
    while sum(found) < limit and (one := next(seconds, None)) is not None:
        found.append(one)
    return found


def timed_updates(optimizer: Optimizer, w: Vector, state: Any, clock: Callable[[], float]) -> Iterator[float]:
    """Call `update` for as long as is asked, each time with another gradient, and yield the seconds that it took."""
    noise, free = _noise(w.size, w.dtype.name), _Free(w)
    g, t = free.g, 0
    at = Batch(free, stream(0, "noise"), steps=noise.size)  # type: ignore[arg-type]  # what it lacks, a plain step does not ask
    while True:
        t += 1
        first = t % (noise.size - w.size)
        np.copyto(g, noise[first : first + w.size])  # it was used up
        start = clock()
        if isinstance(optimizer, Wrapper):
            optimizer.step(w, state, t, at)
        else:
            optimizer.update(w, g, state, t)
        yield clock() - start


class _Free:
    """As much of a model as a plain step asks for: its gradient is there already."""

    def __init__(self, w: Vector) -> None:
        self.w, self.g = w, np.empty_like(w)

    def loss_and_grad(self, x: Array, y: Vector) -> float:
        """Leave the gradient as it is."""
        return 0.0


@lru_cache(maxsize=1)
def _noise(size: int, dtype: str) -> Vector:
    """A little longer than a gradient: cut out at another place, it is another gradient."""
    noise: Vector = stream(0, "noise").standard_normal(size + WARM_UP + CALLS + 1).astype(dtype)
    noise *= 0.01
    return noise
