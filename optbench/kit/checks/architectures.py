"""The rules of architectures; those of their derivatives are in `derivatives`."""

from __future__ import annotations

import hashlib
import itertools
from typing import Any

import numpy as np

from optbench.core.numerics import Array, Layout
from optbench.core.seeding import stream
from optbench.kit.checks.derivatives import gradient, hessian_vector_product
from optbench.kit.checks.models import INPUTS, ROWS, Case, cases, equal, model_and_batch, model_of
from optbench.kit.checks.optimizers import CAPABILITIES, traced_peak
from optbench.kit.checks.signatures import mismatch
from optbench.kit.problems import DTYPES, batch
from optbench.kit.rules import Subject, Violations, one_line, rule

_PROVIDED = CAPABILITIES | {"operator"}
_CALLED = {"loss_and_grad": ("x", "y"), "forward": ("x", "w")}
_WIDE = 16_385  # inputs, so many that the weights of one layer stand out among all allocations


def digest(architecture: Any) -> str:
    """Return the SHA-256 of initial weights, and of loss, gradient and z there, in both dtypes and for each built-in loss."""
    total = hashlib.sha256()
    for dtype, case in itertools.product(DTYPES, cases()):
        model, x, y = model_and_batch(architecture, dtype, case)
        loss = model.loss_and_grad(x, y)
        for array in (model.w, np.float64(loss), model.g, model.z, model.forward(x[:5])):
            total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()


@rule(
    "declarations",
    'provides is a frozenset with none, one or both of "hvp" and "operator"; with "hvp" the model has hvp',
    basic=True,
)
def declarations(subject: Subject) -> Violations:
    """It provides what it declares."""
    provides = subject.instance.provides
    if not (isinstance(provides, frozenset) and provides <= _PROVIDED):
        yield f"provides is {provides!r}"


@rule(
    "layout",
    "return Layout({name: shape, ...}) computed from the numbers of inputs and outputs and the hyper-parameters alone",
    basic=True,
)
def layout(subject: Subject) -> Violations:
    """`layout` accepts any number of inputs and outputs and returns the same layers each time."""
    for sizes in ((2, 1), (INPUTS, 3), (2049, 1)):
        one, other = subject.instance.layout(*sizes), subject.instance.layout(*sizes)
        if not isinstance(one, Layout) or one.size < 1:
            yield f"layout{sizes} is {one!r}"
        elif list(one.shapes.items()) != list(other.shapes.items()):
            yield f"layout{sizes} differs from call to call"


@rule("initial weights", "return a new float64 vector of layout.size numbers drawn from rng", basic=True)
def initial_weights(subject: Subject) -> Violations:
    """`initial` returns finite float64 weights of shape (P,) that are determined by the generator's state."""
    layers = subject.instance.layout(INPUTS, 1)
    one, other = (subject.instance.initial(layers, stream(3, "init")) for _ in range(2))
    if one.shape != (layers.size,) or one.dtype != np.float64:
        yield f"initial returns {one.dtype.name} of shape {one.shape}; it must be float64, ({layers.size},)"
    elif not np.isfinite(one).all():
        yield "initial weights are not finite"
    elif one.tobytes() != other.tobytes():
        yield "generators in the same state give different weights"


@rule(
    "model",
    "return an object with w, g, z, layout, loss_and_grad(x, y), forward(x, w=None) from bind, and hvp(x, y, v, out) if the "
    "class provides it",
    basic=True,
)
def bound(subject: Subject) -> Violations:
    """`bind` returns a model that has what the contract says, and computes a loss with each built-in loss component."""
    for case in cases():
        layers = subject.instance.layout(INPUTS, case.outputs)
        model = subject.instance.bind(layers, case.loss, "float64")
        missing = [name for name in ("w", "g", "layout", *_CALLED) if not hasattr(model, name)]
        if missing:
            yield f"{type(model).__name__} has no {', '.join(missing)}"
            return
        wrong = [text for name, arguments in _CALLED.items() for text in mismatch(name, getattr(model, name), arguments)]
        has, provides = hasattr(model, "hvp"), subject.instance.provides
        if has != ("hvp" in provides):
            wrong.append(f"its model has {'an' if has else 'no'} hvp, but provides is {provides!r}")
        elif has:
            wrong += mismatch("hvp", model.hvp, ("x", "y", "v", "out"))
        if wrong:
            yield from wrong
            return
        yield from _computes(case, *model_and_batch(subject.instance, case=case))


