"""Schedules against torch's, clipping against torch's and optax's."""

from __future__ import annotations

from collections.abc import Callable

import jax
import numpy as np
import optax
import pytest
import torch
from methods import BUILT_IN
from torch.optim import lr_scheduler

from optbench import Schedule
from optbench.kit.problems import SMALL
from optbench.wrappers.clip import Clip
from optbench.wrappers.constant import Constant
from optbench.wrappers.cosine import Cosine
from optbench.wrappers.one_cycle import OneCycle
from optbench.wrappers.step import Step
from optbench.wrappers.warmup import Warmup

pytestmark = pytest.mark.oracle

jax.config.update("jax_enable_x64", True)

SGD = BUILT_IN["sgd"]()
TOLERANCE = 1e-12  # torch multiplies the rate in each step and accumulates rounding errors: 1e-13 over these runs


def rates(make: Callable[[torch.optim.Optimizer], lr_scheduler.LRScheduler], steps: int) -> list[float]:
    """The factors before the first call of `step` and after each of `steps` calls."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler, found = make(optimizer), []
    for _ in range(steps + 1):
        found.append(scheduler.get_last_lr()[0])
        optimizer.step()
        if len(found) <= steps:
            scheduler.step()
    return found


def factors(schedule: Schedule, steps: int) -> list[float]:
    return [schedule.factor(t, steps) for t in range(1, steps + 1)]


@pytest.mark.parametrize("by", [0.5, 1.0, 3.0])
def test_constant(by: float) -> None:
    theirs = rates(lambda o: lr_scheduler.LambdaLR(o, lambda _: by), 20)
    assert factors(Constant(inner=SGD, by=by), 20) == theirs[:20]


# Our step t of a warm-up and of an annealing is torch's 0-based step t, since torch counts the start as a step.
@pytest.mark.parametrize(("steps", "start"), [(1, 0.5), (7, 0.1), (100, 1e-3), (40, 0.9)])
def test_warmup(steps: int, start: float) -> None:
    theirs = rates(lambda o: lr_scheduler.LinearLR(o, start, 1.0, total_iters=steps), 60)
    np.testing.assert_allclose(factors(Warmup(inner=SGD, steps=steps, start=start), 60), theirs[1:], rtol=TOLERANCE)


def test_warmup_from_zero() -> None:
    theirs = [float(optax.linear_schedule(0.0, 1.0, 25)(t)) for t in range(1, 61)]
    np.testing.assert_allclose(factors(Warmup(inner=SGD, steps=25), 60), theirs, rtol=TOLERANCE)


@pytest.mark.parametrize(("steps", "floor"), [(1, 0.0), (2, 0.3), (60, 0.0), (100, 0.1)])
def test_cosine(steps: int, floor: float) -> None:
    theirs = rates(lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=steps, eta_min=floor), steps)
    ours = factors(Cosine(inner=SGD, floor=floor), steps)
    np.testing.assert_allclose(ours, theirs[1:], rtol=TOLERANCE, atol=1e-15)


@pytest.mark.parametrize(("steps", "warmup", "floor"), [(60, 10, 0.0), (100, 1, 0.1), (50, 49, 0.5)])
def test_cosine_after_a_warmup(steps: int, warmup: int, floor: float) -> None:
    theirs = optax.warmup_cosine_decay_schedule(0.0, 1.0, warmup, steps, end_value=floor)
    ours = factors(Cosine(inner=SGD, warmup=warmup, floor=floor), steps)
    np.testing.assert_allclose(ours, [float(theirs(t)) for t in range(1, steps + 1)], rtol=TOLERANCE, atol=1e-15)


@pytest.mark.parametrize(
    ("steps", "at", "gamma"), [(60, (0.5, 0.75), 0.1), (7, (0.3,), 0.5), (50, (0.1, 0.2, 0.95), 2.0), (9, (), 0.1)]
)
def test_step(steps: int, at: tuple[float, ...], gamma: float) -> None:
    milestones = [int(part * steps) for part in at]
    theirs = rates(lambda o: lr_scheduler.MultiStepLR(o, milestones, gamma), steps)
    np.testing.assert_allclose(factors(Step(inner=SGD, at=at, gamma=gamma), steps), theirs[:-1], rtol=TOLERANCE)


@pytest.mark.parametrize(
    ("steps", "rise", "div", "final"),
    [(60, 0.3, 25.0, 1e4), (100, 0.25, 10.0, 100.0), (7, 0.5, 2.0, 50.0), (3, 0.1, 25.0, 1e4)],
)
def test_one_cycle(steps: int, rise: float, div: float, final: float) -> None:
    def make(optimizer: torch.optim.Optimizer) -> lr_scheduler.LRScheduler:
        return lr_scheduler.OneCycleLR(
            optimizer, 1.0, steps, pct_start=rise, div_factor=div, final_div_factor=final, cycle_momentum=False
        )

    ours = factors(OneCycle(inner=SGD, rise=rise, start=1.0 / div, end=1.0 / (div * final)), steps)
    np.testing.assert_allclose(ours, rates(make, steps - 1), rtol=TOLERANCE)


def test_one_cycle_has_torchs_defaults() -> None:
    ours = factors(OneCycle(inner=SGD), 40)
    theirs = rates(lambda o: lr_scheduler.OneCycleLR(o, 1.0, 40, cycle_momentum=False), 39)
    np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE)


def gradient(scale: float) -> np.ndarray:
    return scale * np.random.default_rng(0).standard_normal(SMALL.size)


def in_torch(clip: Callable[[list[torch.Tensor]], object], g: np.ndarray) -> np.ndarray:
    layers = []
    for layer in SMALL.views(g).values():
        layers.append(torch.zeros(layer.shape, dtype=torch.float64, requires_grad=True))
        layers[-1].grad = torch.tensor(layer)
    clip(layers)
    return np.concatenate([layer.grad.numpy().reshape(-1) for layer in layers if layer.grad is not None])


@pytest.mark.parametrize("scale", [0.0, 1e-3, 1.0, 1e6])
@pytest.mark.parametrize("limit", [0.1, 2.0, 50.0])
def test_clip_by_norm(scale: float, limit: float) -> None:
    ours, g = gradient(scale), gradient(scale)
    Clip(inner=SGD, norm=limit).clip(ours)
    layers = {name: jax.numpy.array(layer) for name, layer in SMALL.views(g).items()}
    clipping = optax.clip_by_global_norm(limit)
    updates, _ = clipping.update(layers, clipping.init(layers))
    theirs = np.concatenate([np.asarray(updates[name]).reshape(-1) for name in SMALL.shapes])
    np.testing.assert_allclose(ours, theirs, rtol=1e-14)
    # torch divides by the norm + 1e-6; where it clips, the norm is above the limit
    theirs = in_torch(lambda layers: torch.nn.utils.clip_grad_norm_(layers, limit), g)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6 / limit)


@pytest.mark.parametrize("limit", [0.1, 2.0, 50.0])
def test_clip_by_value(limit: float) -> None:
    ours, g = gradient(3.0), gradient(3.0)
    Clip(inner=SGD, value=limit).clip(ours)
    np.testing.assert_array_equal(ours, in_torch(lambda layers: torch.nn.utils.clip_grad_value_(layers, limit), g))
