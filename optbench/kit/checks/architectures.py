"""What an architecture promises."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from optbench.core.contracts import Model
from optbench.core.numerics import Array, Layout, Vector
from optbench.core.seeding import stream
from optbench.kit.checks.optimizers import CAPABILITIES, traced_peak
from optbench.kit.problems import DTYPES, batch, start
from optbench.kit.rules import Subject, Violations, rule

_PROVIDED = CAPABILITIES | {"operator"}
_INPUTS, _ROWS = 9, 12
_FEW = 12  # weights of a layer along which the gradient is checked
_WIDE = 16_385  # so many inputs that even one layer's weights stand out


def digest(architecture: Any) -> str:
    """Return the SHA-256 of initial weights, and of loss, gradient and outputs there, in both types."""
    total = hashlib.sha256()
    for dtype in DTYPES:
        model = _bound(architecture, dtype)
        x, y = batch(_ROWS, _INPUTS, dtype)
        loss = model.loss_and_grad(x, y)
        for array in (model.w, np.float64(loss), model.g, model.outputs(), model.predict(x[:5])):
            total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()


@rule("declarations", 'provides is a frozenset of none, one or both of "hvp" and "operator"; with "hvp" the model has hvp')
def declarations(subject: Subject) -> Violations:
    """What it says that it provides, it does provide."""
    provides = subject.thing.provides
    if not (isinstance(provides, frozenset) and provides <= _PROVIDED):
        yield f"provides is {provides!r}"
    has = hasattr(_bound(subject.thing, "float64"), "hvp")
    if has != ("hvp" in provides):
        yield f"its model has {'an' if has else 'no'} hvp, its provides is {provides!r}"


@rule("layout", "return Layout({name: shape, ...}) that follows from the number of inputs and the hyper-parameters alone")
def layout(subject: Subject) -> Violations:
    """`layout` takes any number of inputs, and returns the same layers each time."""
    for inputs in (2, _INPUTS, 2049):
        one, other = subject.thing.layout(inputs), subject.thing.layout(inputs)
        if not isinstance(one, Layout) or one.size < 1:
            yield f"layout({inputs}) is {one!r}"
        elif list(one.shapes.items()) != list(other.shapes.items()):
            yield f"layout({inputs}) differs from call to call"


@rule("initial weights", "return a new float64 vector of layout.size numbers, drawn from rng")
def initial_weights(subject: Subject) -> Violations:
    """`initial` returns (P,) finite numbers of float64, which follow from the generator."""
    found = subject.thing.layout(_INPUTS)
    one, other = (subject.thing.initial(found, stream(3, "init")) for _ in range(2))
    if one.shape != (found.size,) or one.dtype != np.float64:
        yield f"initial returns {one.dtype.name} of shape {one.shape}; it must be float64, ({found.size},)"
    elif not np.isfinite(one).all():
        yield "initial weights are not finite"
    elif one.tobytes() != other.tobytes():
        yield "generators in the same state give other weights"


@rule("shapes and types", "allocate w, g and the workspace in bind, as np.zeros(layout.size, dtype) and the like")
def shapes_and_types(subject: Subject) -> Violations:
    """Weights and gradient are a contiguous vector each, of the asked type, as are outputs; a model shares nothing."""
    for dtype in DTYPES:
        model, other = _bound(subject.thing, dtype), _bound(subject.thing, dtype)
        x, y = batch(_ROWS, _INPUTS, dtype)
        loss = model.loss_and_grad(x, y)
        arrays = {"w": model.w, "g": model.g, "outputs()": model.outputs().copy(), "predict(x)": model.predict(x)}
        for name, array in arrays.items():
            size = model.layout.size if name in ("w", "g") else _ROWS
            if array.shape != (size,) or array.dtype != dtype:
                yield f"{name} is {array.dtype.name} of shape {array.shape}; it must be {dtype}, ({size},)"
        if not (model.w.flags.c_contiguous and model.g.flags.c_contiguous):
            yield "w or g is not contiguous"
        if np.shares_memory(model.w, other.w) or np.shares_memory(model.g, other.g):
            yield "two models share their weights or gradients"
        if not isinstance(loss, float) or isinstance(loss, np.floating):
            yield f"loss_and_grad returns {type(loss).__name__}; it must be a Python float"


@rule("in place", "write the gradient into g (out=model.g's views), and leave w, x and y as they are")
def in_place(subject: Subject) -> Violations:
    """`loss_and_grad` and `predict` leave weights, inputs and labels alone; the gradient lands in the same array each time."""
    model = _bound(subject.thing, "float64")
    x, y = batch(_ROWS, _INPUTS, "float64")
    w, g, before = model.w, model.g, [model.w.copy(), x.copy(), y.copy()]
    model.loss_and_grad(x, y)
    gradient = model.g.copy()
    model.predict(x[:3], w * 2.0)
    if model.w is not w or model.g is not g:
        yield "w or g is another array afterwards"
    if not all(np.array_equal(one, other) for one, other in zip(before, (w, x, y), strict=True)):
        yield "w, x or y has been changed"
    if not np.array_equal(model.g, gradient):
        yield "predict changes the gradient"


@rule("gradient", "derive backpropagation again: g is the gradient of half the mean squared error, in the order of the layout")
def gradient(subject: Subject) -> Violations:
    """The gradient is that of half the mean squared error: finite differences in float64, along each weight and at random."""
    model = _bound(subject.thing, "float64")
    x, y = batch(_ROWS, _INPUTS, "float64")
    model.loss_and_grad(x, y)
    g = model.g.copy()
    directions = [*_single_weights(model.layout), *stream(4, "noise").standard_normal((6, model.w.size))]
    if not np.any(g):
        yield "it is 0 everywhere, at weights that were drawn at random"
    scale = float(np.linalg.norm(g)) / np.sqrt(model.w.size)
    for unscaled in directions:
        direction = unscaled / np.linalg.norm(unscaled)
        found = float(g @ direction)
        slopes = [_slope(lambda w: 0.5 * _mean_square(model, x, y, w), model.w, direction, h) for h in (1e-3, 1e-4, 1e-5)]
        nearest = min(slopes, key=lambda slope: abs(slope - found))  # a kink may lie within one of the distances
        if not abs(nearest - found) <= 1e-5 * max(abs(found), scale) + 1e-10:  # so that NaN is a violation, here and below
            yield f"{_where(model.layout, direction)} it is {found:.6g}, finite differences give {nearest:.6g}"


@rule("loss and predict agree", "compute the loss from the outputs that predict would return")
def loss_and_predict_agree(subject: Subject) -> Violations:
    """The loss is the mean squared error of what `predict` and `outputs` return, at the model's weights and at others."""
    model = _bound(subject.thing, "float64")
    x, y = batch(_ROWS, _INPUTS, "float64")
    for w in (model.w.copy(), 0.5 * model.w):
        predicted = model.predict(x, w).copy()
        model.w[:] = w
        loss = model.loss_and_grad(x, y)
        if not np.allclose(model.outputs(), predicted, rtol=1e-10, atol=1e-12):
            yield "outputs() after loss_and_grad and predict(x, w) differ"
        if not np.allclose(model.predict(x), predicted, rtol=1e-10, atol=1e-12):
            yield "predict(x) at the model's weights and predict(x, w) differ"
        expected = float(np.mean((predicted - y) ** 2))
        if not abs(loss - expected) <= 1e-10 * max(1.0, expected):
            yield f"loss_and_grad returns {loss:.6g}, predict's outputs have a mean squared error of {expected:.6g}"


