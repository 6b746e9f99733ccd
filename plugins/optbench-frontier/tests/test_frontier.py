"""What every optimizer of this distribution keeps of the contract."""

from __future__ import annotations

import ast
import copy
import dataclasses
import pickle
import tracemalloc
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import numpy as np
import optbench_frontier
import problems
import pytest
from optbench_frontier import SOAP, Muon, ScheduleFreeAdamW, Shampoo, SophiaG, SophiaH

import optbench
from optbench import Optimizer

CLASSES = optbench_frontier.optbench_optimizers()
MATRIX = (Muon, SOAP, Shampoo)
every_optimizer = pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.name)


def begin(
    opt: Optimizer, layout: Any = problems.LAYOUT, dtype: Any = np.float64
) -> tuple[np.ndarray, Any, problems.LeastSquares]:
    w = problems.start(layout, dtype)
    return w, opt.init(w, layout), problems.LeastSquares(w)


def steps(opt: Optimizer, w: np.ndarray, s: Any, at: problems.LeastSquares, times: range) -> None:
    for t in times:
        opt.step(w, s, t, at.advance())


def arrays(thing: Any) -> list[np.ndarray]:
    """All arrays that a state holds."""
    if isinstance(thing, np.ndarray):
        return [thing]
    if isinstance(thing, list):
        return [array for item in thing for array in arrays(item)]
    if isinstance(thing, optbench.Average):
        return [thing.array]
    return [array for item in vars(thing).values() for array in arrays(item)] if isinstance(thing, optbench.State) else []


def test_entry_point_brings_the_module_with_its_contract():
    (entry,) = (
        entry for entry in entry_points(group="optbench") if entry.dist is not None and entry.dist.name == "optbench-frontier"
    )
    module = entry.load()
    assert module.OPTBENCH_CONTRACT == optbench.OPTBENCH_CONTRACT
    assert sorted(cls.name for cls in module.optbench_optimizers()) == [
        "dadapt-adam",
        "muon",
        "prodigy",
        "schedule-free-adamw",
        "schedule-free-sgd",
        "shampoo",
        "soap",
        "sophia-g",
        "sophia-h",
    ]


