from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from optbench.core.numerics import Average, Layout, add_square, axpy
from optbench.training.sketch import sketch, sketch_epochs


@given(st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=3).map(tuple), min_size=1, max_size=5))
def test_a_layout_covers_the_vector_once_and_in_order(shapes: list[tuple[int, ...]]) -> None:
    layout = Layout({f"layer{i}": shape for i, shape in enumerate(shapes)})
    w = np.arange(layout.size, dtype=float)
    views = layout.views(w)
    assert [view.shape for view in views.values()] == shapes
    assert np.array_equal(np.concatenate([view.ravel() for view in views.values()]), w)
    assert all(np.shares_memory(view, w) for view in views.values())


def test_axpy_is_in_place(dtype: np.dtype[np.floating]) -> None:
    x, y = np.arange(1000, dtype=dtype), np.ones(1000, dtype)
    expected = y + dtype.type(0.5) * x
    axpy(0.5, x, y)
    assert_allclose(y, expected, rtol=4 * np.finfo(dtype).eps)
    assert y.dtype == dtype


@pytest.mark.parametrize("shape", ["strided", "two-dimensional", "mixed types", "empty"])
def test_axpy_never_loses_a_result(shape: str) -> None:
    x, y = np.arange(12.0), np.ones(12)
    if shape == "strided":
        x, y = np.arange(6.0), np.ones(12)[::2]
    elif shape == "two-dimensional":
        x, y = x.reshape(3, 4), y.reshape(3, 4)
    elif shape == "mixed types":
        x = x.astype(np.float32)
    else:
        x, y = np.empty(0), np.empty(0)
    expected = y + 2.0 * x
    axpy(2.0, x, y)
    assert_allclose(y, expected, rtol=0)


def test_add_square(dtype: np.dtype[np.floating]) -> None:
    v, g = np.ones(5, dtype), np.arange(5, dtype=dtype)
    add_square(v, g, np.empty_like(v))
    assert np.array_equal(v, 1 + np.arange(5) ** 2)


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9, 0.999, 1 - 1e-9])
def test_a_lazily_scaled_average_is_the_average(beta: float) -> None:
    rng = np.random.default_rng(0)
    average, textbook = Average(np.zeros(7)), np.zeros(7)
    for t in range(1, 3000):
        x = rng.normal(size=7)
        average.add(x, beta)
        textbook = beta * textbook + (1 - beta) * x
        # Relative to the average's size: a component may pass through 0 by cancellation.
        assert_allclose(average.array * average.factor, textbook, rtol=0, atol=1e-12 * np.abs(textbook).max())
        # 1 - beta^t cancels where beta is near 1; what is left of its digits is compared.
        assert_allclose(average.correction, average.factor / (1 - beta**t), rtol=1e-7)


def test_an_average_stays_finite_in_float32() -> None:
    average = Average(np.zeros(3, np.float32))
    for _ in range(5000):
        average.add(np.full(3, 2.0, np.float32), 0.9)
        assert np.isfinite(average.array).all()
    assert_allclose(average.array * average.factor, 2.0, rtol=1e-5)


def test_a_sketch_preserves_distances() -> None:
    rng = np.random.default_rng(1)
    points = rng.normal(size=(20, 5000))
    short = np.array([sketch(point) for point in points])
    assert short.shape == (20, 512)
    assert short.dtype == np.float32
    true = np.linalg.norm(points[:, None] - points, axis=-1)[np.triu_indices(20, 1)]
    kept = np.linalg.norm(short[:, None].astype(float) - short, axis=-1)[np.triu_indices(20, 1)]
    ratio = kept / true
    assert abs(ratio.mean() - 1) < 0.02
    assert ratio.std() < 0.06  # theory: 1 / sqrt(2 * 512) = 0.044


@pytest.mark.parametrize("epochs", [1, 2, 10, 33, 100, 1000])
def test_sketched_epochs_include_the_first_and_the_last(epochs: int) -> None:
    chosen = sketch_epochs(epochs)
    assert chosen[0] == 0
    assert chosen[-1] == epochs
    assert len(chosen) == min(33, epochs + 1)
    assert list(chosen) == sorted(set(chosen))
