"""Hessian-vector products of every architecture with every loss against torch's double backward."""

from __future__ import annotations

import autograd
import numpy as np
import pytest
import torch
from autograd import Case

pytestmark = pytest.mark.oracle


@pytest.mark.parametrize("rows", autograd.ROWS)
@pytest.mark.parametrize("case", list(autograd.cases()), ids=str)
def test_product_equals_double_backward(case: Case, rows: int) -> None:
    model, x, y = autograd.problem(case, rows)
    v = np.random.default_rng(rows + 1).standard_normal(model.w.size)
    out = np.empty_like(v)
    model.hvp(x, y, v, out)  # type: ignore[attr-defined]  # every built-in architecture has it

    weights = autograd.layers(model)
    loss = autograd.LOSSES[case.loss.name](autograd.forward(weights, x), torch.tensor(y))
    gradient = torch.cat([g.flatten() for g in torch.autograd.grad(loss, weights, create_graph=True)])
    expected = autograd.flat(torch.autograd.grad(gradient @ torch.tensor(v), weights))
    assert np.linalg.norm(out - expected) <= 1e-10 * np.linalg.norm(expected)
    np.testing.assert_allclose(out, expected, rtol=1e-9, atol=1e-12 * np.abs(expected).max())
