"""Norms of the last step of each epoch, measured by a wrapper around the optimizer while the stopwatch is paused."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any, ClassVar

import numpy as np

from optbench.core.contracts import Objective, Wrapper
from optbench.core.numerics import Vector, norm


class Stopwatch:
    """A clock that can be paused. Calling it returns seconds.

    Args:
        clock: returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._paused = 0.0

    def __call__(self) -> float:
        """Return the seconds, without those of the pauses."""
        return self._clock() - self._paused

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Return a context whose duration is not counted."""
        start = self._clock()
        try:
            yield
        finally:
            self._paused += self._clock() - start


class LastStep:
    """Norms of one step; NaN where they do not exist.

    Attributes:
        gradient_norm: of the step's first gradient for the batch's own targets, before a wrapper such as clipping changes it.
        update_norm: of the change of the evaluated weights.
    """

    def __init__(self, stopwatch: Stopwatch) -> None:
        self.gradient_norm = self.update_norm = math.nan
        self._stopwatch = stopwatch
        self._before: Vector = np.empty(0)
        self._has_gradient = False

    def begin(self, weights: Vector) -> None:
        """Copy the evaluated weights before the step."""
        with self._stopwatch.paused():
            if not self._before.size:
                self._before = np.empty_like(weights)
            np.copyto(self._before, weights)
            self.gradient_norm = self.update_norm = math.nan
            self._has_gradient = False

    def measure_gradient(self, g: Vector) -> None:
        """Measure the step's first gradient, before the optimizer overwrites it."""
        if not self._has_gradient:
            with self._stopwatch.paused():
                self._has_gradient = True
                self.gradient_norm = norm(g)

    def end(self, weights: Vector) -> None:
        """Measure how far the step moved the evaluated weights."""
        with self._stopwatch.paused():
            self.update_norm = norm(np.subtract(weights, self._before, out=self._before))


@dataclass(frozen=True, kw_only=True)
class Probe(Wrapper):
    """Measures the last step of each epoch of the inner optimizer, and changes nothing.

    Attributes:
        steps_per_epoch: the number of steps of an epoch.
        last_step: receives the norms.
    """

    name: ClassVar[str] = "probe"
    steps_per_epoch: int
    last_step: LastStep

    def step(self, w: Vector, s: Any, t: int, at: Objective) -> None:
        """Take one step of the inner optimizer."""
        if t % self.steps_per_epoch:
            self.inner.step(w, s, t, at)
            return
        self.last_step.begin(self.eval_weights(w, s))
        self.inner.step(w, s, t, at.after(self.last_step.measure_gradient))
        self.last_step.end(self.eval_weights(w, s))
