from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
from numpy.testing import assert_allclose

from optbench.architectures.single_layer import SingleLayer
from optbench.architectures.two_layer_mlp import TwoLayerMLP
from optbench.core.contracts import Model, Objective, Optimizer, State
from optbench.core.numerics import Layout, Vector
from optbench.core.seeding import stream
from optbench.losses.squared_tanh import SquaredTanh
from optbench.optimizers.gd import GD
from optbench.optimizers.sgd import SGD
from optbench.training.loop import Batch, Trained, train

N, INPUTS = 23, 6


LOSS = SquaredTanh()


def problem() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(N, INPUTS)), rng.choice([-1.0, 1.0], (N, 1))


def model(architecture: Any = SingleLayer()) -> Model:  # noqa: B008  # frozen
    layout = architecture.layout(INPUTS, 1)
    bound = architecture.bind(layout, LOSS, "float64")
    bound.w[:] = architecture.initial(layout, stream(0, "init"))
    return bound


def run(
    opt: Optimizer,
    bound: Model,
    epochs: int = 4,
    monitor: Callable[..., bool] = lambda *_: True,
    clock: Callable[[], float] = lambda: 0.0,
) -> Trained:
    x, y = problem()
    return train(
        opt,
        bound,
        LOSS,
        x,
        y,
        epochs=epochs,
        batch_size=5,
        rng=stream(0, "batches"),
        noise=stream(0, "noise"),
        clock=clock,
        monitor=monitor,
    )


def test_sgd_equals_the_textbook() -> None:
    bound, (x, y) = model(TwoLayerMLP(hidden=4)), problem()
    w1, w2 = (layer.copy() for layer in bound.layout.views(bound.w).values())
    rng = stream(0, "batches")
    for _ in range(4):
        order = rng.permutation(N)
        for first in range(0, N, 5):
            rows = order[first : first + 5]
            h = np.tanh(x[rows] @ w1)
            o = np.tanh(h @ w2)
            d2 = (o - y[rows]) / len(rows) * (1 - o**2)
            d1 = d2 @ w2.T * (1 - h**2)
            w2, w1 = w2 - 0.1 * h.T @ d2, w1 - 0.1 * x[rows].T @ d1
    assert run(SGD(lr=0.1), bound).status == "ok"
    assert_allclose(bound.w, np.concatenate([w1.ravel(), w2.ravel()]), rtol=1e-12)


@dataclass(frozen=True, kw_only=True)
class Recorder(Optimizer):
    """Records its arguments and moves no weight."""

    name: ClassVar[str] = "recorder"
    batch: ClassVar[Literal["mini", "full"]] = "mini"
    lr: float = 1.0

    def init(self, w: Vector, layout: Layout) -> State:
        recorded.clear()
        return State()

    def step(self, w: Vector, s: State, t: int, at: Objective) -> None:
        at.gradient()
        recorded.append((t, at.rows, at.evaluations, at.steps, at.outputs().copy()))


recorded: list[tuple[int, float, float, int, np.ndarray]] = []


def test_each_row_is_used_once_per_epoch_and_steps_start_at_one() -> None:
    run(Recorder(), model(), epochs=2)
    assert [t for t, *_ in recorded] == list(range(1, 11))
    assert [rows for _, rows, *_ in recorded][4::5] == [N, 2 * N]
    assert {steps for *_, steps, _ in recorded} == {10}
    assert [outputs.shape for *_, outputs in recorded] == [(5, 1), (5, 1), (5, 1), (5, 1), (3, 1)] * 2


def test_gd_takes_one_step_per_epoch_on_all_rows() -> None:
    counts = []

    def monitor(_epoch: int, _weights: Vector, at: Batch, _seconds: float) -> bool:
        counts.append((at.evaluations, at.rows))
        return True

    run(GD(), model(), epochs=3, monitor=monitor)
    assert counts == [(0, 0), (1, N), (2, 2 * N), (3, 3 * N)]


def test_time_spent_in_the_monitor_is_not_counted() -> None:
    ticks = itertools.count()
    seen = []

    def clock() -> float:
        return float(next(ticks))

    def monitor(_epoch: int, _weights: Vector, _at: Batch, seconds: float) -> bool:
        for _ in range(100):
            clock()
        seen.append(seconds)
        return True

    run(SGD(), model(), epochs=3, monitor=monitor, clock=clock)
    assert seen == [0.0, 1.0, 2.0, 3.0]


def test_the_monitor_ends_a_run() -> None:
    epochs = []

    def monitor(epoch: int, *_: object) -> bool:
        epochs.append(epoch)
        return epoch < 2

    assert run(SGD(), model(), epochs=9, monitor=monitor).status == "diverged"
    assert epochs == [0, 1, 2]


