"""Line searches: they end, leave the weights at a loss that is not higher, and a trial that overflows does not end a run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import pytest
from searches import PROBLEMS, ROWS, data, objective

from optbench import Objective, Optimizer, Vector
from optbench.core.errors import UsageError
from optbench.core.seeding import stream
from optbench.core.specs import Choice
from optbench.data.loader import FrozenDataset
from optbench.method_docs import component_doc
from optbench.optimizers.gd import GD
from optbench.optimizers.lbfgs import LBFGS
from optbench.optimizers.line_search import HALVINGS, TRIALS, Point, armijo, strong_wolfe
from optbench.planning.catalogue import Catalogue
from optbench.planning.plan import make_plan
from optbench.planning.selections import Selections
from optbench.registry import Registry
from optbench.training.loop import Batch, Trained, train
from optbench.training.run_job import run_job
from optbench.training.state_sizes import state_sizes
from optbench.training.update_cost import measure
from optbench.wrappers.clip import Clip

SEARCHES = (GD(line_search="armijo"), LBFGS(line_search="strong-wolfe"))
every_search = pytest.mark.parametrize("opt", SEARCHES, ids=lambda opt: opt.name)
every_loss = pytest.mark.parametrize("name", PROBLEMS)


def losses(opt: Optimizer, name: str, dtype: str = "float64", steps: int = 30) -> list[float]:
    """Take steps, and return the loss before each of them and after the last."""
    model, at = objective(name, dtype)
    s, found = opt.init(model.w, model.layout), []
    for t in range(1, steps + 1):
        found.append(at.value())
        opt.step(model.w, s, t, at)
    return [*found, at.value()]


def trained(opt: Optimizer, name: str = "squared", epochs: int = 15) -> tuple[Trained, Batch, float]:
    """Train a small network, and return how it ended, the objective at the end and the loss there."""
    model, _ = objective(name)
    x, y = data(name)
    seen: list[Batch] = []

    def monitor(_epoch: int, _weights: Vector, at: Batch, _seconds: float) -> bool:
        seen[:] = [at]
        return True

    noise = stream(0, "noise")
    run = train(
        opt,
        model,
        PROBLEMS[name][0],
        x,
        y,
        epochs=epochs,
        batch_size=ROWS,
        rng=noise,
        noise=noise,
        clock=lambda: 0.0,
        monitor=monitor,
    )
    return run, seen[0], PROBLEMS[name][0].value(model.forward(x), y)


@every_loss
@every_search
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_loss_never_rises(opt: Any, name: str, dtype: str) -> None:
    path = losses(opt, name, dtype)
    # A loss in float32 has rounding errors, and the one of a gradient is computed by another product than a value.
    assert all(after <= before * (1.0 + 1e-6) for before, after in pairwise(path))
    assert path[-1] < 0.9 * path[0]


@every_loss
@every_search
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_first_rate_that_overflows_is_reduced(opt: Any, name: str, dtype: str) -> None:
    with np.errstate(all="ignore"):
        path = losses(type(opt)(line_search=opt.line_search, lr=1e30 if dtype == "float32" else 1e200), name, dtype, steps=60)
    assert np.isfinite(path).all()
    assert path[-1] <= path[0]


@every_search
def test_a_run_whose_first_trials_overflow_has_not_diverged(opt: Any) -> None:
    with np.errstate(all="ignore"):
        run, _, loss = trained(type(opt)(line_search=opt.line_search, lr=1e160))
        _, _, before = trained(opt, epochs=0)
    assert run.status == "ok"
    assert loss <= before


@every_search
def test_weights_at_which_the_loss_is_not_finite_end_the_run(opt: Any) -> None:
    model, _ = objective("squared")
    x, y = data("squared")
    model.w[:] = 1e200
    noise, calls = stream(0, "noise"), []

    def monitor(epoch: int, *_: object) -> bool:
        calls.append(epoch)
        return True

    with np.errstate(all="ignore"):
        run = train(
            opt,
            model,
            PROBLEMS["squared"][0],
            x,
            y,
            epochs=3,
            batch_size=ROWS,
            rng=noise,
            noise=noise,
            clock=lambda: 0.0,
            monitor=monitor,
        )
    assert run.status == "diverged"
    assert calls == [0]


def test_values_count_as_half_and_trials_of_lbfgs_as_whole_gradients() -> None:
    steps = 12
    _, at, _ = trained(GD(line_search="armijo"), epochs=steps)
    assert at.evaluations >= 1.5 * steps
    assert (2.0 * at.evaluations) % 1.0 == 0.0
    assert at.rows == at.evaluations * ROWS
    _, at, _ = trained(LBFGS(line_search="strong-wolfe"), epochs=steps)
    assert at.evaluations >= 2 * steps
    assert at.evaluations % 1.0 == 0.0


def test_armijo_returns_the_first_rate_that_falls_enough() -> None:
    tried: list[float] = []

    def parabola(rate: float) -> float:
        tried.append(rate)
        return (rate - 1.0) ** 2

    assert armijo(parabola, 16.0, 1.0, -2.0) == (1.0, True)
    assert tried == [16.0, 8.0, 4.0, 2.0, 1.0]


@pytest.mark.parametrize("loss", [math.inf, math.nan, 1.0])
def test_armijo_ends_where_nothing_falls(loss: float) -> None:
    tried: list[float] = []
    _, falls = armijo(lambda rate: tried.append(rate) or loss, 1.0, 1.0, -2.0)  # type: ignore[func-returns-value]
    assert not falls
    assert tried == [0.5**k for k in range(HALVINGS + 1)]


FUNCTIONS = {
    "parabola": (lambda r: (r - 1.0) ** 2, lambda r: 2.0 * (r - 1.0)),
    "far": (lambda r: (r / 1e3 - 1.0) ** 2, lambda r: 2e-3 * (r / 1e3 - 1.0)),
    "narrow": (lambda r: (1e4 * r - 1.0) ** 2, lambda r: 2e4 * (1e4 * r - 1.0)),
    "logarithm": (lambda r: r - 0.01 * math.log(r + 1e-3), lambda r: 1.0 - 0.01 / (r + 1e-3)),
    "wave": (lambda r: math.cos(r + 0.5) + 0.01 * r * r, lambda r: 0.02 * r - math.sin(r + 0.5)),
    "wall": (lambda r: (r - 0.1) ** 2 if r < 0.3 else math.inf, lambda r: 2.0 * (r - 0.1) if r < 0.3 else math.nan),
    "hole": (lambda r: (r - 0.1) ** 2 if r < 0.3 else math.nan, lambda r: 2.0 * (r - 0.1)),
}


@pytest.mark.parametrize("first", [1e-6, 0.3, 1.0, 7.0, 1e6])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_strong_wolfe_conditions_hold_where_the_search_ends(name: str, first: float) -> None:
    f, df = FUNCTIONS[name]
    tried = []

    def point_at(rate: float) -> Point:
        tried.append(rate)
        return Point(rate, f(rate), df(rate))

    start = Point(0.0, f(0.0), df(0.0))
    rate = strong_wolfe(point_at, start, first, length=1.0)
    assert rate in tried
    assert f(rate) <= start.loss + 1e-4 * rate * start.slope
    assert abs(df(rate)) <= 0.9 * abs(start.slope)


@pytest.mark.parametrize("loss", [math.inf, math.nan, 2.0])
def test_the_strong_wolfe_search_ends_where_nothing_falls(loss: float) -> None:
    tried: list[float] = []

    def point_at(rate: float) -> Point:
        tried.append(rate)
        return Point(rate, loss, 1.0)

    assert strong_wolfe(point_at, Point(0.0, 1.0, -1.0), 1.0, length=1e9) == 0.0
    assert len(tried) <= TRIALS + 1


def test_the_strong_wolfe_search_ends_where_the_loss_falls_for_ever() -> None:
    tried: list[float] = []

    def point_at(rate: float) -> Point:
        tried.append(rate)
        return Point(rate, -rate, -1.0)

    assert strong_wolfe(point_at, Point(0.0, 0.0, -1.0), 1.0, length=1.0) == tried[-1]
    assert len(tried) == TRIALS + 1


class Misleading(Batch):
    """An objective whose gradient points uphill, so that no rate is acceptable."""

    def gradient(self, y: Any = None) -> Vector:
        g = super().gradient(y)
        g *= -1.0
        return g


@every_search
def test_weights_stay_where_no_rate_is_acceptable(opt: Any) -> None:
    loss, _ = PROBLEMS["squared"]
    model, _ = objective("squared")
    at, s, before = (
        Misleading(model, loss, stream(0, "noise"), 9, data("squared")),
        opt.init(model.w, model.layout),
        model.w.copy(),
    )
    for t in range(1, 4):
        opt.step(model.w, s, t, at)
        assert np.array_equal(model.w, before)
    assert at.evaluations <= 3 * (1 + TRIALS + 1)


@every_search
def test_a_schedule_is_refused(opt: Any, registry: Registry) -> None:
    choice = Choice(opt.name, {"line_search": opt.line_search}, (Choice("cosine", {}),))
    with pytest.raises(
        UsageError, match="cosine multiplies a learning rate, and the method before it sets its own: leave it out"
    ):
        Catalogue(registry).instantiate("optimizer", choice)
    assert Catalogue(registry).instantiate("optimizer", Choice(opt.name, {}, (Choice("cosine", {}),)))


@every_loss
@every_search
@pytest.mark.parametrize("limit", [{"norm": 0.01}, {"value": 0.001}], ids=str)
def test_the_loss_does_not_rise_with_clipped_gradients_either(opt: Any, name: str, limit: dict[str, float]) -> None:
    path = losses(Clip(inner=opt, **limit), name)
    assert all(after <= before * (1.0 + 1e-12) for before, after in pairwise(path))
    assert path[-1] < path[0]


def test_weight_decay_is_part_of_the_loss_that_is_searched() -> None:
    opt = GD(line_search="armijo", weight_decay=0.1, lr=1.0)
    model, at = objective("squared")
    s, totals = opt.init(model.w, model.layout), []
    for t in range(1, 200):
        totals.append(at.value() + 0.05 * float(model.w @ model.w))
        opt.step(model.w, s, t, at)
    assert all(after <= before + 1e-12 for before, after in pairwise(totals))
    stationary = at.gradient() + 0.1 * model.w
    assert np.abs(stationary).max() < 1e-2


def test_the_copy_of_the_weights_is_scratch_memory() -> None:
    model, _ = objective("squared")
    gd, lbfgs = SEARCHES
    assert state_sizes(gd, model.w, model.layout) == (0, model.w.nbytes)
    state, scratch = state_sizes(lbfgs, model.w, model.layout)
    without, own = state_sizes(LBFGS(), model.w, model.layout)
    assert (state, scratch) == (without, own + model.w.nbytes)


@every_search
def test_the_cost_of_the_update_is_measured(opt: Any) -> None:
    model, _ = objective("squared")
    assert measure(opt, model.layout, "float32").update is not None


@every_search
def test_a_run_through_the_plan(opt: Any, registry: Registry, dataset: FrozenDataset) -> None:
    selected = f"{opt.name}[line_search={opt.line_search}]"
    (job,) = make_plan(
        registry,
        Selections(
            optimizers=[selected],
            architectures=["two-layer-mlp"],
            embedders=["hashing[features=16]"],
            datasets=[str(dataset.folder)],
            seeds=[0],
            epochs=8,
            batch_size=5,
        ),
    )
    result = run_job(job)
    assert (result.status, result.labels.optimizer) == ("ok", selected)
    losses = result.curves["train_loss"]
    assert np.all(np.diff(losses) <= 1e-6 * losses[0])
    assert losses[-1] < 0.9 * losses[0]
    assert np.all(np.diff(result.curves["passes"]) >= 1.5)  # a gradient and at least one trial per epoch
    assert run_job(job).digest == result.digest


@every_search
def test_the_documentation_names_the_search_and_its_oracle(opt: Any, registry: Registry) -> None:
    text = str(component_doc(registry.find("optimizer", opt.name), "optimizer"))
    assert f"line_search={opt.line_search}" in text
    assert "not possible where it sets its own rate" in text
    assert ("optax.scale_by_backtracking_linesearch" if opt.name == "gd" else "strong_wolfe") in text


@dataclass(frozen=True, kw_only=True)
class Trying(Optimizer):
    """Computes losses at weights that are not kept, and moves nowhere."""

    name: ClassVar[str] = "trying"
    trials: tuple[float, ...]
    gradients: bool

    def step(self, w: Vector, s: Any, t: int, at: Objective) -> None:
        before = w.copy()
        for trial in self.trials:
            w[:] = trial
            if self.gradients:
                at.gradient()
            else:
                at.value()
        w[:] = before


@pytest.mark.parametrize("gradients", [False, True])
@pytest.mark.parametrize(
    ("trials", "status"),
    [((1e200, 0.1), "ok"), ((0.1, 1e200), "ok"), ((1e200,), "diverged"), ((1e200, math.nan), "diverged"), ((), "ok")],
)
def test_a_run_diverges_at_a_step_without_a_finite_loss(trials: tuple[float, ...], status: str, *, gradients: bool) -> None:
    with np.errstate(all="ignore"):
        assert trained(Trying(trials=trials, gradients=gradients))[0].status == status
