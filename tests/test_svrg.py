"""A method that needs all training rows, written with `Objective.full` as docs/contract-2.md shows it: SVRG."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.testing import assert_allclose
from searches import PROBLEMS, data, objective

from optbench import Layout, Objective, Optimizer, State, Vector, axpy, count, positive
from optbench.core.seeding import stream
from optbench.data.loader import FrozenDataset
from optbench.optimizers.sgd import SGD
from optbench.planning.plan import make_plan
from optbench.planning.selections import Selections
from optbench.registry import Registry
from optbench.training.loop import train
from optbench.training.run_job import run_job
from optbench.training.state_sizes import state_sizes
from optbench.wrappers.clip import Clip


@dataclass(frozen=True, kw_only=True)
class SVRG(Optimizer):
    """Stochastic variance-reduced gradient. Johnson & Zhang 2013, NeurIPS, 315-323, option I.

    Every `every` steps the weights become the snapshot, at which the gradient on all rows is computed.
    """

    name: ClassVar[str] = "svrg"
    lr: float = positive(0.1)
    every: int = count(8)

    def init(self, w: Vector, layout: Layout) -> State:
        """Return buffers for the snapshot, its gradient on all rows, the weights and the gradient at them."""
        return State(**{name: np.empty_like(w) for name in ("snapshot", "mean", "current", "g")})

    def step(self, w: Vector, s: State, t: int, at: Objective) -> None:
        """w_t = w_{t-1} - lr (g_t - g_t(snapshot) + mean gradient at the snapshot)."""
        if (t - 1) % self.every == 0:
            s.snapshot[:] = w
            s.mean[:] = at.full().gradient()
        s.g[:] = at.gradient()  # all gradients share one buffer
        s.current[:] = w
        w[:] = s.snapshot
        at_snapshot = at.gradient()
        w[:] = s.current
        s.g -= at_snapshot
        s.g += s.mean
        axpy(-self.lr, s.g, w)


ROWS, BATCH = 40, 5
EPOCH = ROWS // BATCH


def run(opt: Optimizer, name: str, epochs: int, monitor: Any = lambda *_: True) -> Vector:
    model, _ = objective(name)
    x, y = data(name)
    train(
        opt,
        model,
        PROBLEMS[name][0],
        x,
        y,
        epochs=epochs,
        batch_size=BATCH,
        rng=stream(0, "batches"),
        noise=stream(0, "noise"),
        clock=lambda: 0.0,
        monitor=monitor,
    )
    return model.w


@pytest.mark.parametrize("name", PROBLEMS)
def test_svrg_equals_the_paper_on_separate_models(name: str) -> None:
    """Here each gradient has a model of its own, so that nothing is written into the weights and restored."""
    x, y = data(name)
    (model, at), (other, full) = objective(name), objective(name)
    w, rng = model.w.copy(), stream(0, "batches")
    for _ in range(6):
        snapshot = w.copy()
        other.w[:] = snapshot
        mean = full.gradient().copy()
        order = rng.permutation(ROWS)
        for first in range(0, ROWS, BATCH):
            rows = order[first : first + BATCH]
            model.w[:], other.w[:] = w, snapshot
            model.loss_and_grad(x[rows], y[rows])
            other.loss_and_grad(x[rows], y[rows])
            w -= 0.1 * (model.g - other.g + mean)
    assert at.evaluations == 0
    assert_allclose(run(SVRG(lr=0.1, every=EPOCH), name, 6), w, rtol=1e-9, atol=1e-12)


def test_the_full_gradient_and_both_of_a_step_are_counted() -> None:
    counts = []

    def monitor(_epoch: int, _weights: Vector, at: Objective, _seconds: float) -> bool:
        counts.append((at.evaluations, at.rows))
        return True

    run(SVRG(every=EPOCH), "squared", 3, monitor)
    assert counts == [(k * (1 + 2 * EPOCH), k * 3 * ROWS) for k in range(4)]


def test_its_loss_falls_where_that_of_sgd_varies() -> None:
    """The targets are noisy, so that gradients of batches are not 0 at the optimum; those of SVRG are."""
    loss, _ = PROBLEMS["squared"]
    x, y = data("squared")
    model, _ = objective("squared")
    rises = {}
    for opt in (SVRG(lr=0.03, every=EPOCH), SGD(lr=0.03)):
        path = []

        def monitor(_epoch: int, weights: Vector, *_: object, path: list[float] = path) -> bool:
            path.append(loss.value(model.forward(x, weights), y))
            return True

        run(opt, "squared", 300, monitor)
        rises[opt.name] = float(np.diff(path[-100:]).max())
    assert rises["svrg"] < 0.0
    assert rises["sgd"] > 1e-5


def test_the_objective_of_all_rows_has_the_mean_gradient_and_counts_with_the_batchs() -> None:
    model, at = objective("squared")
    x, y = data("squared")
    g = at.gradient().copy()
    at.take(x[:7], y[:7])
    assert not np.allclose(at.gradient(), g)
    full = at.full()
    assert_allclose(full.gradient(), g, rtol=1e-12)
    assert full.loss == pytest.approx(full.value(), rel=1e-12)
    assert at.full() is full
    assert full.evaluations == at.evaluations == 1 + 1 + 1 + 0.5
    assert full.rows == at.rows == ROWS + 7 + 1.5 * ROWS
    assert full.outputs().shape == (ROWS, 2)
    assert full.sample_labels().shape == y.shape
    v, out, expected = np.ones_like(model.w), np.empty_like(model.w), np.empty_like(model.w)
    full.hvp(v, out)
    model.hvp(x, y, v, expected)
    assert np.array_equal(out, expected)


def test_a_wrapper_that_changes_gradients_changes_those_of_all_rows() -> None:
    model, at = objective("squared")
    clip = Clip(inner=SGD(), norm=1e-3)
    assert np.linalg.norm(at.after(clip.clip).full().gradient()) == pytest.approx(1e-3)
    assert np.linalg.norm(at.full().gradient()) > 1e-3
    assert np.isfinite(model.w).all()


def test_all_of_its_state_but_the_copies_is_information() -> None:
    model, _ = objective("squared")
    assert state_sizes(SVRG(every=3), model.w, model.layout) == (2 * model.w.nbytes, 2 * model.w.nbytes)


def test_the_passes_of_a_run(registry: Registry, dataset: FrozenDataset) -> None:
    (job,) = make_plan(
        registry,
        Selections(
            optimizers=["sgd"],
            architectures=["two-layer-mlp"],
            embedders=["hashing[features=16]"],
            datasets=[str(dataset.folder)],
            seeds=[0],
            epochs=4,
            batch_size=4,
        ),
    )
    steps = 3  # 12 training rows
    result = run_job(replace(job, optimizer=SVRG(every=steps)))
    assert result.status == "ok"
    assert result.curves["passes"].tolist() == [0.0, 3.0, 6.0, 9.0, 12.0]
    assert result.curves["evaluations"].tolist() == [epoch * (1.0 + 2.0 * steps) for epoch in range(5)]
    assert result.curves["train_loss"][-1] < result.curves["train_loss"][0]
