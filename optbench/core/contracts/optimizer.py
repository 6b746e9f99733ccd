"""The contract of an optimizer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, ClassVar, Literal, Self, TypeAlias

from optbench.core.contracts.objective import Objective
from optbench.core.numerics import Array, Layout, Vector

Reference: TypeAlias = Callable[[Array, Array, int, dict[str, Any], Any], Array]
"""A rule in textbook form: `Optimizer.reference` says how it is called."""


class State(SimpleNamespace):
    """The state of an optimizer between steps; a deep copy of it and of `w` is a checkpoint."""


class Optimizer:
    """A method that moves weights along gradients.

    Subclass it as a frozen, keyword-only dataclass whose fields are the hyper-parameters, and define `init` and `update`.
    """

    name: ClassVar[str]
    batch: ClassVar[Literal["mini", "full"]] = "mini"
    rates: ClassVar[tuple[str, ...]] = ("lr",)
    """The hyper-parameters that a schedule multiplies; empty for a method that sets its own rate."""
    needs: ClassVar[frozenset[str]] = frozenset()
    """What an architecture must provide besides gradients: "hvp", or nothing."""
    contains: ClassVar[tuple[str, ...]] = ()
    """The names of optimizers that it is, or comes close to, at some values of its hyper-parameters.

    With equal tuning it must not do worse than these: `optbench tune` flags it as under-tuned if it does.
    """
    reference: ClassVar[Reference | str | None] = None
    """The rule in textbook form, which `optbench plugin check` compares over 60 steps: a static method, or "module:function".

    It is called for each layer as `reference(w, g, t, memory, opt)` and returns the layer's new weights. w and g have the
    layer's shape, t counts from 1, `memory` is a dict of the layer's own that is empty before the first step, and `opt` is the
    instance, with the hyper-parameters. It may allocate, and it may import an independent implementation when it is called.
    """

    def init(self, w: Vector, layout: Layout) -> Any:
        """Return the state before the first step: any object with attributes, such as `State(m=np.zeros_like(w))`.

        Args:
            w: the initial weights, shape (P,).
            layout: the positions of the layers in `w`, for methods that treat matrices as such.
        """
        return State()

    def update(self, w: Vector, g: Vector, s: Any, t: int) -> None:
        """Update `w` in place from its gradient.

        Args:
            w: the weights, shape (P,), float32 or float64.
            g: the gradient, same shape and type; the optimizer may overwrite it.
            s: the state that `init` returned.
            t: the step, from 1.
        """
        raise NotImplementedError(f"{type(self).__name__} defines no update of its own: call step, or define one of the two")

    def step(self, w: Vector, s: Any, t: int, at: Objective) -> None:
        """Take one step; override it where one gradient is not enough."""
        self.update(w, at.gradient(), s, t)

    def eval_weights(self, w: Vector, s: Any) -> Vector:
        """Return the weights to evaluate: `w` or a buffer of the state, never a copy."""
        return w

    def scaled(self, factor: float) -> Self:
        """Return this optimizer with its rates multiplied by `factor`."""
        changes = {rate: getattr(self, rate) * factor for rate in self.rates}
        return dataclasses.replace(self, **changes)  # type: ignore[type-var]  # every optimizer is a dataclass
