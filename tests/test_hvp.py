"""Hessian-vector products: exact, counted, and asked for at planning time."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from optbench import Architecture, Optimizer
from optbench.architectures.network import Network, TanhNetwork
from optbench.architectures.recursive_mlp import RecursiveMLP
from optbench.architectures.single_layer import SingleLayer
from optbench.architectures.two_layer_mlp import TwoLayerMLP
from optbench.core.errors import UsageError
from optbench.planning.plan import Selections, make_plan
from optbench.registry import Component, Registry
from optbench.training.loop import Batch

ARCHITECTURES = [SingleLayer(), TwoLayerMLP(hidden=5), RecursiveMLP(hidden=(6, 5, 4))]


def problem(architecture: TanhNetwork, rows: int = 7, inputs: int = 9) -> tuple[Network, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    layout = architecture.layout(inputs)
    network = architecture.bind(layout, np.float64)
    network.w[:] = architecture.initial(layout, rng)
    x, y = rng.standard_normal((rows, inputs)), np.sign(rng.standard_normal(rows))
    return network, x, y, rng.standard_normal(layout.size)


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda a: a.name)
def test_product_equals_finite_differences_of_the_gradient(architecture):
    network, x, y, v = problem(architecture)
    out, step = np.empty_like(v), 1e-6
    network.hvp(x, y, v, out)
    network.w += step * v
    network.loss_and_grad(x, y)
    above = network.g.copy()
    network.w -= 2 * step * v
    network.loss_and_grad(x, y)
    expected = (above - network.g) / (2 * step)
    np.testing.assert_allclose(out, expected, rtol=1e-7, atol=1e-8 * np.abs(expected).max())


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda a: a.name)
def test_hessian_is_symmetric_to_rounding(architecture):
    network, x, y, _ = problem(architecture)
    hessian = np.empty((network.layout.size, network.layout.size))
    for v, out in zip(np.eye(len(hessian)), hessian, strict=True):
        network.hvp(x, y, v, out)
    np.testing.assert_allclose(hessian, hessian.T, rtol=0, atol=1e-14)
    assert np.abs(hessian).max() > 0.01


def test_product_leaves_the_last_gradient_loss_and_outputs_alone():
    network, x, y, v = problem(TwoLayerMLP(hidden=5))
    at = Batch(network, np.random.default_rng(0), steps=1)
    at.take(x, y)
    at.gradient()
    before = copy.deepcopy((network.w, network.g, at.loss, at.outputs(), v))
    at.hvp(v, np.empty_like(v))
    after = (network.w, network.g, at.loss, at.outputs(), v)
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


def test_product_counts_as_two_gradients():
    network, x, y, v = problem(SingleLayer())
    at = Batch(network, np.random.default_rng(0), steps=1)
    at.take(x, y)
    at.gradient()
    at.hvp(v, np.empty_like(v))
    assert (at.evaluations, at.rows) == (3, 3 * len(x))


@dataclass(frozen=True, kw_only=True)
class Newtonian(Optimizer):
    name: ClassVar[str] = "newtonian"
    needs: ClassVar[frozenset[str]] = frozenset({"hvp"})


@dataclass(frozen=True, kw_only=True)
class FirstOrder(Architecture):
    name: ClassVar[str] = "first-order"


@pytest.fixture
def registry() -> Registry:
    found = Registry(autoload=False)
    for axis, cls in (("optimizer", Newtonian), ("architecture", FirstOrder)):
        found._components[axis][cls.name] = Component(cls, found.plugins[0])
    return found


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
    with pytest.warns(UserWarning, match="skipped: optimizer 'newtonian' needs hvp, which architecture 'first-order'"):
        tasks = make_plan(registry, selections)
    pairs = {(task.labels.optimizer, task.labels.architecture) for task in tasks}
    assert {("newtonian", "two-layer-mlp"), ("sgd", "first-order")} <= pairs
    assert ("newtonian", "first-order") not in pairs


def test_plan_takes_the_remedy_that_its_refusal_names(registry):
    tasks = make_plan(registry, selected("first-order", "not (newtonian and first-order)"))
    pairs = {(task.labels.optimizer, task.labels.architecture) for task in tasks}
    assert pairs == {("newtonian", "two-layer-mlp"), ("sgd", "two-layer-mlp"), ("sgd", "first-order")}
