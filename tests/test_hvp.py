"""Hessian-vector products: counted in a run, and required at planning time; the kit compares them with finite differences."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from optbench import Architecture, Optimizer, hookimpl
from optbench.architectures.single_layer import SingleLayer
from optbench.core.errors import UsageError
from optbench.losses.squared_tanh import SquaredTanh
from optbench.planning.plan import make_plan
from optbench.planning.selections import Selections
from optbench.registry import Registry
from optbench.training.loop import Batch


def test_a_product_counts_as_two_gradients():
    loss = SquaredTanh()
    network = SingleLayer().bind(SingleLayer().layout(9, 1), loss, np.float64)
    x, y = np.random.default_rng(1).normal(size=(7, 9)), np.ones((7, 1))
    at = Batch(network, loss, np.random.default_rng(0), 1, (x, y))
    at.gradient()
    at.hvp(np.ones(9), np.empty(9))
    assert (at.evaluations, at.rows) == (3, 3 * 7)


@dataclass(frozen=True, kw_only=True)
class Newtonian(Optimizer):
    name: ClassVar[str] = "newtonian"
    needs: ClassVar[frozenset[str]] = frozenset({"hvp"})


@dataclass(frozen=True, kw_only=True)
class FirstOrder(Architecture):
    name: ClassVar[str] = "first-order"


@hookimpl
def optbench_optimizers():
    return [Newtonian]


@hookimpl
def optbench_architectures():
    return [FirstOrder]


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A registry with this module as a plugin."""
    info = tmp_path / "orders-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: orders\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[optbench]\norders = {__name__}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return Registry(autoload=True)


def selected(architecture: str, expression: str = "") -> Selections:
    return Selections(
        optimizers=["newtonian", "sgd"],
        architectures=[architecture, "two-layer-mlp"],
        embedders=["hashing"],
        expression=expression,
        seeds=[0],
    )


def test_plan_refuses_a_second_order_method_on_a_first_order_architecture(registry):
    with pytest.raises(UsageError, match=r"'newtonian' needs hvp, which architecture 'first-order' does not provide"):
        make_plan(registry, selected("first-order"))


@pytest.mark.parametrize("unnamed", ["optimizers", "architectures"])
def test_a_pair_that_nobody_named_is_left_out_with_a_warning(registry, unnamed):
    selections = replace(selected("first-order"), **{unnamed: None})
    with pytest.warns(UserWarning) as warned:  # noqa: PT030  # plugins that are installed may add pairs of their own
        tasks = make_plan(registry, selections)
    expected = "skipped: optimizer 'newtonian' needs hvp, which architecture 'first-order' does not provide"
    assert expected in {str(one.message) for one in warned}
    pairs = {(task.labels.optimizer, task.labels.architecture) for task in tasks}
    assert {("newtonian", "two-layer-mlp"), ("sgd", "first-order")} <= pairs
    assert ("newtonian", "first-order") not in pairs


def test_plan_takes_the_remedy_that_its_refusal_names(registry):
    tasks = make_plan(registry, selected("first-order", "not (newtonian and first-order)"))
    pairs = {(task.labels.optimizer, task.labels.architecture) for task in tasks}
    assert pairs == {("newtonian", "two-layer-mlp"), ("sgd", "two-layer-mlp"), ("sgd", "first-order")}
