from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from optbench.core.hyperparameters import build
from optbench.core.seeding import stream
from optbench.registry import Registry

pytestmark = pytest.mark.oracle

CASES = [
    ("single-layer", {}),
    ("two-layer-mlp", {}),
    ("two-layer-mlp", {"hidden": 3}),
    ("recursive-mlp", {}),
    ("recursive-mlp", {"hidden": (7, 6, 5, 4, 3)}),
]


@pytest.mark.parametrize(("name", "params"), CASES)
@pytest.mark.parametrize("rows", [1, 2, 32, 100])
def test_loss_and_gradient_equal_autograds(registry: Registry, name: str, params: dict[str, object], rows: int) -> None:
    architecture = build(registry.find("architecture", name).cls, params)
    layout = architecture.layout(2049)
    model = architecture.bind(layout, "float64")
    model.w[:] = architecture.initial(layout, stream(rows, "init"))
    rng = np.random.default_rng(rows)
    x, y = rng.normal(size=(rows, 2049)), rng.choice([-1.0, 1.0], rows)

    layers = [torch.tensor(view, requires_grad=True) for view in layout.views(model.w).values()]
    h = torch.tensor(x)
    for layer in layers:
        h = torch.tanh(h @ layer)
    loss = torch.mean((h[:, 0] - torch.tensor(y)) ** 2)
    (loss / 2).backward()

    assert_allclose(model.loss_and_grad(x, y), loss.item(), rtol=1e-12)
    expected = np.concatenate([layer.grad.numpy().ravel() for layer in layers])
    assert np.linalg.norm(model.g - expected) <= 1e-10 * np.linalg.norm(expected)
