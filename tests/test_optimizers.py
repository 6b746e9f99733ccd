"""Every built-in optimizer against its textbook form, and what it must declare."""

from __future__ import annotations

import dataclasses
import inspect

import numpy as np
import pytest
from methods import BUILT_IN, CHANGES, configured
from references import NO_ORACLE, RULES

from optbench import Layout, Optimizer, Vector
from optbench.core.numerics import state_bytes
from optbench.core.oracles import oracles_of
from optbench.kit.problems import SMALL, LeastSquares, distance, oracle_trajectory, start, trajectory

# Our passes are fused and scaled lazily, those of the textbook are not. L-BFGS amplifies rounding where gradients are noisy.
TOLERANCE = {name: 1e-8 if name == "lbfgs" else 1e-12 for name in BUILT_IN}

NAMES = sorted(BUILT_IN)


@pytest.mark.parametrize("opt", [pytest.param(opt, id=label) for label, opt in configured()])
def test_weights_equal_those_of_the_textbook_after_each_step(opt: Optimizer) -> None:
    layout = Layout({"all": (SMALL.size,)}) if opt.name == "lbfgs" else SMALL
    memory: dict[str, dict[str, object]] = {layer: {} for layer in layout.shapes}

    def textbook(at: LeastSquares, t: int) -> Vector:
        weights, gradients = layout.views(at.w.copy()), layout.views(at.gradient().copy())
        new = [RULES[opt.name](w, gradients[layer], t, memory[layer], opt) for layer, w in weights.items()]
        return np.concatenate([w.reshape(-1) for w in new])

    problem = LeastSquares(start(SMALL))
    assert distance(trajectory(opt, problem), oracle_trajectory(textbook, problem)) <= TOLERANCE[opt.name]


@pytest.mark.parametrize("name", NAMES)
def test_has_an_oracle_or_a_written_reason_why_not(name: str) -> None:
    oracles = oracles_of(BUILT_IN[name])
    assert oracles or (name in RULES and len(NO_ORACLE.get(name, "")) > 20)
    for oracle in oracles:
        assert (oracle.tolerance <= 1e-10) != bool(oracle.reason)


def test_a_subclass_inherits_no_oracle() -> None:
    assert oracles_of(type("Other", (BUILT_IN["adam"],), {})) == ()


@pytest.mark.parametrize("name", NAMES)
def test_is_compared_at_five_settings_besides_the_defaults(name: str) -> None:
    assert len({tuple(sorted(params.items())) for params in CHANGES[name]}) >= 5
    if "weight_decay" in inspect.signature(BUILT_IN[name]).parameters:
        assert sum(params.get("weight_decay", 0.0) > 0.0 for params in CHANGES[name]) >= 2


P = SMALL.size
ROWS_AND_COLUMNS = (6 + 4) + (5 + 5) + (4 + 1) + 7  # one number per row and column of a matrix, one per weight of a vector
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
    "lbfgs": 22 * P,  # ten pairs, the last gradient and change of weights
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
"""How many numbers the state and its scratch memory have."""


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_state_has_the_bytes_of_its_closed_form(name: str, dtype: str) -> None:
    w = np.zeros(P, dtype)
    assert state_bytes(BUILT_IN[name]().init(w, SMALL)) == NUMBERS[name] * w.itemsize


@pytest.mark.parametrize(
    ("name", "params", "vectors"),
    [
        ("rmsprop", {"centered": True}, 3),
        ("lbfgs", {"history": 1}, 4),
        ("lbfgs", {"history": 7}, 16),
    ],
)
def test_state_depends_on_hyper_parameters(name: str, params: dict[str, object], vectors: int) -> None:
    w = np.zeros(P)
    assert state_bytes(BUILT_IN[name](**params).init(w, SMALL)) == vectors * w.nbytes


def test_centered_rmsprop_stays_finite_where_rounding_makes_the_variance_negative() -> None:
    opt = dataclasses.replace(BUILT_IN["rmsprop"](), centered=True)
    w = np.zeros(P, "float32")
    s = opt.init(w, SMALL)
    constant = np.linspace(0.1, 0.9, P, dtype="float32")
    for t in range(1, 3000):
        opt.update(w, constant.copy(), s, t)
    assert np.isfinite(w).all()


def test_rprop_sets_its_own_rate() -> None:
    opt = BUILT_IN["rprop"]()
    assert opt.rates == ()
    assert opt.scaled(0.5) == opt
