"""The contract of an architecture, and of the models that it creates."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np

from optbench.core.numerics import Array, Layout, Vector

if TYPE_CHECKING:
    import numpy.typing as npt


class Model(Protocol):
    """A network for a fixed number of inputs, with weights, gradient and workspace allocated once."""

    w: Vector
    """The weights, shape (P,), contiguous."""
    g: Vector
    """The gradient of the last `loss_and_grad`, shape (P,), contiguous."""
    layout: Layout

    def loss_and_grad(self, x: Array, y: Vector) -> float:
        """Write the gradient of half the mean squared error to `g`; return the mean squared error.

        Args:
            x: inputs, shape (rows, inputs).
            y: labels, -1 or +1, shape (rows,).
        """

    def outputs(self) -> Vector:
        """Return the outputs, shape (rows,), of the last `loss_and_grad`, in a reused buffer."""

    def predict(self, x: Array, w: Vector | None = None) -> Vector:
        """Return the outputs, shape (rows,), for `x` at `w` (the model's own weights if None), in a reused buffer.

        `x` is an array, unless the architecture declares that it provides "operator".
        """


class SecondOrderModel(Model, Protocol):
    """A model that has Hessian-vector products too; its architecture declares `provides = frozenset({"hvp"})`."""

    def hvp(self, x: Array, y: Vector, v: Vector, out: Vector) -> None:
        """Write the Hessian of half the mean squared error at `w`, times `v`, to `out`; leave `g` and the outputs unchanged."""


class Architecture:
    """A kind of network. Subclass it as a frozen, keyword-only dataclass whose fields are its hyper-parameters."""

    name: ClassVar[str]
    provides: ClassVar[frozenset[str]] = frozenset()
    """What its models offer besides gradients.

    "hvp": they are `SecondOrderModel`s. "operator": `predict` uses only the shape of `x` and `x @ matrix`, so that the rows may
    be passed as an `Operator`, which saves up to nine tenths of the work of an evaluation.
    """

    def layout(self, inputs: int) -> Layout:
        """Return the layers for rows of `inputs` numbers, the last of which is always 1."""
        raise NotImplementedError

    def initial(self, layout: Layout, rng: np.random.Generator) -> Vector:
        """Return initial weights, shape (P,), float64, drawn from `rng` alone."""
        raise NotImplementedError

    def bind(self, layout: Layout, dtype: npt.DTypeLike) -> Model:
        """Return a model of this layout whose weights, gradient and workspace have type `dtype`."""
        raise NotImplementedError
