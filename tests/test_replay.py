"""Replays: they change nothing, and measure every step of the run and no other."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from optbench import Optimizer
from optbench.architectures.single_layer import SingleLayer
from optbench.core.seeding import stream
from optbench.data.loader import FrozenDataset
from optbench.execution.replay import Replay, replay
from optbench.execution.step_recorder import EpochSteps, Recorder, Recording
from optbench.losses.squared_tanh import SquaredTanh
from optbench.optimizers.gd import GD
from optbench.optimizers.sgd import SGD
from optbench.planning.plan import make_plan
from optbench.planning.selections import Selections
from optbench.registry import Registry
from optbench.training.loop import train
from optbench.training.run_job import run_job
from optbench.wrappers.clip import Clip

N, INPUTS, BATCH, EPOCHS = 23, 6, 5, 3
LOSS = SquaredTanh()


class Spying:
    """A network that records its gradients."""

    def __init__(self) -> None:
        network = SingleLayer()
        self._model = network.bind(network.layout(INPUTS, 1), LOSS, "float64")
        self.w, self.g, self.layout = self._model.w, self._model.g, self._model.layout
        self.w[:] = network.initial(self.layout, stream(0, "init"))
        self.forward = self._model.forward
        self.gradients: list[np.ndarray] = []

    def loss_and_grad(self, x: np.ndarray, y: np.ndarray) -> float:
        loss = self._model.loss_and_grad(x, y)
        self.gradients.append(self.g.copy())
        return loss


def recorded(opt: Optimizer, steps: int) -> tuple[list[EpochSteps], list[np.ndarray]]:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(N, INPUTS)), rng.choice([-1.0, 1.0], (N, 1))
    model, recording = Spying(), Recording(steps, EPOCHS * steps)
    train(
        Recorder(inner=opt, recording=recording),
        model,
        LOSS,
        x,
        y,
        epochs=EPOCHS,
        batch_size=BATCH,
        rng=stream(0, "batches"),
        noise=stream(0, "noise"),
        clock=lambda: 0.0,
        monitor=lambda *_: True,
    )
    return recording.epochs, model.gradients


def test_the_steps_of_sgd_are_along_its_gradients() -> None:
    epochs, gradients = recorded(SGD(lr=0.5), 5)
    assert len(epochs) == EPOCHS
    for number, epoch in enumerate(epochs):
        own = np.array(gradients[5 * number : 5 * number + 5])
        assert epoch.update_norm == pytest.approx(0.5 * np.linalg.norm(own, axis=1).mean(), rel=1e-12)
        assert epoch.cosine == pytest.approx(1.0, rel=1e-12)
        mean = own.mean(axis=0)
        assert epoch.noise_ratio == pytest.approx(((own**2).sum(axis=1).mean() - mean @ mean) / (mean @ mean), rel=1e-9)


def test_an_epoch_of_one_step_has_no_noise_ratio() -> None:
    epochs, gradients = recorded(GD(lr=0.5), 1)
    assert [epoch.update_norm for epoch in epochs] == pytest.approx([0.5 * np.linalg.norm(g) for g in gradients], rel=1e-12)
    assert all(math.isnan(epoch.noise_ratio) for epoch in epochs)


def test_the_gradient_is_the_one_before_clipping() -> None:
    epochs, gradients = recorded(Clip(inner=SGD(lr=1.0), norm=1e-3), 5)
    assert epochs[0].update_norm == pytest.approx(1e-3, rel=1e-6)
    assert epochs[0].noise_ratio > 0
    assert np.linalg.norm(gradients[0]) > 1e-3


PLANNED = ["adam", "sgd", "gd", "momentum|clip[norm=0.1]|cosine", "lbfgs", "adam[lr=1e30]", "gd[line_search=armijo]"]


@pytest.mark.parametrize("text", PLANNED)
def test_a_replay_changes_nothing(registry: Registry, dataset: FrozenDataset, text: str) -> None:
    selections = Selections(
        optimizers=[text],
        architectures=["single-layer"],
        embedders=["hashing[features=16]"],
        datasets=[str(dataset.folder)],
        seeds=[3],
        epochs=2,
        batch_size=5,
    )
    (job,) = make_plan(registry, selections)
    stored, again = run_job(job), replay(job)
    assert again.digest == stored.digest is not None
    assert again.status == stored.status
    # Neither the warm-up nor the measurement of the update's cost is among the steps.
    assert len(again.epochs) == stored.epochs or stored.status == "diverged"


def test_a_replay_that_raises_is_a_failure(registry: Registry, dataset: FrozenDataset) -> None:
    selections = Selections(
        optimizers=["sgd"], architectures=["single-layer"], embedders=["hashing"], datasets=[str(dataset.folder)], seeds=[0]
    )
    (job,) = make_plan(registry, selections)
    failed = replay(replace(job, optimizer=Optimizer()))
    assert (failed.status, failed.digest, failed.epochs, failed.final) == ("failed", None, (), False)
    assert "update" in failed.reason


def test_numbers_that_are_not_finite_are_stored_as_null() -> None:
    one = Replay("ok", "", "abc", 1, (EpochSteps(1.5, math.nan, math.inf),))
    again = Replay.from_content(one.content())
    assert b"NaN" not in one.content()
    assert again.epochs[0].update_norm == 1.5
    assert math.isnan(again.epochs[0].cosine)
    assert math.isnan(again.epochs[0].noise_ratio)
