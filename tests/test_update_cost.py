from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

from optbench.core.contracts import Objective, Optimizer, State
from optbench.core.numerics import Layout, Vector
from optbench.optimizers.adam import Adam
from optbench.training.update_cost import CALLS, LIMIT, WARM_UP, measure
from optbench.wrappers.clip import Clip
from optbench.wrappers.cosine import Cosine

LAYOUT = Layout({"a": (6, 4), "b": (7,)})


@dataclass(frozen=True, kw_only=True)
class Counted(Optimizer):
    name: ClassVar[str] = "counted"
    lr: float = 1.0
    how: str = ""

    def init(self, w: Vector, layout: Layout) -> State:
        calls.clear()
        return State(m=w.copy())

    def update(self, w: Vector, g: Vector, s: Any, t: int) -> None:
        calls.append((t, g.copy()))
        if self.how == "raise":
            raise ValueError("only step provides what it needs")
        if self.how == "exit":
            raise SystemExit(3)


@dataclass(frozen=True, kw_only=True)
class StepAlone(Optimizer):
    name: ClassVar[str] = "step-alone"

    def init(self, w: Vector, layout: Layout) -> State:
        return State(m=w.copy())

    def step(self, w: Vector, s: Any, t: int, at: Objective) -> None:
        w -= at.gradient()


calls: list[tuple[int, Vector]] = []


def test_adam_is_measured(dtype: Any) -> None:
    measured = measure(Adam(), LAYOUT, dtype.name)
    assert (measured.state_bytes, measured.scratch_bytes) == (2 * LAYOUT.size * dtype.itemsize, 0)
    assert None not in (measured.update, measured.update_90, measured.sgd)
    assert 0 < measured.update <= measured.update_90
    assert measured.sgd > 0


def test_every_call_has_another_gradient() -> None:
    measure(Counted(), LAYOUT, "float64")
    assert [t for t, _ in calls] == list(range(1, WARM_UP + CALLS + 1))
    assert all((one != two).any() for (_, one), (_, two) in itertools.pairwise(calls))


def test_a_slow_optimizer_is_called_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = itertools.count(step=2 * LIMIT)
    monkeypatch.setattr("optbench.training.update_cost.thread_time", lambda: next(ticks))
    measured = measure(Counted(), LAYOUT, "float64")
    assert len(calls) == 2  # one to warm up, one that counts
    assert (measured.update, measured.update_90, measured.sgd) == (pytest.approx(2 * LIMIT),) * 3


def test_the_time_of_a_wrapper_includes_its_own_work() -> None:
    clipped = Clip(inner=Counted(), norm=1e-3)
    measured = measure(Cosine(inner=clipped, warmup=2), LAYOUT, "float64")
    assert measured.update is not None
    assert [t for t, _ in calls] == list(range(1, WARM_UP + CALLS + 1))
    assert all(np.linalg.norm(g) == pytest.approx(1e-3) for _, g in calls)


@pytest.mark.parametrize("optimizer", [Counted(how="raise"), Counted(how="exit"), StepAlone()], ids=repr)
def test_an_optimizer_that_cannot_be_timed_has_sizes_only(optimizer: Optimizer) -> None:
    measured = measure(optimizer, LAYOUT, "float32")
    assert (measured.state_bytes, measured.scratch_bytes, measured.update, measured.sgd) == (4 * LAYOUT.size, 0, None, None)