@rule("operator", "let predict take x.shape and x @ matrix alone, or leave the word in provides out")
def predicts_from_an_operator(subject: Subject) -> Violations:
    """Where it provides "operator": `predict` is the same for rows that are kept as something other than an array."""
    if "operator" not in subject.thing.provides:
        return
    model: Any = _bound(subject.thing, "float64")
    x, _ = batch(_ROWS, _INPUTS, "float64")
    expected = model.predict(x).copy()
    try:
        found = model.predict(_Product(x))
    except (AttributeError, TypeError, ValueError) as error:
        yield f"predict raises {type(error).__name__}: {error}"
        return
    if not np.allclose(found, expected, rtol=1e-10, atol=1e-12):
        yield "predict returns other outputs for the same rows as an operator"


class _Product:
    """Rows that can only be multiplied."""

    def __init__(self, x: Array) -> None:
        self._x = x
        self.shape = x.shape

    def __matmul__(self, other: Array) -> Array:
        found: Array = self._x @ other
        return found


@rule("batches of any size", "keep a workspace for each number of rows, or take a part of the largest")
def batches_of_any_size(subject: Subject) -> Violations:
    """The gradient of a batch is the mean of those of its parts, of whatever sizes and in whatever order."""
    model = _bound(subject.thing, "float64")
    x, y = batch(_ROWS, _INPUTS, "float64")
    parts, losses = np.zeros(model.w.size), 0.0
    for rows in (slice(0, 1), slice(6, _ROWS), slice(1, 6)):
        size = len(y[rows])
        losses += model.loss_and_grad(x[rows], y[rows]) * size
        parts += model.g * size
    loss = model.loss_and_grad(x, y)
    if not np.allclose(parts / _ROWS, model.g, rtol=1e-8, atol=1e-12) or not np.isclose(losses / _ROWS, loss, rtol=1e-10):
        yield "parts of 1, 6 and 5 rows do not add up to the whole of 12"


