"""State is told apart from scratch memory by what overwriting a buffer changes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
from methods import BUILT_IN

from optbench import Average, Layout, Objective, Optimizer, State, Vector
from optbench.training import state_sizes as module
from optbench.training.state_sizes import state_sizes
from optbench.wrappers.clip import Clip
from optbench.wrappers.cosine import Cosine

LAYOUT = Layout({"wide": (40, 8), "square": (12, 12), "column": (8, 1), "vector": (7,)})
CONSTANT = np.arange(10.0)


def sizes(optimizer: Optimizer) -> tuple[float, float]:
    """Return the bytes per weight of state and scratch memory."""
    state, scratch = state_sizes(optimizer, np.zeros(LAYOUT.size, np.float32), LAYOUT)
    return state / LAYOUT.size, scratch / LAYOUT.size


@dataclass(frozen=True, kw_only=True)
class ThreeAndTwo(Optimizer):
    """Three moments and two scratch vectors, under names that say nothing."""

    name: ClassVar[str] = "three-and-two"
    lr: float = 0.01

    def init(self, w: Vector, layout: Layout) -> Any:
        return State(buffers=[np.zeros_like(w) for _ in range(3)], more={"a": np.empty_like(w)}, c=np.empty_like(w))

    def update(self, w: Vector, g: Vector, s: Any, t: int) -> None:
        first, second, third = s.buffers
        first += g
        np.multiply(first, 0.1, out=s.more["a"])
        second += s.more["a"]
        np.square(second, out=s.c)
        third += s.c
        w -= self.lr * s.more["a"] / (1.0 + np.sqrt(third))


def test_three_moments_and_two_scratch_vectors() -> None:
    assert sizes(ThreeAndTwo()) == (12.0, 8.0)


@dataclass(frozen=True, kw_only=True)
class Late(ThreeAndTwo):
    """Reads and clears a sum at every tenth step only; another sum is read in no step at all."""

    name: ClassVar[str] = "late"

    def init(self, w: Vector, layout: Layout) -> Any:
        return State(total=np.zeros_like(w), unread=np.zeros_like(w), largest=np.zeros_like(w), untouched=w.copy())

    def update(self, w: Vector, g: Vector, s: Any, t: int) -> None:
        s.total += g
        s.unread += g
        np.maximum(s.largest, g, out=s.largest)
        if t % 10 == 0:
            w -= self.lr * s.total
            s.total[:] = 0.0


def test_what_is_accumulated_is_state_even_where_it_moves_no_weight_yet() -> None:
    assert sizes(Late()) == (16.0, 0.0)


@dataclass(frozen=True, kw_only=True)
class OddStates(ThreeAndTwo):
    """A sum in an integer array, a module's constant, an array that is created anew at each step, and partly used scratch."""

    name: ClassVar[str] = "odd-states"

    def init(self, w: Vector, layout: Layout) -> Any:
        return State(
            counts=np.zeros(w.size, np.int32), constant=CONSTANT, fresh=np.zeros_like(w), half=np.empty(2 * w.size, w.dtype)
        )

    def update(self, w: Vector, g: Vector, s: Any, t: int) -> None:
        s.counts += g > 0
        half = s.half[: w.size]
        np.multiply(g, s.constant[1] * (s.counts + 1), out=half)
        s.fresh = s.fresh * 0.9 + half
        w -= self.lr * s.fresh


def test_odd_states() -> None:
    state, scratch = sizes(OddStates())
    assert state == pytest.approx(4 + 4 + CONSTANT.nbytes / LAYOUT.size)
    assert scratch == 8.0
    assert np.array_equal(CONSTANT, np.arange(10.0)), "a constant of the module is not overwritten"


@dataclass(frozen=True, kw_only=True)
class Evaluated(ThreeAndTwo):
    """Evaluates an average, in a buffer that it does not read."""

    name: ClassVar[str] = "evaluated"

    def init(self, w: Vector, layout: Layout) -> Any:
        return State(mean=Average(w), evaluated=w.copy())

    def update(self, w: Vector, g: Vector, s: Any, t: int) -> None:
        w -= self.lr * g
        s.mean.add(w, 0.9)
        np.multiply(s.mean.array, s.mean.correction, out=s.evaluated)

    def eval_weights(self, w: Vector, s: Any) -> Vector:
        evaluated: Vector = s.evaluated
        return evaluated


def test_an_average_is_state_and_its_copy_is_not() -> None:
    assert sizes(Evaluated()) == (4.0, 4.0)


@dataclass(frozen=True, kw_only=True)
class Difficult(ThreeAndTwo):
    name: ClassVar[str] = "difficult"
    how: str

    def step(self, w: Vector, s: Any, t: int, at: Objective) -> None:
        if self.how == "raises":
            raise SystemExit(3)
        if self.how == "is slow":
            time.sleep(0.01)
        if self.how == "is random":
            w += np.random.random()
        super().step(w, s, t, at)


@pytest.mark.parametrize("how", ["raises", "is slow", "is random"])
def test_where_nothing_can_be_said_all_is_state(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIMIT", 0.05)
    assert sizes(Difficult(how=how)) == (20.0, 0.0)


EXPECTED = {
    "adadelta": (8, 4),
    "adam": (8, 0),
    "adan": (16, 4),
    "amsgrad": (12, 0),
    "lbfgs": (88, 0),
    "rprop": (8, 4),
    "sgd": (0, 0),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_built_in_optimizers(name: str) -> None:
    assert sizes(BUILT_IN[name]()) == EXPECTED[name]


def test_a_wrapper_has_the_state_of_its_optimizer() -> None:
    assert sizes(Cosine(inner=Clip(inner=BUILT_IN["adan"](), norm=0.1))) == (16.0, 4.0)
