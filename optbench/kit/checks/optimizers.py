"""The rules of optimizers; most of them apply to wrappers too."""

from __future__ import annotations

import copy
import hashlib
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

from optbench.core.contracts import Optimizer, Wrapper
from optbench.core.hyperparameters import values
from optbench.core.numerics import Layout, Vector
from optbench.core.seeding import stream
from optbench.kit.problems import DTYPES, LARGE, SMALL, Fixed, LeastSquares, batch, small, start, walk
from optbench.kit.rules import Subject, Violations, built_in, rule
from optbench.training.loop import train

CAPABILITIES = frozenset({"hvp"})
"""What an optimizer may need, and an architecture provide, beyond gradients."""
_LAYOUTS = (SMALL, Layout({"only": (9, 1)}), Layout({"bias": (5,)}), Layout({"single": (1, 1)}))
_DESCENT = 200  # steps
_WARM = 4  # steps after which all buffers are allocated


def digest(opt: Any) -> str:
    """Return the SHA-256 of the weights after each of a dozen steps, in both dtypes."""
    total = hashlib.sha256()
    for dtype in DTYPES:
        w = start(SMALL, dtype)
        s, at = opt.init(w, small()), LeastSquares(w)  # a broken one may change the layout
        for t in range(1, 13):
            walk(opt, w, s, at, [t])
            total.update(w.tobytes())
            total.update(opt.eval_weights(w, s).tobytes())
    return total.hexdigest()


@rule(
    "declarations",
    'batch is "mini" or "full", needs is frozenset() or frozenset({"hvp"}), rates names hyper-parameters',
    basic=True,
)
def declarations(subject: Subject) -> Violations:
    """The class variables have values that optbench knows."""
    opt = subject.instance
    if opt.batch not in ("mini", "full"):
        yield f"batch is {opt.batch!r}"
    if not (isinstance(opt.needs, frozenset) and opt.needs <= CAPABILITIES):
        yield f"needs is {opt.needs!r}"
    if not (isinstance(opt.rates, tuple) and set(opt.rates) <= set(values(opt))):
        yield f"rates is {opt.rates!r}"


@rule("shapes", "take shapes from w and layout.views(w); a layer may be a matrix, a row, a column, a vector or a single weight")
def shapes(subject: Subject) -> Violations:
    """It works on any layout."""
    for layout in _LAYOUTS:
        w = start(layout, "float64")
        s = subject.instance.init(w, layout)
        walk(subject.instance, w, s, LeastSquares(w), range(1, 6))
        if not np.isfinite(subject.instance.eval_weights(w, s)).all():
            yield f"weights are not finite after 5 steps on layers {dict(layout.shapes)}"


@rule("no allocation", "allocate buffers in init, use g as scratch, and write with out= or axpy")
def no_allocation(subject: Subject) -> Violations:
    """After the first steps nothing of the order of the weights is allocated, not even one byte per weight."""
    w = start(LARGE, "float32")
    s, at = subject.instance.init(w, LARGE), LeastSquares(w, batches=1)
    walk(subject.instance, w, s, at, range(1, _WARM))
    peak = traced_peak(lambda: walk(subject.instance, w, s, at, range(_WARM, _WARM + 12)))
    if peak >= w.size:
        yield f"steps {_WARM} to {_WARM + 11} allocate {peak / w.size:.1f} bytes per weight at once"


@rule("checkpoint", "keep all that a step depends on in the state, never in self, in a global or in an iterator")
def checkpoint(subject: Subject) -> Violations:
    """A deep copy of state and weights continues with the same bits."""
    opt = subject.instance
    for dtype in DTYPES:
        for cut in (0, 1, 5):
            w = start(SMALL, dtype)
            s, at = opt.init(w, SMALL), LeastSquares(w)
            walk(opt, w, s, at, range(1, cut + 1))
            w2 = w.copy()
            s2, at2 = copy.deepcopy(s), at.copied(w2)
            walk(opt, w, s, at, range(cut + 1, 15))
            walk(opt, w2, s2, at2, range(cut + 1, 15))
            if w.tobytes() != w2.tobytes() or opt.eval_weights(w, s).tobytes() != opt.eval_weights(w2, s2).tobytes():
                yield f"{dtype}: a copy made after {cut} steps ends at other weights"


