"""What every built-in optimizer must keep to, wrapped or not: properties of the contract, not of the method."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from methods import BUILT_IN, chained, configured
from problems import LAYOUT, Handed, Quadratic, trajectory

from optbench import Layout, Optimizer
from optbench.core.numerics import state_arrays

CONFIGURED = [pytest.param(opt, id=label) for label, opt in configured()]
ALL = [*CONFIGURED, *(pytest.param(opt, id=label) for label, opt in chained())]
DEFAULTS = [pytest.param(cls(), id=name) for name, cls in BUILT_IN.items()]
DTYPES = st.sampled_from(["float32", "float64"])
SEEDS = st.integers(0, 2**32 - 1)
QUICK = settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])

LAYERED = {
    "adafactor": "a row's and a column's means stand for a matrix, and its RMS bounds the step",
    "lamb": "the norms of a layer set its rate",
    "lars": "the norms of a layer set its rate",
}
"""Methods whose result depends on the cut into layers, and why. All others see one vector."""

STRUCTURE = {
    ("lbfgs", "history"): "how many pairs `init` makes room for",
    ("rmsprop", "centered"): "whether `init` makes room for the mean",
    ("rprop", "lr"): "the step sizes that `init` starts from",
}
"""Hyper-parameters that only `init` reads, and what they decide there."""


def run(opt: Optimizer, w: Any, s: Any, problem: Quadratic, steps: range) -> None:
    for t in steps:
        opt.step(w, s, t, problem.at(w, t))


@pytest.mark.parametrize("opt", ALL)
@QUICK
@given(seed=SEEDS, dtype=DTYPES)
def test_works_within_the_memory_of_the_weights(opt: Optimizer, seed: int, dtype: str) -> None:
    problem = Quadratic(dtype=dtype, seed=seed, steps=8)
    room = np.full(LAYOUT.size + 2, 7.0, dtype)
    w = room[1:-1]
    w[:] = problem.start
    s = opt.init(w, LAYOUT)
    assert np.array_equal(w, problem.start)
    run(opt, w, s, problem, range(1, 8))
    assert not np.array_equal(w, problem.start)
    assert room[0] == room[-1] == 7.0
    final_runs = opt.eval_weights(w, s)
    assert final_runs is w or any(final_runs is held for held in vars(s).values())


@pytest.mark.parametrize("opt", ALL)
def test_allocates_nothing_of_the_order_of_the_weights_after_the_first_steps(opt: Optimizer) -> None:
    layout = Layout({"layer1": (2049, 64), "layer2": (64, 1)})
    rng = np.random.default_rng(0)
    w, g, gradient = (rng.standard_normal(layout.size, "float32") for _ in range(3))
    s, at = opt.init(w, layout), Handed(g, steps=16)
    for t in range(1, 16):
        if t == 4:
            tracemalloc.start()
            before, _ = tracemalloc.get_traced_memory()
        np.multiply(w, 0.1, out=g)  # some curvature, so that L-BFGS has pairs to keep
        g += gradient
        opt.step(w, s, t, at)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak - before < layout.size  # not even one byte a weight: a mask would show


@pytest.mark.parametrize("opt", ALL)
@QUICK
@given(seed=SEEDS, dtype=DTYPES, cut=st.integers(0, 12))
def test_a_copy_of_state_and_weights_goes_on_with_the_same_bits(opt: Optimizer, seed: int, dtype: str, cut: int) -> None:
    problem = Quadratic(dtype=dtype, seed=seed, steps=12)
    w = problem.start.copy()
    s = opt.init(w, LAYOUT)
    run(opt, w, s, problem, range(1, cut + 1))
    copies = [(w.copy(), copy.deepcopy(s)), pickle.loads(pickle.dumps((w, s)))]  # our own bytes
    run(opt, w, s, problem, range(cut + 1, 13))
    for other_w, other_s in copies:
        run(opt, other_w, other_s, problem, range(cut + 1, 13))
        assert other_w.tobytes() == w.tobytes()


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    """The same number of weights as LAYOUT, cut into any vectors."""
    cuts = sorted(draw(st.sets(st.integers(1, LAYOUT.size - 1), max_size=6)))
    sizes = [stop - start for start, stop in zip([0, *cuts], [*cuts, LAYOUT.size], strict=True)]
    return Layout({f"part{i}": (size,) for i, size in enumerate(sizes)})


@pytest.mark.parametrize("opt", [case for case in ALL if case.values[0].name not in LAYERED])
@QUICK
@given(layout=layouts(), dtype=DTYPES)
def test_does_not_depend_on_the_cut_into_layers(opt: Optimizer, layout: Layout, dtype: str) -> None:
    one, other = Quadratic(LAYOUT, dtype, steps=12), Quadratic(layout, dtype, steps=12)
    assert trajectory(opt, one, 12).tobytes() == trajectory(opt, other, 12).tobytes()


@pytest.mark.parametrize("name", sorted(LAYERED))
def test_what_is_listed_as_layered_does_depend_on_the_cut(name: str) -> None:
    whole = Layout({"all": (LAYOUT.size,)})
    one, other = (trajectory(BUILT_IN[name](), Quadratic(layout, steps=12), 12) for layout in (LAYOUT, whole))
    assert not np.allclose(one, other, rtol=1e-6)


@pytest.mark.parametrize("opt", ALL)
@QUICK
@given(seed=SEEDS, dtype=DTYPES)
def test_the_same_run_gives_the_same_bits_and_leaves_the_global_random_state_alone(
    opt: Optimizer, seed: int, dtype: str
) -> None:
    before = np.random.get_state()  # that is the point
    one, other = (trajectory(opt, Quadratic(dtype=dtype, seed=seed, steps=10), 10) for _ in range(2))
    assert one.tobytes() == other.tobytes()
    assert pickle.dumps(np.random.get_state()) == pickle.dumps(before)


@pytest.mark.parametrize("opt", ALL)
@QUICK
@given(dtype=DTYPES, start=st.sampled_from([0.0, 1.0, -3.0]), before=st.integers(0, 3))
def test_stays_finite_where_the_gradient_is_zero(opt: Optimizer, dtype: str, start: float, before: int) -> None:
    w = np.full(LAYOUT.size, start, dtype)
    g = np.empty_like(w)
    s, at = opt.init(w, LAYOUT), Handed(g, steps=40)
    rng = np.random.default_rng(before)
    for t in range(1, 41):
        g[:] = rng.standard_normal(LAYOUT.size) if t <= before else 0.0
        opt.step(w, s, t, at)
    assert np.isfinite(w).all()


@pytest.mark.parametrize("opt", ALL)
@QUICK
@given(dtype=DTYPES)
def test_weights_and_state_keep_their_type(opt: Optimizer, dtype: str) -> None:
    problem = Quadratic(dtype=dtype, steps=6)
    w = problem.start.copy()
    s = opt.init(w, LAYOUT)
    run(opt, w, s, problem, range(1, 7))
    assert {array.dtype.name for array in [w, *state_arrays(s)]} == {dtype}


def hyper_parameters() -> list[Any]:
    return [
        pytest.param(name, field.name, id=f"{name}-{field.name}")
        for name, cls in BUILT_IN.items()
        for field in dataclasses.fields(cls)
        if (name, field.name) not in STRUCTURE
    ]


@pytest.mark.parametrize(("name", "field"), hyper_parameters())
def test_a_hyper_parameter_that_changes_in_the_middle_has_effect(name: str, field: str) -> None:
    # The rate is large enough for every part of the rule to be felt within a few steps.
    opt = dataclasses.replace(BUILT_IN[name](), lr=0.05)
    value = getattr(opt, field)
    candidates = [0.1] if value == 0.0 else [value / 2, value * 1e6, value / 1e6]
    assert any(_ends(opt, dataclasses.replace(opt, **{field: other})) != _ends(opt, opt) for other in candidates)


def _ends(first: Optimizer, then: Optimizer) -> bytes:
    """The weights after ten steps of one and ten of the other, on one state."""
    problem = Quadratic(steps=20)
    w = problem.start.copy()
    s = first.init(w, LAYOUT)
    run(first, w, s, problem, range(1, 11))
    run(then, w, s, problem, range(11, 21))
    return w.tobytes()


@pytest.mark.parametrize("opt", DEFAULTS)
@QUICK
@given(factor=st.floats(0.0, 10.0))
def test_scaled_multiplies_the_rates_and_nothing_else(opt: Optimizer, factor: float) -> None:
    scaled = opt.scaled(factor)
    for field in dataclasses.fields(opt):
        before, after = getattr(opt, field.name), getattr(scaled, field.name)
        assert after == (before * factor if field.name in opt.rates else before)


ROLLING_ON = {"lars": "the rate enters its velocity, which lasts"}


@pytest.mark.parametrize("opt", [c for c in CONFIGURED if c.values[0].rates and c.values[0].name not in ROLLING_ON])
def test_at_a_rate_of_zero_the_weights_stay(opt: Optimizer) -> None:
    problem = Quadratic(steps=12)
    w = problem.start.copy()
    s = opt.init(w, LAYOUT)
    run(opt, w, s, problem, range(1, 10))
    stopped = w.copy()
    run(opt.scaled(0.0), w, s, problem, range(10, 13))
    assert np.array_equal(w, stopped)
