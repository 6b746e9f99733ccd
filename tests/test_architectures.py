from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose

from optbench.core.contracts import Architecture, Model
from optbench.core.hyperparameters import build
from optbench.core.seeding import stream
from optbench.registry import Registry

ARCHITECTURES = [method.cls for method in Registry(autoload=False).components("architecture")]
INPUTS, ROWS = 9, 7


def bound(cls: type[Architecture], dtype: str = "float64", seed: int = 0) -> Model:
    architecture = build(cls, {})
    layout = architecture.layout(INPUTS)
    model = architecture.bind(layout, dtype)
    model.w[:] = architecture.initial(layout, stream(seed, "init"))
    return model


def batch(rows: int = ROWS, dtype: str = "float64") -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(rows, INPUTS))
    x[:, -1] = 1
    return x.astype(dtype), np.where(rng.random(rows) < 0.5, -1, 1).astype(dtype)


@pytest.mark.parametrize("cls", ARCHITECTURES)
def test_the_gradient_is_that_of_half_the_mean_squared_error(cls: type[Architecture]) -> None:
    model, (x, y) = bound(cls), batch()
    model.loss_and_grad(x, y)
    gradient = model.g.copy()
    rng = np.random.default_rng(0)
    for _ in range(5):  # along random directions: 10,000 weights one by one would say no more
        direction = rng.normal(size=model.w.size)
        h = 1e-5 / np.linalg.norm(direction)

        def half(at: float, direction: np.ndarray = direction) -> float:
            return 0.5 * float(np.mean((model.predict(x, model.w + at * direction) - y) ** 2))

        slope = (8 * (half(h) - half(-h)) - (half(2 * h) - half(-2 * h))) / (12 * h)
        assert_allclose(gradient @ direction, slope, rtol=1e-6)


@pytest.mark.parametrize("cls", ARCHITECTURES)
def test_loss_and_outputs_belong_to_the_prediction(cls: type[Architecture]) -> None:
    model, (x, y) = bound(cls), batch()
    loss = model.loss_and_grad(x, y)
    outputs = model.outputs().copy()
    assert_allclose(outputs, model.predict(x), rtol=1e-12)
    assert_allclose(loss, np.mean((outputs - y) ** 2), rtol=1e-12)


@pytest.mark.parametrize("cls", ARCHITECTURES)
def test_batches_of_any_size_may_follow_each_other(cls: type[Architecture]) -> None:
    model = bound(cls)
    x, y = batch(12)
    model.loss_and_grad(x, y)
    whole = model.g.copy()
    parts = []
    for rows in (slice(0, 5), slice(5, 10), slice(10, 12)):
        model.loss_and_grad(x[rows], y[rows])
        parts.append(model.g * len(y[rows]))
    assert_allclose(sum(parts) / 12, whole, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("cls", ARCHITECTURES)
def test_everything_lies_in_one_vector_of_the_asked_type(cls: type[Architecture], dtype: np.dtype[np.floating]) -> None:
    model = bound(cls, dtype.name)
    model.loss_and_grad(*batch(dtype=dtype.name))
    assert model.w.shape == model.g.shape == (model.layout.size,)
    assert model.w.dtype == model.g.dtype == model.outputs().dtype == model.predict(batch(dtype=dtype.name)[0]).dtype == dtype
    assert model.w.flags.c_contiguous
    assert model.g.flags.c_contiguous


@pytest.mark.parametrize("cls", ARCHITECTURES)
def test_initial_weights_depend_on_the_seed_only(cls: type[Architecture]) -> None:
    assert np.array_equal(bound(cls, seed=1).w, bound(cls, seed=1).w)
    assert not np.array_equal(bound(cls, seed=1).w, bound(cls, seed=2).w)


@pytest.mark.parametrize(
    ("name", "params", "sizes"),
    [
        ("single-layer", {}, (2049, 1)),
        ("two-layer-mlp", {}, (2049, 64, 1)),
        ("two-layer-mlp", {"hidden": 8}, (2049, 8, 1)),
        ("recursive-mlp", {}, (2049, 128, 64, 32, 1)),
        ("recursive-mlp", {"hidden": ()}, (2049, 1)),
        ("recursive-mlp", {"hidden": (5, 4, 3, 2, 2, 2)}, (2049, 5, 4, 3, 2, 2, 2, 1)),
    ],
)
def test_layers(registry: Registry, name: str, params: dict[str, object], sizes: tuple[int, ...]) -> None:
    layout = build(registry.find("architecture", name).cls, params).layout(2049)
    assert tuple(layout.shapes.values()) == tuple(pairwise(sizes))
