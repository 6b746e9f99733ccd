"""What the optimizers of this distribution do beyond the contract, which test_contract.py checks."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import numpy as np
import optbench_frontier
import pytest
from optbench_frontier import SOAP, Muon, ScheduleFreeAdamW, Shampoo, SophiaG, SophiaH

import optbench
from optbench import Optimizer
from optbench.kit.problems import ROWS, SMALL, LeastSquares, start, trajectory, walk

CLASSES = optbench_frontier.optbench_optimizers()
every_optimizer = pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.name)


def begin(opt: Optimizer, dtype: str = "float64") -> tuple[np.ndarray, Any, LeastSquares]:
    w = start(SMALL, dtype)
    return w, opt.init(w, SMALL), LeastSquares(w)


def test_only_public_names_of_optbench_are_imported():
    for path in Path(optbench_frontier.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "optbench":
                assert node.module == "optbench", path
                assert {alias.name for alias in node.names} <= set(optbench.PUBLIC), path
            elif isinstance(node, ast.Import):
                assert not any(alias.name.partition(".")[0] == "optbench" for alias in node.names), path


@every_optimizer
def test_loss_falls(cls):
    # The default rates of some are small for this problem; methods that estimate a distance must find their own.
    opt = cls(**dict.fromkeys(cls.rates, 0.1)) if cls in {Muon, SOAP, SophiaG, SophiaH, ScheduleFreeAdamW} else cls()
    w, s, _ = begin(opt)
    at = LeastSquares(w, batches=1)
    at.gradient()
    before = at.loss
    walk(opt, w, s, at, range(1, 401))
    w[:] = opt.eval_weights(w, s)
    at.gradient()
    assert at.loss < 0.5 * before


@every_optimizer
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_run_at_a_huge_rate_diverges_and_raises_nothing(cls, dtype):
    opt = cls(**dict.fromkeys(cls.rates, 1e200))
    w, s, at = begin(opt, dtype)
    with np.errstate(all="ignore"):
        walk(opt, w, s, at, range(1, 24))
    assert not np.isfinite(at.loss)


def test_a_huge_eps_is_a_short_step_of_muon():
    opt = Muon(eps=1e200)
    w, s, at = begin(opt)
    walk(opt, w, s, at, range(1, 4))
    assert np.isfinite(w).all()


@pytest.mark.parametrize("cls", [SophiaG, SophiaH], ids=lambda cls: cls.name)
def test_sophia_counts_its_estimates(cls):
    opt = cls(every=10)
    w, s, at = begin(opt)
    walk(opt, w, s, at, range(1, 22))  # estimates in steps 1, 11 and 21
    assert at.evaluations == 21 + 3 * (2 if cls is SophiaH else 1)
    assert at.rows == at.evaluations * ROWS


def test_only_sophia_h_needs_hessian_vector_products():
    assert {cls.name: cls.needs for cls in CLASSES if cls.needs} == {"sophia-h": frozenset({"hvp"})}


@pytest.mark.parametrize("cls", [SophiaG, SophiaH], ids=lambda cls: cls.name)
def test_estimates_of_sophia_have_the_right_mean(cls):
    opt = cls()
    w, s, at = begin(opt)
    products = np.empty((w.size, w.size))
    for v, out in zip(np.eye(w.size), products, strict=True):
        at.hvp(v, out)
    total = np.zeros_like(w)
    for _ in range(4000):
        g = at.gradient()
        before = g.copy()
        opt.estimate(g, s, at)
        total += s.estimate
        np.testing.assert_array_equal(g, before)
    # The Hessian's diagonal, which is the Gauss-Newton one here.
    np.testing.assert_allclose(total / 4000, np.diag(products), rtol=0.35, atol=0.1 * np.diag(products).max())


def test_shampoo_with_old_roots_stays_near_the_one_with_new_ones():
    paths = {every: trajectory(Shampoo(every=every), LeastSquares(start(SMALL))) for every in (1, 10, 1000)}
    length = np.linalg.norm(paths[1][-1] - paths[1][0])
    for every, bound in ((10, 0.5), (1000, 2.0)):  # if roots are not recomputed for large gradients, both exceed every bound
        assert np.linalg.norm(paths[every][-1] - paths[1][-1]) < bound * length


@pytest.mark.parametrize("cls", [Shampoo, SOAP], ids=lambda cls: cls.name)
def test_sides_longer_than_max_dim_have_no_matrix(cls):
    _, s, _ = begin(cls(max_dim=5))
    matrices = [[side is not None for side in sides] for sides in s.layers]
    column = [True, cls is Shampoo]  # SOAP has none for a side of 1
    assert matrices == [[False, True], [True, True], column, [False]]
