"""The basic rules of optimizers and wrappers: each must hold before the ones that follow can be checked."""

from __future__ import annotations

from typing import Any

import numpy as np

from optbench.core.numerics import Array, Vector, state_arrays, state_buffers
from optbench.kit.problems import DTYPES, SMALL, LeastSquares, small, start, walk
from optbench.kit.rules import Subject, Violations, one_line, rule

_MANY = 2000  # steps


@rule("init", "define init and return State(...) with everything that the steps read; change neither w nor layout", basic=True)
def init(subject: Subject) -> Violations:
    """`init` returns all that the first step reads, and leaves weights and layout as they are."""
    w, layout = start(SMALL), small()
    before = w.copy()
    try:
        s = subject.instance.init(w, layout)
    except Exception as error:  # noqa: BLE001  # third-party code may raise anything
        yield f"it raises {one_line(error)}"
        return
    if not np.array_equal(w, before):
        yield "it changes the weights"
    if layout != SMALL:
        yield "it changes the layout"
    try:
        subject.instance.step(w, s, 1, LeastSquares(w))
    except AttributeError as error:
        if error.obj is s:
            yield f"step 1 reads s.{error.name}, which it does not create"
    except BaseException:  # noqa: BLE001, S110  # "runs" reports it
        pass


@rule(
    "runs", "correct the error; t counts from 1 and a run may have thousands of steps, so nothing may depend on few", basic=True
)
def runs(subject: Subject) -> Violations:
    """It takes 2,000 steps and raises nothing."""
    w, layout = start(SMALL), small()
    s, at = subject.instance.init(w, layout), LeastSquares(w, steps=_MANY)
    for t in range(1, _MANY + 1):
        try:
            walk(subject.instance, w, s, at, [t])
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  # third-party code may raise anything, SystemExit too
            yield f"step {t} raises {one_line(error)}"
            return


@rule(
    "in place", "write into the array w itself, w -= ... or np.add(..., out=w); w = w - ... creates another array", basic=True
)
def in_place(subject: Subject) -> Violations:
    """`step` changes the weights, in their own memory, and leaves the layout as it is."""
    memory = np.full(SMALL.size + 2, 7.0)
    w, layout = memory[1:-1], small()
    w[:] = before = start(SMALL)
    s = subject.instance.init(w, layout)
    walk(subject.instance, w, s, LeastSquares(w), range(1, 21))
    if np.array_equal(w, before):
        yield "after 20 steps the weights have not changed"
    if not memory[0] == memory[-1] == 7.0:  # as initialised
        yield "it writes beyond the weights"
    if layout != SMALL:
        yield "step changes the layout"


@rule(
    "aliasing",
    "copy what a later step needs: s.before[:] = g, never s.before = g; there is one buffer for all gradients, and one for w",
    basic=True,
)
def aliasing(subject: Subject) -> Violations:
    """No gradient is used after the next one is computed, and the state has no reference to the gradient or the weights."""
    w = start(SMALL)
    s, at = subject.instance.init(w, SMALL), LeastSquares(w)
    walk(subject.instance, w, s, at, range(1, 9))
    for path, array in state_buffers(s).items():
        for name, other in (("gradient's buffer", at.gradient()), ("weights", w)):
            if np.shares_memory(array, other):
                yield f"after a step the state's {'.'.join(path)} is the {name} itself, no copy"
    one, again, separate = (_after_eight(subject.instance, kind) for kind in (LeastSquares, LeastSquares, _SeparateBuffers))
    if not np.array_equal(one, again, equal_nan=True):
        return  # as "deterministic" reports
    if not np.allclose(one, separate, rtol=1e-6, atol=1e-9, equal_nan=True):
        yield "a gradient is used after the next one has been written to the same buffer"


def _after_eight(opt: Any, kind: type[LeastSquares]) -> Vector:
    """The weights after eight steps."""
    w = start(SMALL)
    walk(opt, w, opt.init(w, SMALL), kind(w), range(1, 9))
    return w


class _SeparateBuffers(LeastSquares):
    """The same problem, each gradient in a buffer of its own."""

    def gradient(self, y: Array | None = None) -> Vector:
        self._g = np.empty_like(self.w)
        return super().gradient(y)


@rule(
    "eval_weights",
    "return w or a buffer of the state; write an average in step, not in eval_weights, and change neither w nor layout there",
    basic=True,
)
def eval_weights(subject: Subject) -> Violations:
    """`eval_weights` returns `w` or a buffer of the state, and has no effect on the steps that follow."""
    w, layout = start(SMALL), small()
    s, at = subject.instance.init(w, layout), LeastSquares(w)
    evaluated = subject.instance.eval_weights(w, s)
    for t in range(1, 13):
        walk(subject.instance, w, s, at, [t])
        before = w.copy()
        evaluated = subject.instance.eval_weights(w, s)
        if not np.array_equal(w, before):
            yield "it changes the weights w"
            return
        again = evaluated.copy()
        if not np.array_equal(subject.instance.eval_weights(w, s), again):
            yield "two calls after one step return different weights"
            return
    if layout != SMALL:
        yield "it changes the layout"
        return
    if evaluated.shape != w.shape:
        yield f"it returns shape {evaluated.shape} for weights of shape {w.shape}"
    if not any(np.shares_memory(evaluated, array) for array in (w, *state_arrays(s))):
        yield "it returns a copy"
    alone, again = (_evaluated_at_the_end(subject.instance) for _ in range(2))
    if not np.array_equal(alone, again):
        return  # as "deterministic" reports
    if not np.array_equal(alone, np.concatenate([w, evaluated])):
        yield "a run that evaluates after each step and one that does so at the end have different weights"


def _evaluated_at_the_end(opt: Any) -> Vector:
    """The weights and the evaluated weights after twelve steps, one after the other."""
    w = start(SMALL)
    s = opt.init(w, SMALL)
    walk(opt, w, s, LeastSquares(w), range(1, 13))
    return np.concatenate([w, opt.eval_weights(w, s)])


@rule(
    "types",
    "allocate with zeros_like(w) or empty_like(w), and use Python scalars (math.sqrt): np.float64 widens float32",
    basic=True,
)
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


RULES: tuple[Any, ...] = (init, runs, in_place, aliasing, eval_weights, types)
