"""Losses, outputs and gradients of every architecture with every loss against torch's automatic differentiation."""

from __future__ import annotations

import autograd
import numpy as np
import pytest
import torch
from autograd import Case
from numpy.testing import assert_allclose

from optbench.core.seeding import stream
from optbench.registry import Registry
from optbench.training.loop import Batch

pytestmark = pytest.mark.oracle

CASES = list(autograd.cases())
every_case = pytest.mark.parametrize("case", CASES, ids=str)


@every_case
@pytest.mark.parametrize("rows", autograd.ROWS)
def test_loss_and_gradient_equal_autograds(case: Case, rows: int) -> None:
    model, x, y = autograd.problem(case, rows)
    weights = autograd.layers(model)
    loss = autograd.LOSSES[case.loss.name](autograd.forward(weights, x), torch.tensor(y))
    loss.backward()

    assert_allclose(model.loss_and_grad(x, y), loss.item(), rtol=1e-12)
    expected = autograd.flat(layer.grad for layer in weights)
    assert np.linalg.norm(model.g - expected) <= 1e-10 * np.linalg.norm(expected)


@every_case
def test_outputs_equal_torchs(case: Case) -> None:
    model, x, y = autograd.problem(case, 7)
    z = autograd.forward(autograd.layers(model), x).detach()
    expected = autograd.OUTPUTS[case.loss.name](z).numpy()
    at = Batch(model, case.loss, stream(0, "noise"), 1, (x, y))
    at.gradient()
    assert_allclose(model.z, z.numpy(), rtol=1e-12, atol=1e-14)
    assert_allclose(model.forward(x), z.numpy(), rtol=1e-12, atol=1e-14)
    assert_allclose(at.outputs(), expected, rtol=1e-12, atol=1e-14)
    assert_allclose(at.value(), at.loss, rtol=1e-14)


@every_case
def test_the_gradient_for_other_targets_equals_autograds(case: Case) -> None:
    """As for the labels that Sophia-G draws, which for squared-tanh are not -1 or +1."""
    model, x, y = autograd.problem(case, 7)
    at = Batch(model, case.loss, stream(0, "noise"), 1, (x, y))
    at.gradient()
    labels = at.sample_labels()
    assert labels.shape == y.shape
    weights = autograd.layers(model)
    autograd.LOSSES[case.loss.name](autograd.forward(weights, x), torch.tensor(labels)).backward()
    expected = autograd.flat(layer.grad for layer in weights)
    assert np.linalg.norm(at.gradient(labels) - expected) <= 1e-10 * np.linalg.norm(expected)


def test_every_component_is_compared(registry: Registry) -> None:
    assert {case.architecture.name for case in CASES} == set(registry.names("architecture"))
    assert {case.loss.name for case in CASES} == set(registry.names("loss"))
