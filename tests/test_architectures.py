"""What the built-in architectures are, beyond the contract that the kit checks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from losses import PAIRS, named, raw_targets

from optbench import Loss, Task
from optbench.architectures.recursive_mlp import RecursiveMLP
from optbench.architectures.single_layer import SingleLayer
from optbench.architectures.two_layer_mlp import TwoLayerMLP
from optbench.core.contracts import Architecture
from optbench.core.hyperparameters import build
from optbench.core.seeding import stream
from optbench.registry import Registry


@pytest.mark.parametrize(
    ("name", "params", "sizes"),
    [
        ("single-layer", {}, (2049, 1)),
        ("single-layer", {}, (2049, 10)),
        ("two-layer-mlp", {}, (2049, 64, 1)),
        ("two-layer-mlp", {"hidden": 8}, (2049, 8, 1)),
        ("two-layer-mlp", {"hidden": 8}, (2049, 8, 3)),
        ("recursive-mlp", {}, (2049, 128, 64, 32, 1)),
        ("recursive-mlp", {"hidden": ()}, (2049, 1)),
        ("recursive-mlp", {"hidden": (5, 4, 3, 2, 2, 2)}, (2049, 5, 4, 3, 2, 2, 2, 1)),
    ],
)
def test_layers(registry: Registry, name: str, params: dict[str, object], sizes: tuple[int, ...]) -> None:
    layout = build(registry.find("architecture", name).cls, params).layout(sizes[0], sizes[-1])
    assert tuple(layout.shapes.values()) == tuple(pairwise(sizes))


@pytest.mark.parametrize("architecture", [SingleLayer(), TwoLayerMLP(), RecursiveMLP()], ids=lambda a: a.name)
def test_other_seeds_give_other_initial_weights(architecture: Architecture) -> None:
    layout = architecture.layout(9, 1)
    one, other = (architecture.initial(layout, stream(seed, "init")) for seed in (1, 2))
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(("loss", "task"), PAIRS, ids=named)
@pytest.mark.parametrize("architecture", [SingleLayer(), TwoLayerMLP(hidden=5), RecursiveMLP(hidden=(6, 5, 4))], ids=str)
def test_the_hessian_is_symmetric_to_rounding(architecture: Architecture, loss: Loss, task: Task) -> None:
    network = architecture.bind(architecture.layout(9, loss.outputs(task)), loss, np.float64)
    network.w[:] = architecture.initial(network.layout, stream(0, "init"))
    x, y = np.random.default_rng(1).normal(size=(7, 9)), loss.targets(raw_targets(task, 7), task)
    hessian = np.empty((network.layout.size, network.layout.size))
    for v, out in zip(np.eye(len(hessian)), hessian, strict=True):
        network.hvp(x, y, v, out)
    np.testing.assert_allclose(hessian, hessian.T, rtol=0, atol=1e-14)
    assert np.abs(hessian).max() > 0.01
