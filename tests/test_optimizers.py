"""Every built-in optimizer against its textbook form, and what each must have to be trusted."""

from __future__ import annotations

import dataclasses
import inspect
import re

import numpy as np
import pytest
from methods import BUILT_IN, CHANGES, configured
from problems import LAYOUT, Quadratic, distance, trajectory
from references import NO_ORACLE, RULES

from optbench import Array, Layout, Optimizer
from optbench.core.numerics import state_bytes
from optbench.optimizers.oracles import ORACLES

# Our passes are fused and scaled lazily, the textbook's are not. L-BFGS multiplies its rounding where gradients are noisy.
TOLERANCE = {name: 1e-8 if name == "lbfgs" else 1e-12 for name in BUILT_IN}

CONFIGURED = [pytest.param(opt, id=label) for label, opt in configured()]
NAMES = sorted(BUILT_IN)


def textbook(opt: Optimizer, problem: Quadratic, steps: int) -> Array:
    """Run the textbook form of `opt`, layer by layer; that of L-BFGS sees all weights as one."""
    layout = Layout({"all": (problem.layout.size,)}) if opt.name == "lbfgs" else problem.layout
    w, path = problem.start.copy(), []
    memory: dict[str, dict[str, object]] = {layer: {} for layer in layout.shapes}
    for t in range(1, steps + 1):
        g = layout.views(problem.at(w, t).gradient().copy())
        new = [RULES[opt.name](view, g[layer], t, memory[layer], opt) for layer, view in layout.views(w).items()]
        w = np.concatenate([view.reshape(-1) for view in new])
        path.append(w)
    return np.array(path)


@pytest.mark.parametrize("opt", CONFIGURED)
def test_weights_equal_the_textbooks_after_each_step(opt: Optimizer) -> None:
    problem = Quadratic()
    assert distance(trajectory(opt, problem), textbook(opt, problem, 60)) <= TOLERANCE[opt.name]


@pytest.mark.parametrize("name", NAMES)
def test_has_an_oracle_or_a_textbook_form_and_a_written_reason(name: str) -> None:
    assert ORACLES.get(name) or (name in RULES and len(NO_ORACLE.get(name, "")) > 20)


@pytest.mark.parametrize("name", NAMES)
def test_an_oracle_looser_than_the_rule_says_why(name: str) -> None:
    for oracle in ORACLES.get(name, ()):
        assert (oracle.tolerance <= 1e-10) != bool(oracle.reason)


@pytest.mark.parametrize("name", NAMES)
def test_is_compared_at_five_settings_besides_the_defaults(name: str) -> None:
    assert len({tuple(sorted(given.items())) for given in CHANGES[name]}) >= 5
    if "weight_decay" in inspect.signature(BUILT_IN[name]).parameters:
        assert sum(given.get("weight_decay", 0.0) > 0.0 for given in CHANGES[name]) >= 2


@pytest.mark.parametrize("name", NAMES)
def test_docstring_cites_year_and_place(name: str) -> None:
    first = (BUILT_IN[name].__doc__ or "").partition("\n")[0]
    assert re.search(r"\b(18|19|20)\d\d, \S", first), first


P = LAYOUT.size
ROWS_AND_COLUMNS = (6 + 4) + (5 + 5) + 7  # a number a row and a column of each matrix, one a weight of the vector
NUMBERS = {
    "adabelief": 2 * P,  # m, v
    "adadelta": 3 * P,  # v, x, scratch
    "adafactor": P + ROWS_AND_COLUMNS,  # scratch, means
    "adagrad": 2 * P,  # v, scratch
    "adam": 2 * P,  # m, v
    "adamax": 2 * P,  # m, u
    "adamw": 2 * P,  # m, v
    "adan": 5 * P,  # m, v, n, the last gradient, scratch
    "amsgrad": 3 * P,  # m, v, the highest v
    "gd": 0,
    "lamb": 2 * P,  # m, v
    "lars": P,  # b
    "lbfgs": 22 * P,  # ten pairs, the last gradient and move
    "momentum": P,  # b
    "nadam": 3 * P,  # m, v, scratch
    "nesterov": P,  # b
    "radam": 2 * P,  # m, v
    "rmsprop": 2 * P,  # v, scratch
    "rprop": 3 * P,  # steps, the last gradient, scratch
    "sgd": 0,
    "signsgd": 0,
    "signum": P,  # m
}
"""How many numbers the state holds."""


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_state_has_the_bytes_of_its_closed_form(name: str, dtype: str) -> None:
    w = np.zeros(P, dtype)
    assert state_bytes(BUILT_IN[name]().init(w, LAYOUT)) == NUMBERS[name] * w.itemsize


def test_centered_rmsprop_holds_one_more_average() -> None:
    plain = BUILT_IN["rmsprop"]()
    w = np.zeros(P)
    held = [state_bytes(dataclasses.replace(plain, centered=centered).init(w, LAYOUT)) for centered in (False, True)]
    assert held == [2 * w.nbytes, 3 * w.nbytes]


def test_lbfgs_holds_two_vectors_a_pair() -> None:
    plain = BUILT_IN["lbfgs"]()
    w = np.zeros(P)
    held = [state_bytes(dataclasses.replace(plain, history=pairs).init(w, LAYOUT)) for pairs in (1, 7)]
    assert held == [4 * w.nbytes, 16 * w.nbytes]


def test_centered_rmsprop_survives_a_variance_that_rounding_makes_negative() -> None:
    opt = dataclasses.replace(BUILT_IN["rmsprop"](), centered=True)
    w = np.zeros(P, "float32")
    s = opt.init(w, LAYOUT)
    constant = np.linspace(0.1, 0.9, P, dtype="float32")
    for t in range(1, 3000):
        opt.update(w, constant.copy(), s, t)
    assert np.isfinite(w).all()


def test_rprop_sets_its_own_rate() -> None:
    opt = BUILT_IN["rprop"]()
    assert opt.rates == ()
    assert opt.scaled(0.5) == opt
