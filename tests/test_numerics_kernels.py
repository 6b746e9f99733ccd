"""The in-place kernels that optimizers share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from optbench import Average, Layout, State, norm, over_root, sign, trust_ratio
from optbench.core.numerics import state_arrays, state_bytes

VECTORS = st.sampled_from([np.float32, np.float64]).flatmap(lambda dtype: hnp.arrays(dtype, st.integers(0, 40)))


@given(x=VECTORS)
def test_sign_equals_numpys_for_every_number(x: np.ndarray) -> None:
    expected = np.sign(x)
    out = np.empty_like(x)
    sign(x, out=out)
    np.testing.assert_array_equal(out, expected)
    sign(x, out=x)
    np.testing.assert_array_equal(x, expected)


def test_sign_of_the_smallest_and_largest_numbers() -> None:
    for dtype in ("float32", "float64"):
        info = np.finfo(dtype)
        x = np.array([info.smallest_subnormal, -info.smallest_subnormal, info.max, -np.inf, 0.0, -0.0, np.nan], dtype)
        sign(x, out=x)
        np.testing.assert_array_equal(x, [1, -1, 1, -1, 0, 0, np.nan])


def test_norm_of_a_matrix_and_of_an_empty_array() -> None:
    assert norm(np.array([[3.0, 0.0], [0.0, 4.0]])) == 5.0
    assert norm(np.zeros(0)) == 0.0
    assert type(norm(np.ones(4, "float32"))) is float  # a NumPy scalar would raise float32 to float64


@pytest.mark.parametrize(
    ("w", "u", "ratio"), [([3.0, 4.0], [0.0, 2.0], 7.5), ([0.0, 0.0], [1.0, 0.0], 1.0), ([1.0], [0.0], 1.0)]
)
def test_trust_ratio_is_one_where_a_norm_is_zero(w: list[float], u: list[float], ratio: float) -> None:
    assert trust_ratio(np.array(w), np.array(u), 3.0) == ratio


def test_over_root() -> None:
    x, v, out = np.array([1.0, 8.0]), np.array([0.0, 9.0]), np.empty(2)
    over_root(x, v, 1.0, out=out)
    assert out.tolist() == [1.0, 2.0]
    assert (x.tolist(), v.tolist()) == ([1.0, 8.0], [0.0, 9.0])


@pytest.mark.parametrize("beta", [0.0, 1e-13, 0.5, 0.9])
@pytest.mark.parametrize("weight", [None, 1.0])
def test_average_equals_the_recursion_past_its_rescaling(beta: float, weight: float | None) -> None:
    rng = np.random.default_rng(0)
    average, expected = Average(np.zeros(5)), np.zeros(5)
    for _ in range(700):
        x = rng.standard_normal(5)
        average.add(x, beta, weight)
        expected = beta * expected + (1.0 - beta if weight is None else weight) * x
        np.testing.assert_allclose(average.array * average.factor, expected, rtol=1e-12, atol=1e-14)


def test_state_arrays_returns_nested_buffers_once() -> None:
    whole = np.zeros(10)
    average = Average(np.zeros(3, "float32"))
    s = State(whole=whole, views=Layout({"a": (2, 5)}).views(whole), nested=[{"m": (average, 1.0)}], nothing=None, name="s")
    assert {id(array) for array in state_arrays(s)} == {id(whole), id(average.array)}
    assert state_bytes(s) == 80 + 12