@dataclass(frozen=True, kw_only=True)
class Poison(Optimizer):
    """Sets a weight to NaN at its third step."""

    name: ClassVar[str] = "poison"

    def init(self, w: Vector, layout: Layout) -> State:
        recorded.clear()
        return State()

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        recorded.append((t, 0, 0, 0, g))
        if t == 3:
            w[0] = math.nan


@dataclass(frozen=True, kw_only=True)
class Averaging(Optimizer):
    """Evaluates the mean of the weights after each step; from step `poison` on its weights are NaN."""

    name: ClassVar[str] = "averaging"
    poison: int = 1_000

    def init(self, w: Vector, layout: Layout) -> State:
        return State(total=np.zeros_like(w), mean=w.copy())

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        w -= 0.1 * g
        if t >= self.poison:
            w[:] = math.nan
        s.total += w
        np.divide(s.total, t, out=s.mean)

    def eval_weights(self, w: Vector, s: State) -> Vector:
        return s.mean


@pytest.mark.parametrize(("poison", "good_epochs"), [(1_000, 9), (8, 9), (1_000, 2)])
def test_the_evaluated_weights_are_returned(poison: int, good_epochs: int) -> None:
    bound, evaluated = model(), []

    def monitor(epoch: int, weights: Vector, *_: object) -> bool:
        evaluated.append(weights.copy())
        return epoch < good_epochs

    trained = run(Averaging(poison=poison), bound, epochs=3, monitor=monitor)
    assert trained.status == ("ok" if poison == 1_000 and good_epochs == 9 else "diverged")
    assert trained.weights is not bound.w
    if poison == 1_000:
        assert np.array_equal(trained.weights, evaluated[-1])
        assert not np.array_equal(trained.weights, bound.w)
    else:  # within an epoch
        assert np.isnan(trained.weights).all()


def test_a_loss_that_is_not_finite_ends_the_run_within_one_step() -> None:
    assert run(Poison(), model()).status == "diverged"
    assert len(recorded) == 4


@dataclass(frozen=True, kw_only=True)
class Reader(Optimizer):
    """Computes losses in the ways of `reads`, at weights of NaN where there is a "!"."""

    name: ClassVar[str] = "reader"
    reads: tuple[str, ...]

    def init(self, w: Vector, layout: Layout) -> State:
        recorded.clear()
        return State(w=w.copy())

    def step(self, w: Vector, s: State, t: int, at: Objective) -> None:
        recorded.append((t, at.rows, at.evaluations, at.steps, w))
        for read in self.reads:
            w[:] = math.nan if read.endswith("!") and t == 3 else s.w
            objective = at.full() if "full" in read else at
            objective.value() if "value" in read else objective.gradient()


WAYS = ("gradient", "value", "full gradient", "full value")


@pytest.mark.parametrize("last", WAYS)
@pytest.mark.parametrize("first", WAYS)
def test_a_run_diverges_at_a_step_none_of_whose_losses_is_finite(first: str, last: str) -> None:
    assert run(Reader(reads=(f"{first}!", f"{last}!")), model()).status == "diverged"
    assert len(recorded) == 3
    # As of a line search that goes too far, and comes back or finds nothing.
    for reads in ((first, f"{last}!"), (f"{first}!", last)):
        assert run(Reader(reads=reads), model()).status == "ok"


@pytest.mark.parametrize(
    ("read", "evaluations", "rows"),
    [("gradient", 1, 5), ("value", 0.5, 2.5), ("full gradient", 1, N), ("full value", 0.5, 0.5 * N)],
)
def test_what_is_computed_is_counted_at_its_cost(read: str, evaluations: float, rows: float) -> None:
    run(Reader(reads=(read,)), model(), epochs=1)
    assert [(one[2], one[1]) for one in recorded[:5]] == [(i * evaluations, i * rows) for i in range(5)]


@pytest.mark.parametrize("size", [1, 5, 23, 100])
def test_batches_do_not_depend_on_the_optimizer(size: int) -> None:
    orders = []
    for opt in (SGD(), Recorder()):
        bound, (x, y) = model(), problem()
        seen: list[np.ndarray] = []
        original = bound.loss_and_grad

        def spy(x: np.ndarray, y: np.ndarray, seen: list[np.ndarray] = seen, original: Any = original) -> float:
            seen.append(x.copy())
            return float(original(x, y))

        bound.loss_and_grad = spy
        train(
            opt,
            bound,
            LOSS,
            x,
            y,
            epochs=2,
            batch_size=size,
            rng=stream(3, "batches"),
            noise=stream(3, "noise"),
            clock=lambda: 0.0,
            monitor=lambda *_: True,
        )
        orders.append(seen)
    assert all(np.array_equal(a, b) for a, b in zip(*orders, strict=True))
