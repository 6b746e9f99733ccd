from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from optbench.core.contracts import Optimizer, State
from optbench.core.metrics import DIAGNOSTICS, RECORDED
from optbench.core.numerics import Array, Layout, Vector
from optbench.core.specs import Measurements
from optbench.losses.squared_tanh import SquaredTanh
from optbench.optimizers.gd import GD
from optbench.training.job import Job
from optbench.training.run_job import run_job


def with_optimizer(job: Job, optimizer: Optimizer, epochs: int = 15) -> Job:
    return replace(job, optimizer=optimizer, spec=replace(job.spec, epochs=epochs))


def test_a_result_is_complete(plan: list[Job]) -> None:
    result = run_job(plan[0])
    assert result.status == "ok"
    assert result.epochs == 3
    assert list(result.curves) == list(RECORDED)
    assert all(len(values) == 4 for values in result.curves.values())
    assert result.sketch_epochs == (0, 1, 2, 3)
    assert result.sketches is not None
    assert result.sketches.shape == (4, 512)
    assert list(result.seconds) == sorted(result.seconds)
    assert result.digest is not None
    assert len(result.digest) == 64
    assert result.curves["evaluations"].tolist() == [0, 3, 6, 9]
    assert result.curves["rows"].tolist() == [0, 12, 24, 36]
    assert result.curves["passes"].tolist() == [0, 1, 2, 3]


def test_diagnostics_measure_how_the_evaluated_weights_move(plan: list[Job]) -> None:
    curves = run_job(with_optimizer(plan[0], GD(lr=0.25), epochs=4)).curves
    assert math.isnan(curves["gradient_norm"][0])
    assert math.isnan(curves["update_norm"][0])
    assert curves["distance"][0] == 0
    assert_allclose(curves["update_norm"][1:], 0.25 * curves["gradient_norm"][1:], rtol=1e-4)
    assert curves["distance"][1] == pytest.approx(curves["update_norm"][1], rel=1e-6)
    assert curves["distance"][4] <= curves["update_norm"][1:].sum() * (1 + 1e-6)
    assert abs(curves["weight_norm"][4] - curves["weight_norm"][0]) <= curves["distance"][4] * (1 + 1e-6)


def test_diagnostics_are_deterministic_and_no_part_of_the_digest(plan: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = run_job(plan[0]), run_job(plan[0])
    for name in DIAGNOSTICS:
        assert_array_equal(one.curves[name], two.curves[name])
    monkeypatch.setattr("optbench.training.monitor.norm", lambda _: 1.0)
    three = run_job(plan[0])
    assert three.curves["distance"].tolist() == [1.0] * 4
    assert three.digest == one.digest


def test_measurements(plan: list[Job]) -> None:
    measured = run_job(plan[0]).measured
    assert plan[0].optimizer.name == "adam"
    assert (measured.weights, measured.state_bytes) == (33, 2 * 33 * 4)
    assert measured.duration is not None
    assert measured.duration > 0
    assert measured.cost is not None
    assert measured.cost_90 is not None
    assert 0 < measured.cost <= measured.cost_90


def test_the_cost_is_measured_once_per_process_and_layout(plan: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(
        "optbench.training.run_job.measure", lambda optimizer, *_: calls.append(optimizer.name) or Measurements(state_bytes=1)
    )
    for job in plan:
        choice = replace(job.spec.optimizer, name=f"another {job.spec.optimizer.name}")  # not measured by another test
        assert run_job(replace(job, spec=replace(job.spec, optimizer=choice))).measured.state_bytes == 1
    assert sorted(calls) == ["adam", "sgd"]


def test_a_run_is_a_function_of_its_spec(plan: list[Job]) -> None:
    assert run_job(plan[0]).digest == run_job(plan[0]).digest
    assert len({run_job(job).digest for job in plan}) == len(plan)


def test_optimizers_start_from_the_same_weights(plan: list[Job]) -> None:
    results = [run_job(job) for job in plan if job.spec.seed == 1]
    assert len({result.labels.optimizer for result in results}) == len(results) == 2
    firsts = [result.sketches[0].tobytes() for result in results if result.sketches is not None]
    assert len(set(firsts)) == 1
    assert len({result.curves["train_loss"][0] for result in results}) == 1


@dataclass(frozen=True, kw_only=True)
class Strange(Optimizer):
    name: ClassVar[str] = "strange"
    how: str = "nan"

    def init(self, w: Vector, layout: Layout) -> State:
        return State(first=w.copy())

    def update(self, w: Vector, g: Vector, s: Any, t: int) -> None:
        if self.how == "nan":
            w[0] = math.nan
        elif self.how == "large":
            w *= 10
        elif self.how == "wrong":
            w[:] = 0
            w[-1] = 50  # the bias alone: +1 whatever the row
        elif self.how == "raise":
            raise ValueError("on\npurpose")
        elif self.how == "exit":
            raise SystemExit(3)


@pytest.mark.parametrize(
    ("how", "status", "epochs", "words"),
    [
        ("nan", "diverged", 0, "not finite"),
        ("large", "diverged", 2, "over 1e+04 times the initial norm"),
        ("wrong", "diverged", 10, "over 1.5 times the initial loss for 10 epochs"),
        ("raise", "failed", 0, "ValueError: on"),
        ("exit", "failed", 0, "SystemExit: 3"),
    ],
)
def test_statuses(plan: list[Job], how: str, status: str, epochs: int, words: str) -> None:
    result = run_job(with_optimizer(plan[0], Strange(how=how)))
    assert result.status == status
    assert result.epochs == epochs
    assert words in result.reason
    assert (result.digest is not None) is (status == "diverged")


@pytest.mark.parametrize(("worst", "status"), [(np.float32(0.25), "ok"), (math.nan, "failed"), (math.inf, "failed")])
def test_the_worst_quality_is_a_number_that_the_store_can_keep(plan: list[Job], worst: float, status: str) -> None:
    class Other(SquaredTanh):
        def worst(self, y: Array) -> float:
            return worst

    result = run_job(replace(plan[0], loss=Other()))
    assert result.status == status
    assert type(result.worst) is float
    assert ("worst returned" in result.reason) == (status == "failed")


def test_diverged_runs_have_a_digest_too(plan: list[Job]) -> None:
    job = with_optimizer(plan[0], Strange(how="nan"))
    one, two = run_job(job), run_job(job)
    assert one.digest == two.digest is not None
