"""The rules of losses."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from optbench.core.numerics import Array
from optbench.core.seeding import stream
from optbench.kit.checks.models import TASKS, Case, cases_of, equal
from optbench.kit.problems import DTYPES
from optbench.kit.rules import Subject, Violations, rule

_ROWS = 12
_DRAWS = 40_000  # rows whose labels are drawn, for an expectation to two digits
_FAR = 1e4  # a z of a run that is about to diverge


def digest(loss: Any) -> str:
    """Return the SHA-256 of all that a loss computes, in both dtypes and for each task that it is for."""
    total = hashlib.sha256(repr([loss.incompatibility(task) for task in TASKS]).encode())
    for dtype, case in itertools.product(DTYPES, cases_of(loss)):
        z, y = _z(case, dtype), case.targets(_ROWS, dtype)
        dz, second, outputs = (np.empty_like(z) for _ in range(3))
        values = (loss.value(z, y), loss.value_and_gradient(z, y, dz), loss.quality(z, y), loss.worst(y))
        loss.second(z, y, _direction(z), second)
        loss.predict(z, outputs)
        for array in (np.array(values), y, dz, second, outputs, loss.sample_labels(z, stream(3, "noise"))):
            total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()


@rule("tasks", "return an empty text from incompatibility for the tasks that it is for, and a number from outputs", basic=True)
def tasks(subject: Subject) -> Violations:
    """It is for two or three classes, or for one or three numbers, and says of every other task why not."""
    answers = [subject.instance.incompatibility(task) for task in TASKS]
    if not all(isinstance(answer, str) for answer in answers):
        yield f"incompatibility returns {next(answer for answer in answers if not isinstance(answer, str))!r}"
    elif all(answers):
        yield f"it is for none of 2 classes, 3 classes, 1 number and 3 numbers: {answers[0]}"
    else:
        for case in cases_of(subject.instance):
            if type(case.outputs) is not int or case.outputs < 1:
                yield f"outputs returns {case.outputs!r}"
    if not 0.0 < subject.instance.reported < np.inf:
        yield f"reported is {subject.instance.reported!r}"
    if not (isinstance(subject.instance.quality_name, str) and subject.instance.quality_name):
        yield f"quality_name is {subject.instance.quality_name!r}"


@rule(
    "targets",
    "return an array of shape (rows, outputs) of the type of y; every other number keeps its type with out= or astype",
    basic=True,
)
def targets(subject: Subject) -> Violations:
    """Targets, gradients and outputs have the shape (rows, outputs) and the type of z, numbers are Python floats."""
    for dtype, case in itertools.product(DTYPES, cases_of(subject.instance)):
        y, shape = case.targets(_ROWS, dtype), (_ROWS, case.outputs)
        if y.shape != shape or y.dtype != dtype:
            yield f"{case}: targets are {y.dtype.name} of shape {y.shape}; they must be {dtype}, {shape}"
            continue
        z = _z(case, dtype)
        numbers = {
            "value": case.loss.value(z, y),
            "value_and_gradient": case.loss.value_and_gradient(z, y, np.empty_like(z)),
            "quality": case.loss.quality(z, y),
            "worst": case.loss.worst(y),
        }
        for name, number in numbers.items():
            if type(number) is not float:
                yield f"{case}: {name} returns {type(number).__name__}; it must be a Python float"


@rule("arguments", "write only to dz and out; work on copies of z and y", basic=True)
def arguments(subject: Subject) -> Violations:
    """No method changes its arguments, and buffers are written to: what was in them before has no effect."""
    for case in cases_of(subject.instance):
        loss, z, y = case.loss, _z(case), case.targets(_ROWS)
        rz = _direction(z)
        before = [z.copy(), y.copy(), rz.copy()]
        written = [[np.full_like(z, filling) for _ in range(3)] for filling in (0.0, 7.0)]
        for dz, second, outputs in written:
            loss.value(z, y)
            loss.value_and_gradient(z, y, dz)
            loss.second(z, y, rz, second)
            loss.predict(z, outputs)
            loss.quality(z, y)
            loss.worst(y)
            loss.sample_labels(z, stream(3, "noise"))
        if not equal(before, (z, y, rz)):
            yield f"{case}: it changes z, y or rz"
        for name, one, other in zip(("value_and_gradient", "second", "predict"), *written, strict=True):
            if not np.array_equal(one, other):
                yield f"{case}: {name} does not overwrite what its buffer contains"
        loss.predict(z, z)
        if not np.array_equal(z, written[0][2]):
            yield f"{case}: predict gives other outputs where out is z itself"


@rule("value", "return the mean over the rows from both methods; add a constant where it may be negative", basic=True)
def value(subject: Subject) -> Violations:
    """`value` agrees with `value_and_gradient`; E is not negative, and the mean of its parts, weighted by their rows."""
    for case in cases_of(subject.instance):
        z, y = _z(case), case.targets(_ROWS)
        one, other = case.loss.value(z, y), case.loss.value_and_gradient(z, y, np.empty_like(z))
        if one < 0.0:
            yield f"{case}: E is {one:.6g}; targets and the rule of divergence are multiples of losses, which are not negative"
        if not np.isclose(one, other, rtol=1e-12):
            yield f"{case}: value returns {one:.6g}, value_and_gradient {other:.6g}"
        parts = (5 * case.loss.value(z[:5], y[:5]) + 7 * case.loss.value(z[5:], y[5:])) / _ROWS
        if not np.isclose(one, parts, rtol=1e-10):
            yield f"{case}: E of {_ROWS} rows is {one:.6g}, the mean of its parts {parts:.6g}"


@rule("gradient", "derive dE/dz again; E is a mean, so that it is divided by the number of rows")
def gradient(subject: Subject) -> Violations:
    """`value_and_gradient` writes the derivative of E: finite differences in float64 agree, for each number of z."""
    for case in cases_of(subject.instance):
        z, y = _z(case), case.targets(_ROWS)
        dz = np.empty_like(z)
        case.loss.value_and_gradient(z, y, dz)
        for place in np.ndindex(*z.shape):
            step = np.zeros_like(z)
            step[place] = 1e-4
            slope = (case.loss.value(z + step, y) - case.loss.value(z - step, y)) / 2e-4
            if not abs(slope - dz[place]) <= 1e-6 * max(1.0, float(np.abs(dz).max())):
                yield f"{case}: dE/dz at {place} is {dz[place]:.6g}, finite differences give {slope:.6g}"


@rule(
    "second derivative",
    "derive dE/dz along rz once more; for outputs that do not interact it is the second derivative times rz",
    after=("gradient",),
)
def second_derivative(subject: Subject) -> Violations:
    """`second` writes the derivative of dE/dz along `rz`: finite differences of the gradient agree."""
    for case in cases_of(subject.instance):
        z, y = _z(case), case.targets(_ROWS)
        rz, out, near, far = _direction(z), np.empty_like(z), np.empty_like(z), np.empty_like(z)
        case.loss.second(z, y, rz, out)
        case.loss.value_and_gradient(z + 1e-5 * rz, y, near)
        case.loss.value_and_gradient(z - 1e-5 * rz, y, far)
        error = float(np.abs((near - far) / 2e-5 - out).max())
        if not error <= 1e-5 * max(float(np.abs(out).max()), 1e-2):
            yield f"{case}: it differs by {error:.2g} from finite differences of the gradient"


@rule(
    "quality",
    "return a finite number that is at most 1 and higher for better predictions; worst is that of a constant prediction",
    after=("gradient",),
)
def quality(subject: Subject) -> Violations:
    """Quality is finite and at most 1; that of the best predictions is not below `worst`, which is finite."""
    for case in cases_of(subject.instance):
        y = case.targets(_ROWS)
        worst, best = case.loss.worst(y), max(case.loss.quality(z, y) for z in _fitted(case, y))
        for name, number in {"worst": worst, "quality": best, "quality of random predictions": _quality(case, y)}.items():
            if not -np.inf < number <= 1.0:
                yield f"{case}: {name} is {number}"
        if best < worst:
            yield f"{case}: after descent to the targets quality is {best:.3g}, below worst, {worst:.3g}"


@rule("sampled labels", "draw from rng alone, from the distribution whose negative log-likelihood is E")
def sampled_labels(subject: Subject) -> Violations:
    """Labels have z's shape and type and depend on rng alone; at them the mean of dE/dz is 0 (Bartlett's identity)."""
    for dtype, case in itertools.product(DTYPES, cases_of(subject.instance)):
        z = _z(case, dtype)
        one, other = (case.loss.sample_labels(z, stream(3, "noise")) for _ in range(2))
        if one.shape != z.shape or one.dtype != dtype:
            yield f"{case}: sample_labels returns {one.dtype.name} of shape {one.shape}; it must be {dtype}, {z.shape}"
        elif not np.array_equal(one, other):
            yield f"{case}: generators in the same state give different labels"
        elif dtype == "float64":
            yield from _unbiased(case, z[0])


def _unbiased(case: Case, z: Array) -> Violations:
    """The gradient on many rows of one z, at labels that are drawn for them: its mean is 0 up to the error of the mean."""
    many = np.tile(z, (_DRAWS, 1))
    dz = np.empty_like(many)
    case.loss.value_and_gradient(many, case.loss.sample_labels(many, stream(4, "noise")), dz)
    dz *= _DRAWS
    mean, deviation = dz.mean(axis=0), dz.std(axis=0)
    worst = int(np.argmax(np.abs(mean) - 5.0 * deviation / np.sqrt(_DRAWS)))
    if not abs(mean[worst]) <= 5.0 * deviation[worst] / np.sqrt(_DRAWS) + 1e-12:
        yield f"{case}: at labels drawn from the prediction the mean of dE/dz is {mean[worst]:.3g} in output {worst + 1}, not 0"


@rule("extreme outputs", "subtract the maximum before exp, and use log1p, so that neither overflows nor is log(0) computed")
def extreme_outputs(subject: Subject) -> Violations:
    """Nothing is NaN where z is 0, 10^4 or -10^4."""
    for dtype, case in itertools.product(DTYPES, cases_of(subject.instance)):
        y = case.targets(_ROWS, dtype)
        for size in (0.0, _FAR, -_FAR):
            z = np.full((_ROWS, case.outputs), size, dtype)
            z[::2, 0] = -size  # the outputs of a row differ
            dz, second, outputs = (np.empty_like(z) for _ in range(3))
            case.loss.value_and_gradient(z, y, dz)
            case.loss.second(z, y, np.ones_like(z), second)
            case.loss.predict(z, outputs)
            results: dict[str, Any] = {"value": case.loss.value(z, y), "dE/dz": dz, "second": second, "predict": outputs}
            results["quality"] = case.loss.quality(z, y)
            for name, result in results.items():
                if np.isnan(result).any():
                    yield f"{case}, {dtype}: {name} is NaN where z is {size:g} or {-size:g}"


BASIC = (tasks, targets, arguments, value)
RULES = (gradient, second_derivative, quality, sampled_labels, extreme_outputs)


def _z(case: Case, dtype: str = "float64") -> Array:
    return stream(5, "init").standard_normal((_ROWS, case.outputs)).astype(dtype)


def _direction(z: Array) -> Array:
    return stream(5, "noise").standard_normal(z.shape).astype(z.dtype)


def _quality(case: Case, y: Array) -> float:
    return case.loss.quality(_z(case), y)


def _fitted(case: Case, y: Array) -> Iterator[Array]:
    """Some z along a descent of E from 0: how the best prediction looks depends on the loss."""
    z, dz = np.zeros_like(y), np.empty_like(y)
    for step in range(1, 201):
        case.loss.value_and_gradient(z, y, dz)
        z -= 0.5 * len(y) * dz
        if step % 50 == 0:
            yield z
