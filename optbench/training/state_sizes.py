"""Which buffers of an optimizer's state carry information from one step to the next, and which are scratch memory.

This is determined by experiment, so it needs no names and works for every plugin. The optimizer takes some steps on a small
problem, and takes them again with some buffers overwritten before each step. If neither the weights nor any other part of the
state changes by a bit, and every number in those buffers is either computed anew or left alone, they are scratch memory.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from functools import lru_cache
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np

from optbench.core.contracts import Optimizer
from optbench.core.numerics import Array, Layout, StatePath, Vector, state_buffers, state_leaves
from optbench.core.seeding import stream
from optbench.losses.squared import Squared
from optbench.training.loop import Batch

STEPS = 30
"""Steps of the experiment: some methods use a part of their state at every tenth step only."""
LIMIT = 2.0
"""Seconds after which the experiment is given up."""
_SCREENING_STEPS = 3
_BATCHES, _ROWS = 4, 4
_LONGEST = 4
_POISONS = (math.nan, 1e-3, 1e3)
Shapes: TypeAlias = tuple[tuple[str, tuple[int, ...]], ...]
_NUMBERS = (bool, int, float, complex, str, np.generic)
_LOSS = Squared()


def state_sizes(optimizer: Optimizer, w: Vector, layout: Layout) -> tuple[int, int]:
    """Return the bytes of the state that `optimizer.init` returns for `w`, shape (P,), and of the scratch memory in it.

    A buffer counts as state where the experiment fails, takes too long, or does not use it. What `init` raises is not caught.
    """
    buffers = state_buffers(optimizer.init(w, layout))
    scratch = scratch_buffers(optimizer, layout, w.dtype.name)
    sizes = {path: buffer.nbytes for path, buffer in buffers.items()}
    scratch_size = sum(size for path, size in sizes.items() if path in scratch)
    return sum(sizes.values()) - scratch_size, scratch_size


def scratch_buffers(optimizer: Optimizer, layout: Layout, dtype: str) -> frozenset[StatePath]:
    """Return the paths of the buffers that are scratch memory; none where the experiment fails."""
    try:
        return _scratch_buffers(optimizer, tuple(_shrunk(layout).shapes.items()), dtype)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001  # a plugin may raise anything
        return frozenset()


@lru_cache(maxsize=128)  # all numbers of inputs lead to the same small problem
def _scratch_buffers(optimizer: Optimizer, shapes: Shapes, dtype: str) -> frozenset[StatePath]:
    with np.errstate(all="ignore"):
        return _Experiment(optimizer, Layout(dict(shapes)), dtype).scratch()


class _OutOfTime(Exception):
    """The optimizer is too slow for the experiment."""


class _Trial:
    """An optimizer on a small linear least-squares problem."""

    def __init__(self, optimizer: Optimizer, layout: Layout, dtype: str) -> None:
        rng = stream(0, "init")
        rows = _BATCHES * _ROWS
        model = _Linear(Layout(dict(layout.shapes)), dtype)  # a layout of its own: it caches its size
        model.w[:] = rng.standard_normal(layout.size)
        self._x = rng.standard_normal((rows, layout.size)).astype(dtype)
        self._y = np.where(rng.random((rows, 1)) < 0.5, -1.0, 1.0).astype(dtype)  # noqa: PLR2004  # a fair coin
        self._optimizer, self._w, self._t = optimizer, model.w, 0
        self._at = Batch(model, _LOSS, stream(0, "noise"), STEPS, (self._x, self._y))
        self._state = optimizer.init(model.w, model.layout)

    def step(self) -> None:
        first = 0 if self._optimizer.batch == "full" else self._t % _BATCHES * _ROWS
        rows = slice(None) if self._optimizer.batch == "full" else slice(first, first + _ROWS)
        self._t += 1
        self._at.take(self._x[rows], self._y[rows])
        self._optimizer.step(self._w, self._state, self._t, self._at)

    def buffers(self) -> dict[StatePath, Array]:
        return state_buffers(self._state)

    def snapshot(self) -> dict[StatePath, Any]:
        """Return the bits of the weights, the evaluated weights and the state; numbers and texts as they are written."""
        evaluated = self._optimizer.eval_weights(self._w, self._state)
        leaves: dict[StatePath, Any] = {("weights",): self._w, ("evaluated weights",): evaluated}
        leaves |= {("state", *path): leaf for path, leaf in state_leaves(self._state).items()}
        return {
            path: _bits(leaf) if isinstance(leaf, np.ndarray) else repr(leaf)
            for path, leaf in leaves.items()
            if isinstance(leaf, (np.ndarray, *_NUMBERS))
        }


class _Linear:
    """A model whose output is x w."""

    def __init__(self, layout: Layout, dtype: str) -> None:
        self.layout = layout
        self.w, self.g = np.empty(layout.size, dtype), np.empty(layout.size, dtype)
        self.z: Array = np.empty((0, 1), dtype)

    def loss_and_grad(self, x: Array, y: Array) -> float:
        self.z = self.forward(x)
        dz = np.empty_like(self.z)
        loss = _LOSS.value_and_gradient(self.z, y, dz)
        np.matmul(dz[:, 0], x, out=self.g)
        return loss

    def forward(self, x: Array, w: Vector | None = None) -> Array:
        z: Array = (x @ (self.w if w is None else w))[:, None]
        return z

    def hvp(self, x: Array, y: Array, v: Vector, out: Vector) -> None:
        np.matmul((x @ v) / self.w.dtype.type(len(x)), x, out=out)


class _Experiment:
    def __init__(self, optimizer: Optimizer, layout: Layout, dtype: str) -> None:
        self._arguments = (optimizer, layout, dtype)
        self._end = perf_counter() + LIMIT
        self._reference = self._trial()
        self._snapshots = []
        for _ in range(STEPS):
            self._step(self._reference)
            self._snapshots.append(self._reference.snapshot())

    def scratch(self) -> frozenset[StatePath]:
        # A buffer that carries information shows it within a few steps, so that few are left for the long trials.
        suspects = {path for path in self._own_buffers() if self._are_scratch({path}, _SCREENING_STEPS)}
        if suspects and not self._are_scratch(suspects, STEPS):
            suspects = {path for path in suspects if self._are_scratch({path}, STEPS)}
        return frozenset(suspects)

    def _own_buffers(self) -> set[StatePath]:
        """Return the buffers that two states do not share: what is shared may be a constant and must not be overwritten."""
        others = self._reference.buffers().values()
        buffers = self._trial().buffers()
        return {path for path, buffer in buffers.items() if not any(np.may_share_memory(buffer, other) for other in others)}

    def _are_scratch(self, paths: Collection[StatePath], steps: int) -> bool:
        written = set()
        for poison in _POISONS:
            trial = self._trial()
            try:
                for expected in self._snapshots[:steps]:
                    poisoned = {path: self._overwrite(trial.buffers()[path], poison) for path in paths}
                    self._step(trial)
                    actual = trial.snapshot()
                    if not _agree(actual, expected, poisoned):
                        return False
                    written |= {path for path, bits in poisoned.items() if np.any(actual["state", *path] != bits)}
            except (_OutOfTime, KeyboardInterrupt):
                raise
            except BaseException:  # noqa: BLE001  # the optimizer raised because of the poison
                return False
        return steps < STEPS or written >= set(paths)

    def _overwrite(self, buffer: Array, poison: float) -> Array:
        """Overwrite a buffer, and return its bits after that."""
        if np.issubdtype(buffer.dtype, np.inexact):
            buffer[...] = poison if math.isnan(poison) else poison * stream(0, "noise").standard_normal(buffer.shape)
        else:
            np.invert(buffer, out=buffer)
        return _bits(buffer)

    def _trial(self) -> _Trial:
        return _Trial(*self._arguments)

    def _step(self, trial: _Trial) -> None:
        if perf_counter() > self._end:
            raise _OutOfTime
        trial.step()


def _agree(actual: Mapping[StatePath, Any], expected: Mapping[StatePath, Any], poisoned: Mapping[StatePath, Array]) -> bool:
    """Whether nothing differs from what was expected, except for poison that is still where it was put."""
    if actual.keys() != expected.keys():
        return False
    for path, bits in actual.items():
        poison = poisoned.get(path[1:])
        if np.any(bits != expected[path] if poison is None else (bits != expected[path]) & (bits != poison)):
            return False
    return True


def _bits(x: Array) -> Array:
    return np.frombuffer(x.tobytes(), f"u{min(x.itemsize, 8)}")


def _shrunk(layout: Layout) -> Layout:
    """Return a layout with the same names and few weights; long sides keep their order, and equal sides stay equal."""
    sides = sorted({side for shape in layout.shapes.values() for side in shape if side > _LONGEST})
    short = {side: _LONGEST + 1 + place for place, side in enumerate(sides)}
    return Layout({name: tuple(short.get(side, side) for side in shape) for name, shape in layout.shapes.items()})