@rule(
    "rates",
    "read self.lr in update and keep no hyper-parameter in the state; a method without a rate declares rates = ()",
    after=("rebuilt from its spec",),
)
def rates(subject: Subject) -> Violations:
    """`scaled` multiplies the rates and nothing else, and a rate that changes between steps has effect."""
    opt = subject.instance
    if not opt.rates:
        return
    half = opt.scaled(0.5)
    own = () if isinstance(opt, Wrapper) else opt.rates  # a wrapper's rates are those of its inner optimizer
    expected = {name: value * 0.5 if name in own else value for name, value in values(opt).items()}
    if type(half) is not type(opt) or values(half) != expected:
        yield f"scaled(0.5) returns {half!r}"
    w = start(SMALL, "float64")
    s, at = opt.init(w, SMALL), LeastSquares(w)
    walk(opt, w, s, at, range(1, 6))
    w2 = w.copy()
    s2, at2 = copy.deepcopy(s), at.copied(w2)
    walk(opt, w, s, at, range(6, 11))
    walk(opt.scaled(0.0), w2, s2, at2, range(6, 11))
    if np.array_equal(w, w2):
        yield "5 steps at a rate of 0 equal those at the full rate"


@rule("zero gradient", "add eps to the divisor, or skip the step where it is 0")
def zero_gradient(subject: Subject) -> Violations:
    """Weights stay finite where the gradient is 0, from the first step on or later."""
    for dtype in DTYPES:
        for since in (1, 4):
            for w in (start(SMALL, dtype), np.zeros(SMALL.size, dtype)):
                s = subject.instance.init(w, SMALL)
                walk(subject.instance, w, s, LeastSquares(w), range(1, since))
                walk(subject.instance, w, s, Fixed(np.zeros_like(w)), range(since, 41))
                if not np.isfinite(subject.instance.eval_weights(w, s)).all():
                    yield f"{dtype}: weights are not finite after a gradient of 0 from step {since} on"


@rule("NaN gradient", "let NaN pass into w, where the monitor finds it: do not raise, and replace it by nothing")
def nan_gradient(subject: Subject) -> Violations:
    """A gradient of NaN raises nothing and reaches the weights: the run ends as diverged."""
    for dtype in DTYPES:
        for since in (1, 4):
            w = start(SMALL, dtype)
            s = subject.instance.init(w, SMALL)
            walk(subject.instance, w, s, LeastSquares(w), range(1, since))
            walk(subject.instance, w, s, Fixed(np.full_like(w, np.nan)), range(since, 16))
            if np.isfinite(subject.instance.eval_weights(w, s)).all():
                yield f"{dtype}: after gradients of NaN from step {since} on the weights are finite"


@rule("descends", "check the sign: w -= lr * g lowers the loss; a method that needs a small rate must name it in rates")
def descends(subject: Subject) -> Violations:
    """It lowers a convex function, at its default rates or at a fraction of them."""
    w = start(SMALL)
    before = LeastSquares(w, batches=1).value()
    after = before
    for factor in (1.0, 0.1, 0.01, 0.001) if subject.instance.rates else (1.0,):
        opt = subject.instance if factor == 1.0 else subject.instance.scaled(factor)
        at = LeastSquares(w.copy(), batches=1, steps=_DESCENT)
        s = opt.init(at.w, SMALL)
        walk(opt, at.w, s, at, range(1, _DESCENT + 1))
        after = at.copied(opt.eval_weights(at.w, s)).value()
        if after < before:
            return
    yield f"a convex loss rises from {before:.4g} to {after:.4g} in {_DESCENT} steps on the same rows, at any rate tried"


@rule("a run", "take gradients from `at` in step, and accept batches of any number of rows")
def a_run(subject: Subject) -> Violations:
    """It trains a small network in optbench's own loop, where the last batch of an epoch is shorter."""
    opt: Optimizer = subject.instance
    network = built_in("architecture", "two-layer-mlp")(hidden=3)
    loss = built_in("loss", "squared-tanh")()
    for dtype in DTYPES:
        model = network.bind(network.layout(6, 1), loss, dtype)
        model.w[:] = network.initial(model.layout, stream(0, "init"))
        trained = train(
            opt,
            model,
            loss,
            *batch(23, 6, dtype),
            epochs=3,
            batch_size=5,
            rng=stream(0, "batches"),
            noise=stream(0, "noise"),
            clock=lambda: 0.0,
            monitor=_finite,
        )
        if trained.status != "ok":
            yield f"{dtype}: it {trained.status} within 3 epochs, with its defaults"


RULES = (shapes, no_allocation, checkpoint, rates, zero_gradient, nan_gradient, descends, a_run)


def traced_peak(work: Callable[[], object]) -> int:
    """Return the peak of the bytes that `work()` allocates, beyond those allocated before."""
    tracing = tracemalloc.is_tracing()
    tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        work()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        if not tracing:
            tracemalloc.stop()
    return peak - before


def _finite(_epoch: int, weights: Vector, _at: Any, _seconds: float) -> bool:
    return bool(np.isfinite(weights).all())
