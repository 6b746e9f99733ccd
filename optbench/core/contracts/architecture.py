"""The contract of an architecture, and of the models that it creates."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np

from optbench.core.contracts.loss import Loss
from optbench.core.numerics import Array, Layout, Vector

if TYPE_CHECKING:
    import numpy.typing as npt


class Model(Protocol):
    """A network for a fixed number of inputs, with weights, gradient and workspace allocated once.

    z stands for the network's numbers before the last activation, shape (rows, outputs): that activation belongs to the loss.
    """

    w: Vector
    """The weights, shape (P,), contiguous."""
    g: Vector
    """The gradient of the last `loss_and_grad`, shape (P,), contiguous."""
    z: Array
    """z of the last `loss_and_grad`, in a buffer that only the next one overwrites."""
    layout: Layout

    def loss_and_grad(self, x: Array, y: Array) -> float:
        """Return the loss E at `w`, and write its gradient to `g`.

        Args:
            x: inputs, shape (rows, inputs).
            y: targets, shape (rows, outputs), as `Loss.targets` returns them.
        """

    def forward(self, x: Array, w: Vector | None = None) -> Array:
        """Return z for `x` at `w` (the model's own weights if None), in a reused buffer that is not `self.z`.

        `x` is an array, unless the architecture declares that it provides "operator".
        """


class SecondOrderModel(Model, Protocol):
    """A model that has Hessian-vector products too; its architecture declares `provides = frozenset({"hvp"})`."""

    def hvp(self, x: Array, y: Array, v: Vector, out: Vector) -> None:
        """Write the Hessian of E at `w`, times `v`, to `out`; leave `g` and `z` unchanged."""


class Architecture:
    """A kind of network. Subclass it as a frozen, keyword-only dataclass whose fields are its hyper-parameters."""

    name: ClassVar[str]
    provides: ClassVar[frozenset[str]] = frozenset()
    """What its models offer besides gradients.

    "hvp": they are `SecondOrderModel`s. "operator": `forward` uses only the shape of `x` and `x @ matrix`, so that the rows may
    be passed as an `Operator`, which saves up to nine tenths of the work of an evaluation.
    """

    def layout(self, inputs: int, outputs: int) -> Layout:
        """Return the layers for rows of `inputs` numbers, the last of which is always 1, and `outputs` outputs."""
        raise NotImplementedError

    def initial(self, layout: Layout, rng: np.random.Generator) -> Vector:
        """Return initial weights, shape (P,), float64, drawn from `rng` alone."""
        raise NotImplementedError

    def bind(self, layout: Layout, loss: Loss, dtype: npt.DTypeLike) -> Model:
        """Return a model of this layout whose weights, gradient and workspace have type `dtype`."""
        raise NotImplementedError
