"""What a wrapper promises: around plain gradient descent it keeps what an optimizer does."""

from __future__ import annotations

import math

import numpy as np

from optbench.core.contracts import Schedule
from optbench.kit.checks import optimizers
from optbench.kit.problems import SMALL, LeastSquares, start, walk
from optbench.kit.rules import Subject, Violations, made, rule

_RUNS = (1, 2, 3, 10, 1000)  # steps


@rule("of the inner kind", "leave batch, rates, needs and scaled as Wrapper has them, and let incompatibility return a text")
def of_the_inner_kind(subject: Subject) -> Violations:
    """`batch`, `rates` and `needs` are the inner optimizer's, `scaled` scales it, `incompatibility` returns a text."""
    opt = subject.thing
    for name in ("batch", "rates", "needs"):
        if getattr(opt, name) != getattr(opt.inner, name):
            yield f"{name} is {getattr(opt, name)!r}, that of the inner optimizer {getattr(opt.inner, name)!r}"
    half = opt.scaled(0.5)
    if half.inner != opt.inner.scaled(0.5):
        yield f"scaled(0.5) makes {half!r}"
    if not isinstance(opt.incompatibility(), str):
        yield f"incompatibility returns {opt.incompatibility()!r}; where there is nothing against it, it must be an empty text"


@rule("inner state", "let init return what self.inner.init does, or keep that in a state of its own and hand it to self.inner")
def inner_state(subject: Subject) -> Violations:
    """The inner optimizer finds its own state: it goes around `momentum`, which has one."""
    opt = made(subject.cls, inner="momentum")
    w = start(SMALL, "float64")
    s = opt.init(w, SMALL)
    walk(opt, w, s, LeastSquares(w), range(1, 6))
    if not np.isfinite(opt.eval_weights(w, s)).all():
        yield "weights are not finite after 5 steps"


@rule("factor", "compute with Python's floats (math.cos), and let a run of one step, or of one phase only, divide by nothing")
def factor(subject: Subject) -> Violations:
    """A schedule's `factor` is a finite Python number at every step of a run of any length."""
    if not isinstance(subject.thing, Schedule):
        return
    for steps in _RUNS:
        for t in range(1, steps + 1):
            found = subject.thing.factor(t, steps)
            if isinstance(found, np.generic) or not isinstance(found, int | float):
                yield f"factor({t}, {steps}) is of type {type(found).__name__}"
            elif not math.isfinite(found):
                yield f"factor({t}, {steps}) is {found}"


RULES = (
    of_the_inner_kind,
    inner_state,
    factor,
    *(one for one in optimizers.RULES if one is not optimizers.declarations),
)
