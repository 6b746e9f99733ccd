"""Wrappers: what each does to gradients and rates, how they compose, and a run with some of them."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from methods import BUILT_IN, CHAINS, WRAPPERS, wrapped
from numpy.testing import assert_allclose

from optbench import Layout, Objective, Optimizer, Schedule, State, Vector, Wrapper, fraction, positive
from optbench.architectures.single_layer import SingleLayer
from optbench.core.errors import PluginError
from optbench.core.hyperparameters import build, changed, values
from optbench.core.seeding import stream
from optbench.core.specs import RunSpec
from optbench.data.loader import FrozenDataset
from optbench.kit.problems import SMALL, Fixed, LeastSquares, start, trajectory
from optbench.losses.squared_tanh import SquaredTanh
from optbench.planning.plan import make_plan, rebuild
from optbench.planning.selections import Selections
from optbench.registry import Registry
from optbench.registry.declarations import check_class
from optbench.store import Store
from optbench.training.job import Job
from optbench.training.loop import Batch
from optbench.training.run_job import run_job
from optbench.wrappers.clip import Clip
from optbench.wrappers.constant import Constant
from optbench.wrappers.cosine import Cosine
from optbench.wrappers.one_cycle import OneCycle
from optbench.wrappers.step import Step
from optbench.wrappers.warmup import Warmup

SGD = BUILT_IN["sgd"]()
SCHEDULES = [cls for cls in WRAPPERS.values() if issubclass(cls, Schedule)]


def test_every_wrapper_is_in_a_chain() -> None:
    assert {wrapper for _, around in CHAINS for wrapper, _ in around} == set(WRAPPERS)


@pytest.mark.parametrize("cls", SCHEDULES)
@given(steps=st.integers(1, 500), data=st.data())
def test_a_factor_is_between_zero_and_one_at_every_step(cls: type[Schedule], steps: int, data: st.DataObject) -> None:
    t = data.draw(st.integers(1, steps))
    assert 0.0 <= cls(inner=SGD).factor(t, steps) <= 1.0


@pytest.mark.parametrize("steps", [1, 2, 7, 1000])
@pytest.mark.parametrize("warmup", [0, 3])
@pytest.mark.parametrize("floor", [0.0, 0.1])
def test_cosine_ends_at_its_floor(steps: int, warmup: int, floor: float) -> None:
    cosine = Cosine(inner=SGD, warmup=warmup, floor=floor)
    assert cosine.factor(steps, steps) == (floor if steps > warmup else steps / warmup)


def test_cosine_rises_up_to_its_warmup_and_falls_from_there() -> None:
    factors = [Cosine(inner=SGD, warmup=20).factor(t, 100) for t in range(1, 101)]
    assert_allclose(factors[:20], np.arange(1, 21) / 20)
    assert all(one > other for one, other in pairwise(factors[19:]))
    assert factors[59] == 0.5  # half of the way down


def test_warmup_holds_what_it_has_reached() -> None:
    warmup = Warmup(inner=SGD, steps=4, start=0.2)
    assert [round(warmup.factor(t, 9), 12) for t in range(1, 8)] == [0.4, 0.6, 0.8, 1.0, 1.0, 1.0, 1.0]


def test_step_falls_at_parts_of_the_run() -> None:
    assert [Step(inner=SGD, gamma=0.5).factor(t, 8) for t in range(1, 9)] == [1, 1, 1, 1, 0.5, 0.5, 0.25, 0.25]
    assert Step(inner=SGD, at=()).factor(8, 8) == 1


def test_one_cycle_starts_peaks_and_ends_where_it_says() -> None:
    cycle = OneCycle(inner=SGD, rise=0.25, start=0.1, end=0.01)
    factors = [cycle.factor(t, 40) for t in range(1, 41)]
    assert factors[0] == pytest.approx(0.1, rel=1e-12)
    assert (factors[9], factors[-1]) == (1.0, 0.01)
    assert all(one < other for one, other in pairwise(factors[:10]))
    assert all(one > other for one, other in pairwise(factors[9:]))


def test_a_factor_beyond_all_numbers_is_infinite_and_no_error() -> None:
    assert Step(inner=BUILT_IN["sgd"](), gamma=1e200).factor(10, 10) == math.inf


@pytest.mark.parametrize("cls", SCHEDULES)
def test_a_schedule_multiplies_the_rate_of_each_step(cls: type[Schedule]) -> None:
    schedule = cls(inner=SGD)
    w, g = np.zeros(3), np.ones(3)
    for t in range(1, 11):
        before = w[0]
        schedule.step(w, State(), t, Fixed(g, steps=10))
        assert w[0] - before == pytest.approx(-0.1 * schedule.factor(t, 10), rel=1e-12, abs=1e-15)


def test_a_constant_schedule_is_another_rate() -> None:
    halved = Constant(inner=BUILT_IN["adam"](lr=0.1), by=0.5)
    direct = BUILT_IN["adam"](lr=0.05)
    problem = LeastSquares(start(SMALL))
    assert trajectory(halved, problem).tobytes() == trajectory(direct, problem).tobytes()


def test_schedules_around_each_other_multiply() -> None:
    seen = []

    @dataclass(frozen=True, kw_only=True)
    class Rate(Optimizer):
        lr: float = 1.0

        def step(self, w: Vector, s: Any, t: int, at: Objective) -> None:
            seen.append(self.lr)

    both = Step(inner=Warmup(inner=Rate(), steps=10), gamma=0.5)
    for t in (5, 10, 11, 20):
        both.step(np.zeros(1), None, t, Fixed(np.zeros(1), steps=20))
    assert seen == [0.5, 1.0, 0.5, 0.25]


def test_a_schedule_and_clipping_commute() -> None:
    one = wrapped("adam", ("clip", {"norm": 0.5}), ("cosine", {"warmup": 5}))
    other = wrapped("adam", ("cosine", {"warmup": 5}), ("clip", {"norm": 0.5}))
    problem = LeastSquares(start(SMALL))
    assert trajectory(one, problem).tobytes() == trajectory(other, problem).tobytes()


def clipped(g: list[float], *around: dict[str, float]) -> list[float]:
    """The gradient that a method gets where that of the objective is `g`."""
    w, opt = np.zeros(len(g)), build(BUILT_IN["sgd"], {"lr": 1.0})
    for limits in around:
        opt = build(Clip, limits, inner=opt)
    opt.step(w, State(), 1, Fixed(np.array(g)))
    return (-w).tolist()


def test_clipping() -> None:
    assert clipped([3.0, -4.0], {"norm": 2.5}) == [1.5, -2.0]
    assert clipped([3.0, -4.0], {"norm": 5.0}) == [3.0, -4.0]
    assert clipped([3.0, -4.0, 0.5], {"value": 2.0}) == [2.0, -2.0, 0.5]
    assert clipped([0.0, 0.0], {"norm": 1.0, "value": 1.0}) == [0.0, 0.0]
    assert math.isnan(clipped([math.nan, 1.0], {"norm": 1.0, "value": 1.0})[0])


def test_within_one_clip_values_go_first_and_of_two_the_outer_one() -> None:
    assert clipped([30.0, -4.0], {"value": 3.0, "norm": 1e9}) == [3.0, -3.0]
    assert clipped([30.0, -4.0], {"norm": 5.0, "value": 3.0}) == clipped([30.0, -4.0], {"norm": 5.0}, {"value": 3.0})
    assert clipped([30.0, -4.0], {"value": 3.0}, {"norm": 5.0}) != clipped([30.0, -4.0], {"norm": 5.0}, {"value": 3.0})


def test_only_the_gradient_that_moves_weights_is_changed() -> None:
    layout, loss = SingleLayer().layout(4, 1), SquaredTanh()
    model = SingleLayer().bind(layout, loss, "float64")
    model.w[:] = SingleLayer().initial(layout, stream(0, "init"))
    rng = np.random.default_rng(0)
    x, y, v, out = rng.normal(size=(5, 4)), np.ones((5, 1)), rng.normal(size=4), np.empty(4)
    at = Batch(model, loss, rng, 7, (np.vstack([x, -x]), np.vstack([y, y])))
    everything = at.full().gradient().copy()
    at.take(x, y)
    at.hvp(v, out)
    plain, other, product = at.gradient().copy(), at.gradient(-y).copy(), out.copy()

    def double(g: Vector) -> None:
        g *= 2

    def increase(g: Vector) -> None:
        g += 1

    changed = at.after(increase).after(double)
    assert_allclose(changed.full().gradient(), 2 * (everything + 1))
    assert_allclose(changed.gradient(), 2 * (plain + 1))
    assert_allclose(changed.gradient(-y), other)
    changed.hvp(v, out)
    assert_allclose(out, product)
    assert changed.value() == loss.value(model.forward(x), y)
    assert (changed.loss, changed.steps, changed.noise) == (at.loss, 7, rng)
    assert (changed.evaluations, changed.rows) == (at.evaluations, at.rows) == (10.5, 2 * 10 + 8.5 * 5)
    assert changed.outputs() is at.outputs()
    assert changed.sample_labels().shape == y.shape
    assert_allclose(at.gradient(), plain)


def test_a_schedule_is_incompatible_with_a_method_that_sets_its_own_rate() -> None:
    for cls in BUILT_IN.values():
        assert bool(Cosine(inner=Clip(inner=cls(), norm=1.0)).incompatibility()) is (not cls.rates)


def test_a_wrapper_evaluates_the_weights_that_its_optimizer_does() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Averaging(Optimizer):
        def init(self, w: Vector, layout: Layout) -> State:
            return State(mean=w.copy())

        def eval_weights(self, w: Vector, s: State) -> Vector:
            return s.mean

    w = np.zeros(SMALL.size)
    opt = Clip(inner=Averaging(), norm=1.0)
    s = opt.init(w, SMALL)
    assert opt.eval_weights(w, s) is s.mean


def test_a_wrapper_has_no_update() -> None:
    with pytest.raises(NotImplementedError, match="Clip defines no update of its own: call step"):
        Clip(inner=SGD, norm=1.0).update(np.zeros(1), np.zeros(1), State(), 1)


def test_the_optimizer_within_is_no_hyper_parameter() -> None:
    made = build(Cosine, {"warmup": 3}, inner=SGD)
    assert values(made) == {"warmup": 3, "floor": 0.0}
    assert changed(made) == {"warmup": 3}


@dataclass(frozen=True, kw_only=True)
class Derived(Optimizer):
    """An optimizer that keeps a value computed from its rate."""

    name: ClassVar[str] = "derived"
    lr: float = positive(0.1)

    def __post_init__(self) -> None:
        object.__setattr__(self, "doubled", 2 * self.lr)


@dataclass(frozen=True, kw_only=True, slots=True)
class Slotted(Optimizer):
    name: ClassVar[str] = "slotted"
    lr: float = positive(0.1)
    beta: float = fraction(0.5)


def test_scaling_is_right_for_dataclasses_of_every_kind() -> None:
    assert Derived().scaled(0.5).doubled == 0.1
    assert Slotted().scaled(0.5) == Slotted(lr=0.05)
    kept = BUILT_IN["sgd"]()
    object.__setattr__(kept, "inverse", 10.0)  # as `functools.cached_property` does
    assert not hasattr(kept.scaled(0.5), "inverse")


def test_a_wrapper_among_the_optimizers_is_refused() -> None:
    with pytest.raises(PluginError, match="return it from optbench_wrappers"):
        check_class(Clip, "optimizer")
    check_class(Clip, "wrapper")
    with pytest.raises(PluginError, match=r"not a subclass of optbench\.Wrapper"):
        check_class(BUILT_IN["sgd"], "wrapper")


@pytest.fixture
def chain(registry: Registry, dataset: FrozenDataset) -> list[Job]:
    selections = Selections(
        optimizers=["adam[lr=0.01]|clip[norm=1]|cosine[warmup=2]", "gd|clip[value=0.01]|step"],
        architectures=["single-layer"],
        embedders=["hashing[features=16]"],
        datasets=[str(dataset.folder)],
        seeds=[0],
        epochs=3,
        batch_size=5,
    )
    return make_plan(registry, selections)


def test_wrapped_runs_are_stored_and_repeated(registry: Registry, chain: list[Job], tmp_path: Path) -> None:
    results = [run_job(task) for task in chain]
    assert [result.status for result in results] == ["ok", "ok"]
    with Store(tmp_path / "runs.sqlite") as store:
        for result in results:
            store.put(result)
        found = store.results()
    assert [result.spec for result in found] == [task.spec for task in chain]
    assert [RunSpec.from_json(result.spec.as_json()).key for result in found] == [task.spec.key for task in chain]
    again = [run_job(rebuild(registry, result.spec, result.labels)) for result in found]
    assert [result.digest for result in again] == [result.digest for result in found]


def test_wrappers_change_the_run(chain: list[Job]) -> None:
    for task in chain:
        bare = task.optimizer
        while isinstance(bare, Wrapper):
            bare = bare.inner
        assert run_job(task).digest != run_job(replace(task, optimizer=bare)).digest


def optbench(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from optbench.cli import main; main()", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_from_the_command_line(dataset: FrozenDataset, tmp_path: Path) -> None:
    axes = ("-m", "single-layer", "-e", "hashing[features=16]", "-d", str(dataset.folder), "--seeds", "0")
    options = ("--epochs", "2", "-j", "1", "--no-report", "--json")
    done = optbench(tmp_path, "run", "-o", "adam[lr=1e-3,1e-2]|clip[norm=1]|cosine[warmup=1]", *axes, *options)
    assert done.returncode == 0, done.stderr
    shown = [json.loads(line) for line in optbench(tmp_path, "show", "--json").stdout.splitlines()]
    assert {run["optimizer_label"] for run in shown} == {
        "adam[lr=0.01]|clip[norm=1]|cosine[warmup=1]",
        "adam|clip[norm=1]|cosine[warmup=1]",
    }
    assert {run["optimizer"] for run in shown} == {"adam"}
    assert shown[0]["wrappers"] == [
        {"name": "clip", "params": {"norm": 1.0, "value": None}},
        {"name": "cosine", "params": {"warmup": 1, "floor": 0.0}},
    ]
    listed = optbench(tmp_path, "list", "wrappers", "--json").stdout.splitlines()
    assert set(WRAPPERS) <= {json.loads(line)["name"] for line in listed}
    refused = optbench(tmp_path, "run", "-o", "rprop|cosine", *axes)
    assert refused.returncode == 2
    assert "cosine multiplies a learning rate" in refused.stderr
