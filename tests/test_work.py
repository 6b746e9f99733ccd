from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pytest

from optbench.contracts import Optimizer, State
from optbench.numerics import Layout, Vector
from optbench.plan import Task
from optbench.specs import CURVES
from optbench.work import run_task


def with_optimizer(task: Task, optimizer: Optimizer, epochs: int = 15) -> Task:
    return replace(task, optimizer=optimizer, spec=replace(task.spec, epochs=epochs))


def test_a_result_has_all_that_is_promised(plan: list[Task]) -> None:
    result = run_task(plan[0])
    assert result.status == "ok"
    assert result.epochs == 3
    assert set(result.curves) == set(CURVES)
    assert all(len(values) == 4 for values in result.curves.values())
    assert result.sketch_epochs == (0, 1, 2, 3)
    assert result.sketches is not None
    assert result.sketches.shape == (4, 512)
    assert list(result.seconds) == sorted(result.seconds)
    assert result.digest is not None
    assert len(result.digest) == 64
    assert result.curves["evaluations"].tolist() == [0, 3, 6, 9]
    assert result.curves["rows"].tolist() == [0, 12, 24, 36]


def test_a_run_is_a_function_of_its_spec(plan: list[Task]) -> None:
    assert run_task(plan[0]).digest == run_task(plan[0]).digest
    assert len({run_task(task).digest for task in plan}) == len(plan)


def test_optimizers_start_from_the_same_weights(plan: list[Task]) -> None:
    results = [run_task(task) for task in plan if task.spec.seed == 1]
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
        ("large", "diverged", 2, "over 1e+04 times the first"),
        ("wrong", "diverged", 10, "over 1.5 times the first for 10 epochs"),
        ("raise", "failed", 0, "ValueError: on"),
        ("exit", "failed", 0, "SystemExit: 3"),
    ],
)
def test_endings(plan: list[Task], how: str, status: str, epochs: int, words: str) -> None:
    result = run_task(with_optimizer(plan[0], Strange(how=how)))
    assert result.status == status
    assert result.epochs == epochs
    assert words in result.reason
    assert (result.digest is not None) is (status == "diverged")


def test_diverged_runs_have_a_digest_too(plan: list[Task]) -> None:
    task = with_optimizer(plan[0], Strange(how="nan"))
    one, two = run_task(task), run_task(task)
    assert one.digest == two.digest is not None
