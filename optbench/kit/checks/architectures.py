"""The rules of architectures; those of their derivatives are in `derivatives`."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from optbench.core.numerics import Array, Layout
from optbench.core.seeding import stream
from optbench.kit.checks.derivatives import gradient, hessian_vector_product
from optbench.kit.checks.models import INPUTS, ROWS, equal, model_and_batch, model_of
from optbench.kit.checks.optimizers import CAPABILITIES, traced_peak
from optbench.kit.problems import DTYPES, batch
from optbench.kit.rules import Subject, Violations, rule

_PROVIDED = CAPABILITIES | {"operator"}
_WIDE = 16_385  # inputs, so many that the weights of one layer stand out among all allocations


def digest(architecture: Any) -> str:
    """Return the SHA-256 of initial weights, and of loss, gradient and outputs there, in both dtypes."""
    total = hashlib.sha256()
    for dtype in DTYPES:
        model, x, y = model_and_batch(architecture, dtype)
        loss = model.loss_and_grad(x, y)
        for array in (model.w, np.float64(loss), model.g, model.outputs(), model.predict(x[:5])):
            total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()


@rule("declarations", 'provides is a frozenset with none, one or both of "hvp" and "operator"; with "hvp" the model has hvp')
def declarations(subject: Subject) -> Violations:
    """It provides what it declares."""
    provides = subject.instance.provides
    if not (isinstance(provides, frozenset) and provides <= _PROVIDED):
        yield f"provides is {provides!r}"
    has = hasattr(model_of(subject.instance), "hvp")
    if has != ("hvp" in provides):
        yield f"its model has {'an' if has else 'no'} hvp, but provides is {provides!r}"


@rule("layout", "return Layout({name: shape, ...}) computed from the number of inputs and the hyper-parameters alone")
def layout(subject: Subject) -> Violations:
    """`layout` accepts any number of inputs and returns the same layers each time."""
    for inputs in (2, INPUTS, 2049):
        one, other = subject.instance.layout(inputs), subject.instance.layout(inputs)
        if not isinstance(one, Layout) or one.size < 1:
            yield f"layout({inputs}) is {one!r}"
        elif list(one.shapes.items()) != list(other.shapes.items()):
            yield f"layout({inputs}) differs from call to call"


@rule("initial weights", "return a new float64 vector of layout.size numbers drawn from rng")
def initial_weights(subject: Subject) -> Violations:
    """`initial` returns finite float64 weights of shape (P,) that are determined by the generator's state."""
    layers = subject.instance.layout(INPUTS)
    one, other = (subject.instance.initial(layers, stream(3, "init")) for _ in range(2))
    if one.shape != (layers.size,) or one.dtype != np.float64:
        yield f"initial returns {one.dtype.name} of shape {one.shape}; it must be float64, ({layers.size},)"
    elif not np.isfinite(one).all():
        yield "initial weights are not finite"
    elif one.tobytes() != other.tobytes():
        yield "generators in the same state give different weights"


@rule("shapes and types", "allocate w, g and the workspace in bind, such as np.zeros(layout.size, dtype)")
def shapes_and_types(subject: Subject) -> Violations:
    """Weights, gradient and outputs are contiguous vectors of the dtype asked for; two models share no memory."""
    for dtype in DTYPES:
        model, x, y = model_and_batch(subject.instance, dtype)
        other = model_of(subject.instance, dtype)
        loss = model.loss_and_grad(x, y)
        arrays = {"w": model.w, "g": model.g, "outputs()": model.outputs().copy(), "predict(x)": model.predict(x)}
        for name, array in arrays.items():
            size = model.layout.size if name in ("w", "g") else ROWS
            if array.shape != (size,) or array.dtype != dtype:
                yield f"{name} is {array.dtype.name} of shape {array.shape}; it must be {dtype}, ({size},)"
        if not (model.w.flags.c_contiguous and model.g.flags.c_contiguous):
            yield "w or g is not contiguous"
        if np.shares_memory(model.w, other.w) or np.shares_memory(model.g, other.g):
            yield "two models share their weights or gradients"
        if not isinstance(loss, float) or isinstance(loss, np.floating):
            yield f"loss_and_grad returns {type(loss).__name__}; it must be a Python float"


