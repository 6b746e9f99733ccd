"""The kit's rules for all settings and chains that the tests use, and properties that the kit does not check."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from methods import BUILT_IN, chained, configured

from optbench import Layout, Optimizer
from optbench.kit.checks import optimizers, repetition, steps
from optbench.kit.examine import Check
from optbench.kit.problems import DTYPES, SMALL, LeastSquares, start, trajectory, walk
from optbench.kit.rules import Subject
from optbench.registry import Plugin

CONFIGURED = [pytest.param(opt, id=label) for label, opt in configured()]
CHAINED = [pytest.param(opt, id=label) for label, opt in chained()]
RULES = (
    optimizers.shapes,
    steps.in_place,
    steps.aliasing,
    steps.eval_weights,
    steps.types,
    optimizers.no_allocation,
    optimizers.checkpoint,
    optimizers.rates,
    optimizers.zero_gradient,
    optimizers.nan_gradient,
    repetition.deterministic,
    repetition.global_random_state,
)
"""The rules that apply to an instance with any hyper-parameters; `a run` asks for the defaults."""
QUICK = settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])

LAYERED = {
    "adafactor": "the means of rows and columns represent a matrix, and its RMS bounds the step",
    "lamb": "the norms of a layer determine its rate",
    "lars": "the norms of a layer determine its rate",
}
"""Methods whose result depends on the division into layers, and why."""

STRUCTURE = {
    ("gd", "line_search"): "the buffers of the search",
    ("lbfgs", "history"): "the number of pairs that `init` allocates",
    ("lbfgs", "line_search"): "the buffers of the search",
    ("rmsprop", "centered"): "whether `init` allocates the mean",
    ("rprop", "lr"): "the initial step sizes in the state",
}
"""Hyper-parameters that only `init` reads, and what they determine there."""


@pytest.mark.parametrize("opt", CONFIGURED + CHAINED)
def test_keeps_the_rules_of_the_kit(opt: Optimizer) -> None:
    plugin = Plugin("optbench", "optbench", "0", "optbench = optbench.optimizers")
    subject = Subject("optimizer", type(opt), plugin, example=opt)
    for rule in RULES:
        finding = Check("optimizer", opt.name, rule.name, rule.promise, rule.remedy, lambda r=rule: r.violations(subject)).run()
        assert finding.status == "holds", finding


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    """As many weights as SMALL has, divided into any vectors."""
    cuts = sorted(draw(st.sets(st.integers(1, SMALL.size - 1), max_size=6)))
    sizes = [stop - start for start, stop in zip([0, *cuts], [*cuts, SMALL.size], strict=True)]
    return Layout({f"part{i}": (size,) for i, size in enumerate(sizes)})


@pytest.mark.parametrize("opt", [case for case in CONFIGURED + CHAINED if case.values[0].name not in LAYERED])
@QUICK
@given(layout=layouts(), dtype=st.sampled_from(DTYPES))
def test_does_not_depend_on_the_division_into_layers(opt: Optimizer, layout: Layout, dtype: str) -> None:
    problem = LeastSquares(start(SMALL, dtype))
    assert trajectory(opt, problem, SMALL, 12).tobytes() == trajectory(opt, problem, layout, 12).tobytes()


@pytest.mark.parametrize("name", sorted(LAYERED))
def test_what_is_listed_as_layered_depends_on_the_division(name: str) -> None:
    problem, whole = LeastSquares(start(SMALL)), Layout({"all": (SMALL.size,)})
    one, other = (trajectory(BUILT_IN[name](), problem, layout, 12) for layout in (SMALL, whole))
    assert not np.allclose(one, other, rtol=1e-6)


def hyper_parameters() -> list[Any]:
    return [
        pytest.param(name, field.name, id=f"{name}-{field.name}")
        for name, cls in BUILT_IN.items()
        for field in dataclasses.fields(cls)
        if (name, field.name) not in STRUCTURE
    ]


@pytest.mark.parametrize(("name", "field"), hyper_parameters())
def test_a_hyper_parameter_that_changes_between_steps_has_effect(name: str, field: str) -> None:
    # The rate is large enough for every part of the rule to have an effect within a few steps.
    opt = dataclasses.replace(BUILT_IN[name](), lr=0.05)
    value = getattr(opt, field)
    candidates = [not value] if isinstance(value, bool) else [0.1] if value == 0.0 else [value / 2, value * 1e6, value / 1e6]
    assert any(_ends(opt, dataclasses.replace(opt, **{field: other})) != _ends(opt, opt) for other in candidates)


def _ends(first: Optimizer, then: Optimizer) -> bytes:
    """The weights after ten steps of one and ten of the other, with one state."""
    w = start(SMALL)
    s, at = first.init(w, SMALL), LeastSquares(w)
    walk(first, w, s, at, range(1, 11))
    walk(then, w, s, at, range(11, 21))
    return w.tobytes()


VELOCITY = {"lars": "the rate is part of the velocity, which persists"}


@pytest.mark.parametrize("opt", [c for c in CONFIGURED if c.values[0].rates and c.values[0].name not in VELOCITY])
def test_at_a_rate_of_zero_the_weights_stay(opt: Optimizer) -> None:
    w = start(SMALL)
    s, at = opt.init(w, SMALL), LeastSquares(w)
    walk(opt, w, s, at, range(1, 10))
    stopped = w.copy()
    walk(opt.scaled(0.0), w, s, at, range(10, 13))
    assert np.array_equal(w, stopped)
