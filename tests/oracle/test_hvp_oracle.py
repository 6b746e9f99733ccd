"""Hessian-vector products against torch's double backward."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from optbench.architectures.recursive_mlp import RecursiveMLP
from optbench.architectures.single_layer import SingleLayer
from optbench.architectures.two_layer_mlp import TwoLayerMLP

pytestmark = pytest.mark.oracle


@pytest.mark.parametrize("rows", [1, 7])
@pytest.mark.parametrize("architecture", [SingleLayer(), TwoLayerMLP(hidden=5), RecursiveMLP()], ids=lambda a: a.name)
def test_product_equals_double_backward(architecture, rows):
    rng = np.random.default_rng(rows)
    layout = architecture.layout(9)
    network = architecture.bind(layout, np.float64)
    network.w[:] = architecture.initial(layout, rng)
    x, y, v = rng.standard_normal((rows, 9)), np.sign(rng.standard_normal(rows)), rng.standard_normal(layout.size)
    out = np.empty_like(v)
    network.hvp(x, y, v, out)

    weights = [torch.tensor(view, requires_grad=True) for view in layout.views(network.w).values()]
    h = torch.tensor(x)
    for weight in weights:
        h = torch.tanh(h @ weight)
    loss = ((h[:, 0] - torch.tensor(y)) ** 2).mean() / 2
    gradient = torch.cat([g.flatten() for g in torch.autograd.grad(loss, weights, create_graph=True)])
    product = torch.autograd.grad(gradient @ torch.tensor(v), weights)
    expected = np.concatenate([p.numpy().ravel() for p in product])
    np.testing.assert_allclose(out, expected, rtol=1e-10, atol=1e-14 * np.abs(expected).max())