@rule("in place", "write the gradient into g (out= a view of model.g), and do not change w, x or y")
def in_place(subject: Subject) -> Violations:
    """`loss_and_grad` and `predict` do not change weights, inputs or labels; the gradient is written into the same array."""
    model, x, y = model_and_batch(subject.instance)
    w, g, before = model.w, model.g, [model.w.copy(), x.copy(), y.copy()]
    model.loss_and_grad(x, y)
    after = model.g.copy()
    model.predict(x[:3], w * 2.0)
    if model.w is not w or model.g is not g:
        yield "w or g is another array afterwards"
    if not equal(before, (w, x, y)):
        yield "w, x or y has been changed"
    if not np.array_equal(model.g, after):
        yield "predict changes the gradient"


@rule("loss and predict agree", "compute the loss from the outputs that predict returns")
def loss_and_predict_agree(subject: Subject) -> Violations:
    """The loss is the mean squared error of what `predict` and `outputs` return, at the model's weights and at others."""
    model, x, y = model_and_batch(subject.instance)
    for w in (model.w.copy(), 0.5 * model.w):
        predicted = model.predict(x, w).copy()
        model.w[:] = w
        loss = model.loss_and_grad(x, y)
        if not _close(model.outputs(), predicted):
            yield "outputs() after loss_and_grad and predict(x, w) differ"
        if not _close(model.predict(x), predicted):
            yield "predict(x) at the model's weights and predict(x, w) differ"
        expected = float(np.mean((predicted - y) ** 2))
        if not abs(loss - expected) <= 1e-10 * max(1.0, expected):
            yield f"loss_and_grad returns {loss:.6g}, but the mean squared error of predict's outputs is {expected:.6g}"


@rule("operator", 'use only x.shape and x @ matrix in predict, or remove "operator" from provides')
def predicts_from_an_operator(subject: Subject) -> Violations:
    """If it provides "operator": `predict` returns the same for rows that are not an array but can be multiplied."""
    if "operator" not in subject.instance.provides:
        return
    model, x, _ = model_and_batch(subject.instance)
    expected = model.predict(x).copy()
    try:
        outputs = model.predict(_Product(x))
    except (AttributeError, TypeError, ValueError) as error:
        yield f"predict raises {type(error).__name__}: {error}"
        return
    if not _close(outputs, expected):
        yield "predict returns other outputs for the same rows as an operator"


class _Product:
    """Rows that can only be multiplied."""

    def __init__(self, x: Array) -> None:
        self._x = x
        self.shape = x.shape

    def __matmul__(self, other: Array) -> Array:
        product: Array = self._x @ other
        return product


@rule("batches of any size", "keep one workspace per number of rows, or use a part of the largest")
def batches_of_any_size(subject: Subject) -> Violations:
    """The gradient of a batch is the mean of those of its parts, whatever their sizes and order."""
    model, x, y = model_and_batch(subject.instance)
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
    model.predict(x)
    peak = traced_peak(lambda: (model.loss_and_grad(x, y), model.predict(x)))
    if peak >= min(model.w.nbytes, x.nbytes) / 4:
        yield f"a gradient on {_WIDE} inputs allocates {peak / 1e3:.0f} kB at once"


RULES = (
    declarations,
    layout,
    initial_weights,
    shapes_and_types,
    in_place,
    gradient,
    loss_and_predict_agree,
    predicts_from_an_operator,
    batches_of_any_size,
    no_allocation,
    hessian_vector_product,
)


def _close(one: Array, other: Array) -> bool:
    return np.allclose(one, other, rtol=1e-10, atol=1e-12)
