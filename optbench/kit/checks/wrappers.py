"""The rules of wrappers: around plain gradient descent, those of an optimizer, and a few of their own."""

from __future__ import annotations

import math

import numpy as np

from optbench.core.contracts import Schedule
from optbench.kit.checks import optimizers
from optbench.kit.problems import SMALL, LeastSquares, start, walk
from optbench.kit.rules import Subject, Violations, make, rule

_RUNS = (1, 2, 3, 10, 1000)  # steps


@rule("of the inner kind", "inherit batch, rates, needs and scaled from Wrapper, and return a text from incompatibility")
def of_the_inner_kind(subject: Subject) -> Violations:
    """`batch`, `rates` and `needs` are the inner optimizer's, `scaled` scales that one, `incompatibility` returns a text."""
    opt = subject.instance
    for name in ("batch", "rates", "needs"):
        if getattr(opt, name) != getattr(opt.inner, name):
            yield f"{name} is {getattr(opt, name)!r}, that of the inner optimizer {getattr(opt.inner, name)!r}"
    half = opt.scaled(0.5)
    if half.inner != opt.inner.scaled(0.5):
        yield f"scaled(0.5) returns {half!r}"
    if not isinstance(opt.incompatibility(), str):
        yield f"incompatibility returns {opt.incompatibility()!r}; where there is none, it must be an empty text"


@rule("inner state", "return self.inner.init's state from init, or keep it in the state and pass it to self.inner")
def inner_state(subject: Subject) -> Violations:
    """The inner optimizer gets its own state: checked around `momentum`, which has one."""
    opt = make(subject.cls, inner="momentum")
    w = start(SMALL, "float64")
    s = opt.init(w, SMALL)
    walk(opt, w, s, LeastSquares(w), range(1, 6))
    if not np.isfinite(opt.eval_weights(w, s)).all():
        yield "weights are not finite after 5 steps"


@rule("factor", "compute with Python floats (math.cos), and do not divide by 0 in a run of one step or of a single phase")
def factor(subject: Subject) -> Violations:
    """A schedule's `factor` is a finite Python number at every step of a run of any length."""
    if not isinstance(subject.instance, Schedule):
        return
    for steps in _RUNS:
        for t in range(1, steps + 1):
            value = subject.instance.factor(t, steps)
            if isinstance(value, np.generic) or not isinstance(value, int | float):
                yield f"factor({t}, {steps}) is of type {type(value).__name__}"
            elif not math.isfinite(value):
                yield f"factor({t}, {steps}) is {value}"


RULES = (
    of_the_inner_kind,
    inner_state,
    factor,
    *(one for one in optimizers.RULES if one is not optimizers.declarations),
)