def _computes(case: Case, model: Any, x: Array, y: Array) -> Violations:
    try:
        model.forward(x)
        model.loss_and_grad(x, y)
        if getattr(model, "z", None) is None:
            yield f"{type(model).__name__} has no z after loss_and_grad"
    except Exception as error:  # noqa: BLE001  # third-party code may raise anything
        yield f"with {case} it raises {one_line(error)}"


@rule("starting point", "draw weights that differ, such as rng.standard_normal(layout.size) * 0.1", basic=True)
def starting_point(subject: Subject) -> Violations:
    """Optimizers can leave the initial weights: where all are 0, the gradient of no layer is."""
    layers = subject.instance.layout(INPUTS, 1)
    initial = subject.instance.initial(layers, stream(3, "init"))
    if initial.any():
        return
    model, x, y = model_and_batch(subject.instance)
    model.w[:] = initial
    model.loss_and_grad(x, y)
    still = [name for name, layer in layers.views(model.g).items() if not layer.any()]
    if still:
        yield f"all initial weights are 0, and so is the gradient of {', '.join(still)}"


@rule("shapes and types", "allocate w, g and the workspace in bind, such as np.zeros(layout.size, dtype)", basic=True)
def shapes_and_types(subject: Subject) -> Violations:
    """Weights and gradient are contiguous vectors, z a matrix, all of the dtype asked for; two models share no memory."""
    for dtype, case in itertools.product(DTYPES, cases()):
        model, x, y = model_and_batch(subject.instance, dtype, case)
        other = model_of(subject.instance, dtype, case=case)
        loss = model.loss_and_grad(x, y)
        arrays = {"w": model.w, "g": model.g, "z": model.z.copy(), "forward(x)": model.forward(x)}
        for name, array in arrays.items():
            shape = (model.layout.size,) if name in ("w", "g") else (ROWS, case.outputs)
            if array.shape != shape or array.dtype != dtype:
                yield f"{case}: {name} is {array.dtype.name} of shape {array.shape}; it must be {dtype}, {shape}"
        if not (model.w.flags.c_contiguous and model.g.flags.c_contiguous):
            yield "w or g is not contiguous"
        if np.shares_memory(model.w, other.w) or np.shares_memory(model.g, other.g):
            yield "two models share their weights or gradients"
        if not isinstance(loss, float) or isinstance(loss, np.floating):
            yield f"loss_and_grad returns {type(loss).__name__}; it must be a Python float"


@rule("in place", "write the gradient into g (out= a view of model.g), and do not change w, x or y", basic=True)
def in_place(subject: Subject) -> Violations:
    """`loss_and_grad` and `forward` do not change weights, inputs or targets; the gradient is written into the same array."""
    for case in cases():
        model, x, y = model_and_batch(subject.instance, case=case)
        w, g, before = model.w, model.g, [model.w.copy(), x.copy(), y.copy()]
        model.loss_and_grad(x, y)
        after, z = model.g.copy(), model.z.copy()
        model.forward(x[:3], w * 2.0)
        model.forward(x, w * 2.0)
        if model.w is not w or model.g is not g:
            yield "w or g is another array afterwards"
        if not equal(before, (w, x, y)):
            yield "w, x or y has been changed"
        if not np.array_equal(model.g, after, equal_nan=True):
            yield "forward changes the gradient"
        if not np.array_equal(model.z, z, equal_nan=True):
            yield "forward overwrites z: give it another buffer than loss_and_grad"


