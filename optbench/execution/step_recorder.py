"""Measurements of every step of a run, by a wrapper around its optimizer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from optbench.core.contracts import Objective, Wrapper
from optbench.core.numerics import Vector


@dataclass(frozen=True)
class EpochSteps:
    """What the steps of one epoch were like; NaN where a quantity does not exist.

    With d_t the change of the evaluated weights in step t and g_t its mini-batch gradient:

    Attributes:
        update_norm: the mean of |d_t|.
        cosine: the mean of -d_t . g_t / (|d_t| |g_t|), over the steps in which both norms are positive. 1 is a step along the
            negative gradient of its own mini-batch.
        noise_ratio: (mean of |g_t|^2 - |mean of g_t|^2) / |mean of g_t|^2; it does not exist where an epoch is one step.
    """

    update_norm: float
    cosine: float
    noise_ratio: float


@dataclass
class Recording:
    """The measurements of one run.

    A run also warms its optimizer up and times it, with other weights. Only the steps on the weights of the first step with the
    run's own number of planned steps are measured.

    Args:
        steps_per_epoch: the number of steps in an epoch.
        planned: the number of steps of the whole run.

    Attributes:
        epochs: one entry for each completed epoch.
    """

    steps_per_epoch: int
    planned: int
    epochs: list[EpochSteps] = field(default_factory=list)
    _weights: Vector | None = None
    _before: Vector = field(default_factory=lambda: np.empty(0))
    _gradient: Vector = field(default_factory=lambda: np.empty(0))
    _total: Vector = field(default_factory=lambda: np.empty(0))
    _has_gradient: bool = False
    _norms: list[float] = field(default_factory=list)
    _cosines: list[float] = field(default_factory=list)
    _squares: list[float] = field(default_factory=list)

    def measures(self, w: Vector, t: int, at: Objective) -> bool:
        """Return whether a step belongs to the run, as opposed to a warm-up or a measurement of the optimizer's cost."""
        if self._weights is None and t == 1 and at.steps == self.planned:
            self._weights = w
            # In float64: sums of squares of float32 gradients would lose digits, and may underflow.
            self._before, self._gradient, self._total = np.empty(w.size), np.empty(w.size), np.zeros(w.size)
        return w is self._weights

    def begin(self, weights: Vector) -> None:
        """Copy the evaluated weights before a step."""
        np.copyto(self._before, weights)
        self._has_gradient = False

    def note_gradient(self, g: Vector) -> None:
        """Copy the first gradient of a step on the batch's own targets, before a wrapper such as clipping changes it."""
        if not self._has_gradient:
            self._has_gradient = True
            np.copyto(self._gradient, g)

    def end(self, weights: Vector, t: int) -> None:
        """Measure a step from the evaluated weights after it, and an epoch after its last step."""
        moved = np.subtract(weights, self._before, out=self._before)
        length = math.sqrt(float(moved @ moved))
        self._norms.append(length)
        if self._has_gradient:
            square = float(self._gradient @ self._gradient)
            self._squares.append(square)
            self._total += self._gradient
            if length > 0.0 and square > 0.0:
                self._cosines.append(-float(moved @ self._gradient) / (length * math.sqrt(square)))
        if t % self.steps_per_epoch == 0:
            self._end_epoch()

    def _end_epoch(self) -> None:
        steps = len(self._squares)
        of_mean = float(self._total @ self._total) / steps**2 if steps else 0.0
        known = steps > 1 and of_mean > 0.0
        noise = (_mean(self._squares) - of_mean) / of_mean if known else math.nan
        # Equal gradients have a ratio of 0, which rounding may make negative.
        self.epochs.append(EpochSteps(_mean(self._norms), _mean(self._cosines), max(noise, 0.0) if known else noise))
        for values in (self._norms, self._cosines, self._squares):
            values.clear()
        self._total[:] = 0.0


@dataclass(frozen=True, kw_only=True)
class Recorder(Wrapper):
    """Measures every step of the inner optimizer, and changes nothing.

    Attributes:
        recording: receives the measurements.
    """

    name: ClassVar[str] = "recorder"
    recording: Recording

    def step(self, w: Vector, s: Any, t: int, at: Objective) -> None:
        """Take one step of the inner optimizer."""
        if not self.recording.measures(w, t, at):
            self.inner.step(w, s, t, at)
            return
        self.recording.begin(self.eval_weights(w, s))
        self.inner.step(w, s, t, at.after(self.recording.note_gradient))
        self.recording.end(self.eval_weights(w, s), t)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values and all(map(math.isfinite, values)) else math.nan
