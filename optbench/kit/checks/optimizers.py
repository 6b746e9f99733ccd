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
from optbench.core.numerics import Layout, Vector, state_arrays
from optbench.core.seeding import stream
from optbench.kit.problems import DTYPES, LARGE, SMALL, Fixed, LeastSquares, batch, start, walk
from optbench.kit.rules import Subject, Violations, built_in, rule
from optbench.training.loop import train

CAPABILITIES = frozenset({"hvp"})
"""What an optimizer may need, and an architecture provide, beyond gradients."""
_LAYOUTS = (SMALL, Layout({"only": (9, 1)}), Layout({"bias": (5,)}), Layout({"single": (1, 1)}))
_WARM = 4  # steps after which all buffers are allocated


def digest(opt: Any) -> str:
    """Return the SHA-256 of the weights after each of a dozen steps, in both dtypes."""
    total = hashlib.sha256()
    for dtype in DTYPES:
        w = start(SMALL, dtype)
        s, at = opt.init(w, SMALL), LeastSquares(w)
        for t in range(1, 13):
            walk(opt, w, s, at, [t])
            total.update(w.tobytes())
            total.update(opt.eval_weights(w, s).tobytes())
    return total.hexdigest()


@rule("declarations", 'batch is "mini" or "full", needs is frozenset() or frozenset({"hvp"}), rates names hyper-parameters')
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
    """It works on any layout, and evaluates weights of the same shape."""
    for layout in _LAYOUTS:
        w = start(layout, "float64")
        s = subject.instance.init(w, layout)
        walk(subject.instance, w, s, LeastSquares(w), range(1, 6))
        evaluated = subject.instance.eval_weights(w, s)
        if evaluated.shape != w.shape:
            yield f"eval_weights has shape {evaluated.shape} for weights of shape {w.shape}"
        if not np.isfinite(evaluated).all():
            yield f"weights are not finite after 5 steps on layers {dict(layout.shapes)}"


@rule("types", "allocate with zeros_like(w) or empty_like(w), and use Python scalars (math.sqrt): np.float64 widens float32")
def types(subject: Subject) -> Violations:
    """float32 stays float32 and float64 stays float64, in the state too."""
    for dtype in DTYPES:
        w = start(SMALL, dtype)
        s = subject.instance.init(w, SMALL)
        walk(subject.instance, w, s, LeastSquares(w), range(1, 6))
        arrays = [subject.instance.eval_weights(w, s), *state_arrays(s)]
        others = {array.dtype.name for array in arrays if array.dtype.kind == "f"} - {dtype}
        if others:
            yield f"with weights of {dtype} there are arrays of {', '.join(sorted(others))}"


@rule("in place", "write into the array w itself, w -= ... or np.add(..., out=w); w = w - ... creates another array")
def in_place(subject: Subject) -> Violations:
    """`init` does not change the weights, `step` changes them in place, and `eval_weights` returns no copy."""
    opt = subject.instance
    for dtype in DTYPES:
        memory = np.full(SMALL.size + 2, 7.0, dtype)
        w = memory[1:-1]
        w[:] = before = start(SMALL, dtype)
        s = opt.init(w, SMALL)
        if not np.array_equal(w, before):
            yield "init changes the weights"
        walk(opt, w, s, LeastSquares(w), range(1, 9))
        if np.array_equal(w, before):
            yield "after 8 steps the weights have not changed"
        if not memory[0] == memory[-1] == 7.0:  # as initialised
            yield "it writes beyond the weights"
        evaluated = opt.eval_weights(w, s)
        if not any(np.shares_memory(evaluated, array) for array in (w, *state_arrays(s))):
            yield "eval_weights returns a copy"


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


@rule("rates", "read self.lr in update and keep no hyper-parameter in the state; a method without a rate declares rates = ()")
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


@rule("NaN gradient", "let NaN pass into w, where the monitor finds it: do not raise, and do not loop until it is finite")
def nan_gradient(subject: Subject) -> Violations:
    """A gradient of NaN raises nothing: the run ends as diverged."""
    for dtype in DTYPES:
        for since in (1, 4):
            w = start(SMALL, dtype)
            s = subject.instance.init(w, SMALL)
            walk(subject.instance, w, s, LeastSquares(w), range(1, since))
            walk(subject.instance, w, s, Fixed(np.full_like(w, np.nan)), range(since, 16))
    yield from ()


@rule("a run", "take gradients from `at` in step, and accept batches of any number of rows")
def a_run(subject: Subject) -> Violations:
    """It trains a small network in optbench's own loop, where the last batch of an epoch is shorter."""
    opt: Optimizer = subject.instance
    network = built_in("architecture", "two-layer-mlp")(hidden=3)
    for dtype in DTYPES:
        model = network.bind(network.layout(6), dtype)
        model.w[:] = network.initial(model.layout, stream(0, "init"))
        trained = train(
            opt,
            model,
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


RULES = (
    declarations,
    shapes,
    types,
    in_place,
    no_allocation,
    checkpoint,
    rates,
    zero_gradient,
    nan_gradient,
    a_run,
)


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