@rule("no allocation", "allocate the workspace for a number of rows once, and write with out=")
def no_allocation(subject: Subject) -> Violations:
    """Once it has seen a number of rows, nothing of the order of the weights or of the batch is allocated."""
    model = _bound(subject.thing, "float32", _WIDE)
    x, y = batch(32, _WIDE, "float32")
    model.loss_and_grad(x, y)
    model.predict(x)
    peak = traced_peak(lambda: (model.loss_and_grad(x, y), model.predict(x)))
    if peak >= min(model.w.nbytes, x.nbytes) / 4:
        yield f"a gradient on {_WIDE} inputs allocates {peak / 1e3:.0f} kB at once"


@rule("Hessian-vector product", "derive it again (Pearlmutter 1994), or leave hvp and the word in provides out")
def hessian_vector_product(subject: Subject) -> Violations:
    """Where there is `hvp`: it is the derivative of the gradient along v, and leaves gradient and weights alone."""
    model: Any = _bound(subject.thing, "float64")
    if "hvp" not in subject.thing.provides:
        return
    x, y = batch(_ROWS, _INPUTS, "float64")
    v, out = stream(5, "noise").standard_normal(model.w.size), np.empty_like(model.w)
    v /= np.linalg.norm(v)
    model.loss_and_grad(x, y)
    before = [model.g.copy(), model.outputs().copy(), model.w.copy(), v.copy()]
    model.hvp(x, y, v, out)
    if not all(np.array_equal(one, other) for one, other in zip(before, (model.g, model.outputs(), model.w, v), strict=True)):
        yield "it changes the gradient, the outputs, the weights or v"

    def along(w: Vector) -> Array:
        model.w[:] = w
        model.loss_and_grad(x, y)
        found: Array = model.g.copy()
        return found

    at = model.w.copy()
    errors = [np.abs((along(at + h * v) - along(at - h * v)) / (2 * h) - out).max() for h in (1e-4, 1e-5, 1e-6)]
    if not min(errors) <= 1e-5 * max(float(np.abs(out).max()), 1e-5):
        yield f"it is off by {min(errors):.2g} from finite differences of the gradient"


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


def _bound(architecture: Any, dtype: str, inputs: int = _INPUTS) -> Model:
    """A model at its initial weights, moved a little: where all of them are 0, a gradient may be so rightly."""
    found = architecture.layout(inputs)
    model: Model = architecture.bind(found, dtype)
    model.w[:] = architecture.initial(found, stream(3, "init")) + 0.1 * start(found, np.float64)
    return model


def _mean_square(model: Model, x: Array, y: Vector, w: Vector) -> float:
    return float(np.mean((model.predict(x, w) - y) ** 2))


def _slope(f: Callable[[Vector], float], w: Vector, direction: Vector, h: float) -> float:
    """The derivative of `f` along a direction, to the fourth order."""
    near, far = (f(w + step * direction) - f(w - step * direction) for step in (h, 2 * h))
    return (8 * near - far) / (12 * h)


def _single_weights(layout: Layout) -> Iterator[Vector]:
    """Directions along single weights: all of a small layer, some of a large one."""
    for view in layout.views(np.arange(float(layout.size))).values():
        numbers = view.reshape(-1)
        for i in numbers[:: max(1, numbers.size // _FEW)]:
            direction = np.zeros(layout.size)
            direction[int(i)] = 1.0
            yield direction


def _where(layout: Layout, direction: Vector) -> str:
    """Name the weight that a direction is along, or say that it is along none."""
    if np.count_nonzero(direction) > 1:
        return "along a random direction"
    for name, view in layout.views(direction).items():
        if view.any():
            return f"along {name}[{', '.join(str(int(i[0])) for i in np.nonzero(view))}]"
    raise AssertionError
