"""The gradients and Hessian-vector products of an architecture, against finite differences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from optbench.core.numerics import Array, Layout, Vector
from optbench.core.seeding import stream
from optbench.kit.checks.models import Case, cases, equal, model_and_batch
from optbench.kit.rules import Subject, Violations, rule

_FEW = 12  # weights of a layer along which the gradient is checked


@rule("gradient", "check backpropagation: it starts at the loss's dE/dz, and g is in the order of the layout")
def gradient(subject: Subject) -> Violations:
    """The gradient is that of each built-in loss: finite differences in float64 agree, along weights and at random."""
    for case in cases():
        yield from _gradient(subject.instance, case)


def _gradient(architecture: Any, case: Case) -> Violations:
    model, x, y = model_and_batch(architecture, case=case)
    model.loss_and_grad(x, y)
    g = model.g.copy()
    if not np.any(g):
        yield f"{case}: it is 0 everywhere, at weights that were drawn at random"
        return

    def loss(w: Vector) -> float:
        return case.loss.value(model.forward(x, w), y)

    scale = float(np.linalg.norm(g)) / np.sqrt(model.w.size)
    for unscaled in [*_single_weights(model.layout), *stream(4, "noise").standard_normal((6, model.w.size))]:
        direction = unscaled / np.linalg.norm(unscaled)
        derivative = float(g @ direction)
        slopes = [_slope(loss, model.w, direction, h) for h in (1e-3, 1e-4, 1e-5)]
        nearest = min(slopes, key=lambda slope: abs(slope - derivative))  # a kink may lie within one of the distances
        if not abs(nearest - derivative) <= 1e-5 * max(abs(derivative), scale) + 1e-10:  # NaN is a violation, here and below
            yield f"{case}: {_where(model.layout, direction)} it is {derivative:.6g}, finite differences give {nearest:.6g}"


@rule(
    "Hessian-vector product",
    "derive it again (Pearlmutter 1994), or remove hvp from the model and from provides",
    after=("gradient",),
)
def hessian_vector_product(subject: Subject) -> Violations:
    """If there is `hvp`: it is the derivative of the gradient along v, for each built-in loss, and changes nothing else."""
    if "hvp" not in subject.instance.provides:
        return
    for case in cases():
        yield from _product(subject.instance, case)


def _product(architecture: Any, case: Case) -> Violations:
    model, x, y = model_and_batch(architecture, case=case)
    v, out = stream(5, "noise").standard_normal(model.w.size), np.empty_like(model.w)
    v /= np.linalg.norm(v)
    model.loss_and_grad(x, y)
    before = [model.g.copy(), model.z.copy(), model.w.copy(), v.copy()]
    model.hvp(x, y, v, out)
    if not equal(before, (model.g, model.z, model.w, v)):
        yield f"{case}: it changes the gradient, z, the weights or v"

    def gradient_at(w: Vector) -> Array:
        model.w[:] = w
        model.loss_and_grad(x, y)
        g: Array = model.g.copy()
        return g

    w = model.w.copy()
    differences = [(gradient_at(w + h * v) - gradient_at(w - h * v)) / (2 * h) for h in (1e-4, 1e-5, 1e-6)]
    error = min(float(np.abs(difference - out).max()) for difference in differences)
    if not error <= 1e-5 * max(float(np.abs(out).max()), 1e-5):
        yield f"{case}: it differs by {error:.2g} from finite differences of the gradient"


def _slope(f: Callable[[Vector], float], w: Vector, direction: Vector, h: float) -> float:
    """The derivative of `f` along a direction, of fourth order in h."""
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
    """The weight that a direction is along, in words."""
    if np.count_nonzero(direction) == 1:
        for name, view in layout.views(direction).items():
            if view.any():
                return f"along {name}[{', '.join(str(int(i[0])) for i in np.nonzero(view))}]"
    return "along a random direction"