@rule(
    "loss and forward agree",
    "return the loss component's E of the z that forward returns: z ends before the last activation",
    basic=True,
)
def loss_and_forward_agree(subject: Subject) -> Violations:
    """The loss is that of what `forward` returns and of `z`, for each built-in loss, at the model's weights and at others."""
    for case in cases():
        model, x, y = model_and_batch(subject.instance, case=case)
        for w in (model.w.copy(), 0.5 * model.w):
            z = model.forward(x, w).copy()
            model.w[:] = w
            loss = model.loss_and_grad(x, y)
            if not _close(model.z, z):
                yield f"{case}: z after loss_and_grad and forward(x, w) differ"
            if not _close(model.forward(x), z):
                yield f"{case}: forward(x) at the model's weights and forward(x, w) differ"
            expected = case.loss.value(z, y)
            if not abs(loss - expected) <= 1e-10 * max(1.0, expected):
                yield f"{case}: loss_and_grad returns {loss:.6g}, but the loss of forward's z is {expected:.6g}"


@rule("operator", 'use only x.shape and x @ matrix in forward, or remove "operator" from provides')
def forwards_an_operator(subject: Subject) -> Violations:
    """If it provides "operator": `forward` returns the same for rows that are not an array but can be multiplied."""
    if "operator" not in subject.instance.provides:
        return
    model, x, _ = model_and_batch(subject.instance)
    expected = model.forward(x).copy()
    try:
        z = model.forward(_Product(x))
    except (AttributeError, TypeError, ValueError) as error:
        yield f"forward raises {type(error).__name__}: {error}"
        return
    if not _close(z, expected):
        yield "forward returns another z for the same rows as an operator"


class _Product:
    """Rows that can only be multiplied."""

    def __init__(self, x: Array) -> None:
        self._x = x
        self.shape = x.shape

    def __matmul__(self, other: Array) -> Array:
        product: Array = self._x @ other
        return product


@rule("batches of any size", "keep one workspace per number of rows, or use a part of the largest", after=("gradient",))
def batches_of_any_size(subject: Subject) -> Violations:
    """The gradient of a batch is the mean of those of its parts, whatever their sizes and order."""
    model, x, y = model_and_batch(subject.instance, case=cases()[-1])
    gradients, losses = np.zeros(model.w.size), 0.0
    for rows in (slice(0, 1), slice(6, ROWS), slice(1, 6)):
        size = len(y[rows])
        losses += model.loss_and_grad(x[rows], y[rows]) * size
        gradients += model.g * size
    loss = model.loss_and_grad(x, y)
    if not np.allclose(gradients / ROWS, model.g, rtol=1e-8, atol=1e-12) or not np.isclose(losses / ROWS, loss, rtol=1e-10):
        yield "parts of 1, 6 and 5 rows do not add up to the whole of 12"


@rule("no allocation", "allocate the workspace once per number of rows, and write with out=")
def no_allocation(subject: Subject) -> Violations:
    """After the first batch of a size, nothing of the order of the weights or of the batch is allocated."""
    model = model_of(subject.instance, "float32", _WIDE)
    x, y = batch(32, _WIDE, "float32")
    model.loss_and_grad(x, y)
    model.forward(x)
    peak = traced_peak(lambda: (model.loss_and_grad(x, y), model.forward(x)))
    if peak >= min(model.w.nbytes, x.nbytes) / 4:
        yield f"a gradient on {_WIDE} inputs allocates {peak / 1e3:.0f} kB at once"


BASIC = (declarations, layout, initial_weights, bound, starting_point, shapes_and_types, in_place, loss_and_forward_agree)
RULES = (gradient, forwards_an_operator, batches_of_any_size, no_allocation, hessian_vector_product)


def _close(one: Array, other: Array) -> bool:
    return np.allclose(one, other, rtol=1e-10, atol=1e-12)
