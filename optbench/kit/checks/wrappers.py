"""The rules of wrappers: around plain gradient descent those of an optimizer, around a spy what it does with the inner one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from optbench.core.contracts import Objective, Optimizer, Schedule, State
from optbench.core.hyperparameters import build
from optbench.core.numerics import Layout, Vector
from optbench.kit.checks import optimizers, steps
from optbench.kit.problems import SMALL, LeastSquares, start, walk
from optbench.kit.rules import Subject, Violations, rule

_RUNS = (1, 2, 3, 10, 1000)  # steps
_WATCHED = 40  # steps


@rule(
    "of the inner kind",
    "inherit batch, rates, needs and scaled from Wrapper, and return a text from incompatibility",
    basic=True,
)
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


class Misused(Exception):
    """The inner optimizer was not called as the contract says."""


@dataclass(frozen=True, kw_only=True)
class Spy(Optimizer):
    """Gradient descent that evaluates a buffer of its own, and keeps a record of how it is called in its state."""

    name: ClassVar[str] = "spy"
    lr: float = 0.01
    states: ClassVar[list[State]] = []
    """Those that `init` has returned: a wrapper may keep its own anywhere."""

    def init(self, w: Vector, layout: Layout) -> State:
        """Return a state that can be told from any other."""
        self.states.append(State(evaluated=w.copy(), steps=[], updates=0, evaluations=0, inside=False))
        return self.states[-1]

    def step(self, w: Vector, s: Any, t: int, at: Objective) -> None:
        """Take a step, and note its number."""
        _own(s).steps.append(t)
        s.inside = True
        self.update(w, at.gradient(), s, t)
        s.inside = False

    def update(self, w: Vector, g: Vector, s: Any, t: int) -> None:
        """w_t = w_{t-1} - lr g_t."""
        _own(s).updates += not s.inside
        w -= self.lr * g

    def eval_weights(self, w: Vector, s: Any) -> Vector:
        """Return the weights in a buffer, and count the call."""
        _own(s).evaluations += 1
        np.copyto(s.evaluated, w)
        evaluated: Vector = s.evaluated
        return evaluated


def _own(s: Any) -> Any:
    if not isinstance(getattr(s, "updates", None), int):
        raise Misused(f"the inner optimizer is passed {type(s).__name__} without what its init returned")
    return s


@rule(
    "inner optimizer",
    "keep self.inner.init(w, layout) in the state as s.inner; call self.inner.step(w, s.inner, t, at) once in each step, and "
    "self.inner.eval_weights(w, s.inner) for the weights to evaluate",
)
def inner_optimizer(subject: Subject) -> Violations:
    """The inner optimizer gets its own state, takes at most one step in each step, with growing t, and evaluates weights."""
    w, states = start(SMALL), Spy.states
    states.clear()
    opt = build(subject.cls, {}, inner=Spy())
    try:
        s, at = opt.init(w, SMALL), LeastSquares(w, steps=_WATCHED)
        if len(states) != 1:
            yield f"init calls inner.init {len(states)} times"
            return
        for t in range(1, _WATCHED + 1):
            before = len(states[0].steps)
            walk(opt, w, s, at, [t])
            if len(states[0].steps) > before + 1:
                yield f"step {t} calls inner.step {len(states[0].steps) - before} times"
                return
            opt.eval_weights(w, s)
    except Misused as error:
        yield str(error)
        return
    record = states[0]
    if record.updates:
        yield "it calls inner.update, and not inner.step, which a method may define instead"
    elif not record.steps:
        yield f"inner.step is not called in {_WATCHED} steps"
    elif record.steps[0] < 1 or any(later <= t for t, later in zip(record.steps, record.steps[1:], strict=False)):
        yield f"t of inner.step is {', '.join(map(str, record.steps[:3]))} ... in steps 1, 2, 3 ..."
    elif not record.evaluations:
        yield "inner.eval_weights is never called, in neither step nor eval_weights"


@rule(
    "factor",
    "compute with Python floats (math.cos), and do not divide by 0 in a run of one step or of a single phase",
    basic=True,
)
def factor(subject: Subject) -> Violations:
    """A schedule's `factor` is a finite Python number at every step of a run of any length."""
    if not isinstance(subject.instance, Schedule):
        return
    for planned in _RUNS:
        for t in range(1, planned + 1):
            value = subject.instance.factor(t, planned)
            if isinstance(value, np.generic) or not isinstance(value, int | float):
                yield f"factor({t}, {planned}) is of type {type(value).__name__}"
            elif not math.isfinite(value):
                yield f"factor({t}, {planned}) is {value}"


BASIC = (of_the_inner_kind, factor, *steps.RULES)
RULES = (inner_optimizer, *optimizers.RULES)
