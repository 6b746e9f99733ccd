"""The line searches of gd and lbfgs against optax and torch: 20 steps in float64 on small networks of each loss.

More steps amplify rounding errors, of which torch, started one last bit away, is not free either.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import optax
import pytest
import torch
from searches import PROBLEMS, objective

from optbench import Optimizer, Oracle, Vector
from optbench.core.oracles import oracles_of
from optbench.kit.problems import distance
from optbench.optimizers.gd import GD
from optbench.optimizers.lbfgs import LBFGS

pytestmark = pytest.mark.oracle

jax.config.update("jax_enable_x64", True)
STEPS = 20
GD_PARAMS: list[dict[str, float]] = [{}, {"lr": 1.0}, {"lr": 300.0}, {"lr": 0.5, "weight_decay": 0.1}, {"weight_decay": 0.5}]
LBFGS_PARAMS: list[dict[str, Any]] = [
    {},
    {"lr": 0.01},
    {"lr": 30.0},
    {"history": 1},
    {"history": 3, "lr": 0.3},
    {"history": 40},
]
every_loss = pytest.mark.parametrize("name", PROBLEMS)


def oracle(cls: type[Optimizer]) -> Oracle:
    (one,) = (oracle for oracle in oracles_of(cls) if "line_search=" in oracle.implementation.rpartition("(")[2])
    return one


def ours(opt: Any, name: str) -> tuple[np.ndarray, float]:
    """Return the weights after each step, and the number of gradients."""
    model, at = objective(name)
    s, path = opt.init(model.w, model.layout), []
    for t in range(1, STEPS + 1):
        opt.step(model.w, s, t, at)
        path.append(model.w.copy())
    return np.array(path), at.evaluations


def in_optax(opt: GD, name: str) -> tuple[np.ndarray, float]:
    model, at = objective(name)

    def value(w: Any) -> float:
        model.w[:] = w
        return at.value() + 0.5 * opt.weight_decay * float(np.dot(model.w, model.w))

    def traced(w: Any) -> Any:
        return jax.pure_callback(lambda v: np.float64(value(np.asarray(v))), jax.ShapeDtypeStruct((), np.float64), w)

    # optax grows its rate before the first trial too.
    search = optax.scale_by_backtracking_linesearch(
        20, slope_rtol=1e-4, decrease_factor=0.5, increase_factor=2.0, max_learning_rate=float("inf")
    )
    method = optax.chain(optax.sgd(0.5 * opt.lr), search)
    w = jax.numpy.array(model.w)
    state, path = method.init(w), []
    update = jax.jit(lambda g, state, w, loss: method.update(g, state, w, value=loss, grad=g, value_fn=traced))
    for _ in range(STEPS):
        model.w[:] = w
        g = jax.numpy.array(at.gradient() + opt.weight_decay * model.w)
        loss = at.loss + 0.5 * opt.weight_decay * float(np.dot(model.w, model.w))
        updates, state = update(g, state, w, loss)
        w = optax.apply_updates(w, updates)
        path.append(np.asarray(w).copy())
    return np.array(path), at.evaluations


def in_torch(opt: LBFGS, name: str) -> tuple[np.ndarray, float]:
    model, at = objective(name)
    w = torch.tensor(model.w, requires_grad=True)
    method = torch.optim.LBFGS(
        [w],
        lr=opt.lr,
        max_iter=1,
        max_eval=26,
        tolerance_grad=0.0,
        tolerance_change=1e-9,
        history_size=opt.history,
        line_search_fn="strong_wolfe",
    )

    def closure() -> torch.Tensor:
        model.w[:] = w.detach().numpy()
        w.grad = torch.tensor(at.gradient())
        return torch.tensor(at.loss, dtype=torch.float64)

    def step() -> Vector:
        method.step(closure)
        return w.detach().numpy().copy()

    return np.array([step() for _ in range(STEPS)]), at.evaluations


def equal(opt: Optimizer, name: str, theirs: Callable[[Any, str], tuple[np.ndarray, float]]) -> None:
    path, evaluations = ours(opt, name)
    expected, expected_evaluations = theirs(opt, name)
    assert np.abs(path[-1] - path[0]).max() > 1e-3
    assert distance(path, expected) <= oracle(type(opt)).tolerance
    assert evaluations == expected_evaluations


@every_loss
@pytest.mark.parametrize("params", GD_PARAMS, ids=str)
def test_gd_equals_optax(name: str, params: dict[str, float]) -> None:
    equal(GD(line_search="armijo", **params), name, in_optax)


@every_loss
@pytest.mark.parametrize("params", LBFGS_PARAMS, ids=str)
def test_lbfgs_equals_torch(name: str, params: dict[str, Any]) -> None:
    equal(LBFGS(line_search="strong-wolfe", **params), name, in_torch)
