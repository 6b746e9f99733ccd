from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pytest

from optbench import Layout, Model, Objective, Optimizer, State, Vector
from optbench.architectures.single_layer import SingleLayer
from optbench.core.seeding import stream
from optbench.losses.squared_tanh import SquaredTanh
from optbench.optimizers.adam import Adam
from optbench.optimizers.gd import GD
from optbench.optimizers.sgd import SGD
from optbench.training.diagnostics import LastStep, Probe, Stopwatch
from optbench.training.loop import Batch, steps_per_epoch, train
from optbench.wrappers.clip import Clip

N, INPUTS, BATCH = 23, 6, 5
LOSS = SquaredTanh()


class SpyingModel:
    """A network that records the norm and the labels of each gradient."""

    def __init__(self) -> None:
        network = SingleLayer()
        self._model: Model = network.bind(network.layout(INPUTS, 1), LOSS, "float64")
        self.w, self.g, self.layout = self._model.w, self._model.g, self._model.layout
        self.w[:] = network.initial(self.layout, stream(0, "init"))
        self.forward = self._model.forward
        self.gradients: list[tuple[float, bool]] = []

    @property
    def z(self) -> np.ndarray:
        return self._model.z

    def loss_and_grad(self, x: np.ndarray, y: np.ndarray) -> float:
        loss = self._model.loss_and_grad(x, y)
        self.gradients.append((float(np.linalg.norm(self.g)), bool((abs(y) == 1).all())))
        return loss


def run(opt: Optimizer, model: SpyingModel, *, probe: bool = True, epochs: int = 3) -> list[tuple[float, float, Vector]]:
    """Return the norms of gradient and update after each epoch, epoch 0 first, and the evaluated weights."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(N, INPUTS)), rng.choice([-1.0, 1.0], (N, 1))
    last_step, seen = LastStep(Stopwatch()), []

    def monitor(_epoch: int, weights: Vector, _at: Batch, _seconds: float) -> bool:
        seen.append((last_step.gradient_norm, last_step.update_norm, weights.copy()))
        return True

    steps = steps_per_epoch(opt, N, BATCH)
    train(
        Probe(inner=opt, steps_per_epoch=steps, last_step=last_step) if probe else opt,
        model,
        LOSS,
        x,
        y,
        epochs=epochs,
        batch_size=BATCH,
        rng=stream(0, "batches"),
        noise=stream(0, "noise"),
        clock=lambda: 0.0,
        monitor=monitor,
    )
    return seen


@pytest.mark.parametrize("opt", [SGD(lr=0.5), GD(lr=0.5)], ids=["mini-batches", "full batch"])
def test_the_norms_are_those_of_the_last_step_of_an_epoch(opt: Optimizer) -> None:
    model = SpyingModel()
    before, *after = run(opt, model)
    assert math.isnan(before[0])
    assert math.isnan(before[1])
    steps = steps_per_epoch(opt, N, BATCH)
    expected = [norm for norm, _ in model.gradients][steps - 1 :: steps]
    assert [gradient for gradient, _, _ in after] == pytest.approx(expected, rel=1e-12)
    assert [update for _, update, _ in after] == pytest.approx([0.5 * norm for norm in expected], rel=1e-9)


def test_the_gradient_is_measured_before_clipping() -> None:
    model = SpyingModel()
    _, *after = run(Clip(inner=SGD(lr=1.0), norm=1e-3), model)
    assert after[-1][0] == pytest.approx(model.gradients[-1][0], rel=1e-12)
    assert after[-1][1] == pytest.approx(1e-3, rel=1e-6)


@dataclass(frozen=True, kw_only=True)
class Several(Optimizer):
    """Takes three gradients per step, the first with other labels, and overwrites each."""

    name: ClassVar[str] = "several"

    def step(self, w: Vector, s: State, t: int, at: Objective) -> None:
        for y in (None if t % 5 else np.full((3, 1), 100.0), None, None):  # the last batch of an epoch has three rows
            at.gradient(y)[:] = 0.0
            w += 0.01


def test_the_gradient_is_the_first_one_for_the_batchs_own_labels() -> None:
    model = SpyingModel()
    _, (gradient_norm, _, _) = run(Several(), model, epochs=1)
    assert [own for _, own in model.gradients[-3:]] == [False, True, True]
    assert gradient_norm == pytest.approx(model.gradients[-2][0], rel=1e-12)


@dataclass(frozen=True, kw_only=True)
class NoGradient(Optimizer):
    """Takes a gradient in its first epoch only."""

    name: ClassVar[str] = "no-gradient"
    batch: ClassVar[Literal["mini", "full"]] = "full"

    def step(self, w: Vector, s: State, t: int, at: Objective) -> None:
        if t == 1:
            at.gradient()
        w += 1.0


def test_a_step_without_a_gradient_has_no_gradient_norm() -> None:
    _, (first, _, _), (second, moved, _) = run(NoGradient(), SpyingModel(), epochs=2)
    assert first > 0
    assert math.isnan(second)
    assert moved == pytest.approx(math.sqrt(INPUTS))


@dataclass(frozen=True, kw_only=True)
class Half(Optimizer):
    """Evaluates half of its weights."""

    name: ClassVar[str] = "half"
    lr: float = 0.5

    def init(self, w: Vector, layout: Layout) -> State:
        return State(half=0.5 * w)

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        w -= self.lr * g
        np.multiply(w, 0.5, out=s.half)

    def eval_weights(self, w: Vector, s: State) -> Vector:
        return s.half


def test_the_update_is_that_of_the_evaluated_weights() -> None:
    model = SpyingModel()
    *_, (gradient, update, _) = run(Half(), model)
    assert update == pytest.approx(0.25 * gradient, rel=1e-9)


@pytest.mark.parametrize("opt", [Adam(), Clip(inner=Adam(), norm=0.1), GD()], ids=repr)
def test_measuring_changes_no_bit(opt: Optimizer) -> None:
    probed, plain = run(opt, SpyingModel()), run(opt, SpyingModel(), probe=False)
    assert all(np.array_equal(a, b) for (_, _, a), (_, _, b) in zip(probed, plain, strict=True))


def test_a_stopwatch_does_not_count_its_pauses() -> None:
    ticks = itertools.count()
    stopwatch = Stopwatch(clock=lambda: float(next(ticks)))
    start = stopwatch()
    with stopwatch.paused():
        for _ in range(100):
            next(ticks)
    assert stopwatch() - start == 2.0  # one tick before the pause, one after it