def test_only_public_names_of_optbench_are_imported():
    for path in Path(optbench_frontier.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "optbench":
                assert node.module == "optbench", path
                assert {alias.name for alias in node.names} <= set(optbench.PUBLIC), path
            elif isinstance(node, ast.Import):
                assert [alias.name for alias in node.names if alias.name.startswith("optbench")] == [], path


@every_optimizer
def test_loss_falls(cls):
    # Some defaults are small steps for this problem; the methods that estimate a distance have to find their own.
    opt = cls(**dict.fromkeys(cls.rates, 0.1)) if cls in {Muon, SOAP, SophiaG, SophiaH, ScheduleFreeAdamW} else cls()
    w, s, at = begin(opt)
    at.advance().gradient()
    before = at.loss
    steps(opt, w, s, at, range(1, 401))
    w[:] = opt.eval_weights(w, s)
    at.advance().gradient()
    assert at.loss < 0.5 * before


@every_optimizer
def test_copy_of_state_and_weights_is_a_checkpoint(cls):
    opt = cls()
    w, s, at = begin(opt)
    steps(opt, w, s, at, range(1, 26))
    w2, s2, rng, noise = w.copy(), copy.deepcopy(s), copy.deepcopy(at._rng), copy.deepcopy(at.noise)
    steps(opt, w, s, at, range(26, 51))
    at2 = problems.LeastSquares(w2)
    at2._rng, at2.noise = rng, noise
    steps(opt, w2, s2, at2, range(26, 51))
    np.testing.assert_array_equal(w2, w)
    np.testing.assert_array_equal(opt.eval_weights(w2, s2), opt.eval_weights(w, s))


@every_optimizer
def test_evaluated_weights_are_no_copy(cls):
    opt = cls()
    w, s, at = begin(opt)
    steps(opt, w, s, at, range(1, 4))
    final_runs = opt.eval_weights(w, s)
    assert any(final_runs is array for array in [w, *arrays(s)])


@every_optimizer
def test_float32_stays_float32(cls):
    opt = cls()
    w, s, at = begin(opt, dtype=np.float32)
    steps(opt, w, s, at, range(1, 13))
    assert {array.dtype for array in arrays(s)} == {np.dtype(np.float32)}
    assert w.dtype == opt.eval_weights(w, s).dtype == np.float32
    assert np.isfinite(w).all()


@every_optimizer
def test_gradients_of_zero_leave_finite_weights(cls):
    opt = cls()
    w, s, _ = begin(opt)
    for t in range(1, 13):
        opt.update(w, np.zeros_like(w), s, t)
    assert np.isfinite(w).all()


@every_optimizer
def test_gradient_of_nan_raises_nothing(cls):
    opt = cls()
    w, s, at = begin(opt)
    steps(opt, w, s, at, range(1, 4))
    with np.errstate(all="ignore"):
        for t in range(4, 24):
            opt.update(w, np.full_like(w, np.nan), s, t)
    assert not np.isfinite(w).all()


@every_optimizer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_run_at_a_huge_rate_diverges_and_raises_nothing(cls, dtype):
    opt = cls(**dict.fromkeys(cls.rates, 1e200))
    w, s, at = begin(opt, dtype=dtype)
    with np.errstate(all="ignore"):
        steps(opt, w, s, at, range(1, 24))
    assert not np.isfinite(at.loss)


def test_a_huge_eps_is_a_short_step_of_muon():
    opt = Muon(eps=1e200)
    w, s, at = begin(opt)
    steps(opt, w, s, at, range(1, 4))
    assert np.isfinite(w).all()


@every_optimizer
def test_update_allocates_nothing_of_the_order_of_the_weights(cls):
    # NumPy's eigh and QR have no `out` and work in float64: matrix methods may allocate some matrices of a side, 64 x 64 here.
    opt = cls()
    w, s, _ = begin(opt, problems.REAL, np.float32)
    rng = np.random.default_rng(0)
    gradients = [rng.standard_normal(w.size).astype(np.float32) for _ in range(25)]
    for t, g in enumerate(gradients[:5], start=1):
        opt.update(w, g, s, t)
    tracemalloc.start()
    for t, g in enumerate(gradients[5:], start=6):
        opt.update(w, g, s, t)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < (6 * 64 * 64 * 8 if cls in MATRIX else 8_000)
    assert peak < w.nbytes / 2


@pytest.mark.parametrize("cls", [SophiaG, SophiaH], ids=lambda cls: cls.name)
def test_sophia_counts_its_estimates(cls):
    opt = cls(every=10)
    w, s, at = begin(opt)
    steps(opt, w, s, at, range(1, 22))  # estimates at steps 1, 11 and 21
    assert at.evaluations == 21 + 3 * (2 if cls is SophiaH else 1)
    assert at.rows == at.evaluations * problems.ROWS


def test_only_sophia_h_needs_hessian_vector_products():
    assert {cls.name: cls.needs for cls in CLASSES if cls.needs} == {"sophia-h": frozenset({"hvp"})}


def test_estimates_of_sophia_have_the_right_mean():
    layout = problems.LAYOUT
    w = problems.start(layout)
    at = problems.LeastSquares(w).advance()
    expected = np.mean(at._x**2, axis=0)  # the Hessian's diagonal, which is the Gauss-Newton one here
    for cls in (SophiaG, SophiaH):
        opt = cls()
        s, total = opt.init(w, layout), np.zeros_like(w)
        for _ in range(4000):
            g = at.gradient()
            before = g.copy()
            opt.estimate(g, s, at)
            total += s.estimate
            np.testing.assert_array_equal(g, before)
        np.testing.assert_allclose(total / 4000, expected, rtol=0.35, atol=0.1)


def test_shampoo_with_old_roots_stays_near_the_one_with_fresh_ones():
    paths = {every: problems.path(Shampoo(every=every))[0] for every in (1, 10, 1000)}
    length = np.linalg.norm(paths[1][-1] - paths[1][0])
    for every, bound in ((10, 0.5), (1000, 2.0)):  # without the renewal out of turn both leave every bound
        assert np.linalg.norm(paths[every][-1] - paths[1][-1]) < bound * length


@pytest.mark.parametrize("cls", [Shampoo, SOAP], ids=lambda cls: cls.name)
def test_longer_sides_get_no_matrix(cls):
    _, s, _ = begin(cls(max_dim=5))
    kept = [[side is not None for side in sides] for sides in s.layers]
    assert kept == [[False, True], [True, True], [False]]


@every_optimizer
def test_hyper_parameters_survive_pickling_and_scaling(cls):
    opt = cls()
    assert pickle.loads(pickle.dumps(opt)) == opt
    halved = opt.scaled(0.5)
    for f in dataclasses.fields(opt):
        factor = 0.5 if f.name in cls.rates else 1
        assert getattr(halved, f.name) == factor * getattr(opt, f.name)


@every_optimizer
def test_docstring_cites_a_source(cls):
    assert any(mark in (cls.__doc__ or "") for mark in ("arXiv:", "https://"))
