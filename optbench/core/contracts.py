"""What a plugin promises: `Optimizer`, `Wrapper`, `Architecture`, `Embedder`, `Dataset`, and what it may count on in return.

All weights of a network are one contiguous vector `w` of shape (P,), its gradient `g` another; layers are views into them
(`Layout`). Hyper-parameters are the fields of a frozen dataclass, state is explicit and never caches a hyper-parameter.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, Self, TypeAlias, TypeVar

import numpy as np

from optbench.core.hyperparameters import PART
from optbench.core.numerics import Array, Layout, Vector

if TYPE_CHECKING:
    import numpy.typing as npt

OPTBENCH_CONTRACT = 1
"""The version of these contracts. A plugin module that sets `OPTBENCH_CONTRACT` to another number is refused."""

Role = Literal["question", "answer"]
Change: TypeAlias = Callable[[Vector], None]
"""Changes a gradient in place."""


class State(SimpleNamespace):
    """What an optimizer remembers between steps; a deep copy of it and of `w` is a checkpoint."""


class Objective(Protocol):
    """The loss of this step's batch, as a function of the weights as they now stand."""

    @property
    def noise(self) -> np.random.Generator:
        """The run's own stream of noise, for methods that need some."""

    @property
    def steps(self) -> int:
        """The planned number of steps of the whole run."""

    @property
    def evaluations(self) -> int:
        """How many gradients were taken so far in the run: a step may take more than one."""

    @property
    def rows(self) -> int:
        """How many rows those gradients saw together: else full-batch gradients would look cheap."""

    @property
    def loss(self) -> float:
        """The batch's mean squared error at the last gradient."""

    def gradient(self, y: Vector | None = None) -> Vector:
        """Return the gradient of half the mean squared error, in one reused buffer.

        Args:
            y: other labels than the batch's, shape (rows,), for methods that resample them.
        """

    def hvp(self, v: Vector, out: Vector) -> None:
        """Write H v to `out`, H being the Hessian of half the mean squared error; it counts as two gradients.

        The last gradient, its loss and its outputs stay as they are. For optimizers that declare `needs = frozenset({"hvp"})`.

        Args:
            v: a direction, shape (P,).
            out: where the product goes, same shape and type, contiguous; not `v`.
        """

    def outputs(self) -> Vector:
        """Return the network's outputs, shape (rows,), at the last gradient."""

    def after(self, change: Change) -> Objective:
        """Return the same objective, whose gradients pass through `change` first.

        Gradients of labels other than the batch's and Hessian-vector products stay as they are: they tell of curvature, and
        move no weights themselves.
        """


class Optimizer:
    """A method that moves weights along gradients.

    Subclass it as a frozen, keyword-only dataclass whose fields are the hyper-parameters; write `init` and `update`.
    """

    name: ClassVar[str]
    batch: ClassVar[Literal["mini", "full"]] = "mini"
    rates: ClassVar[tuple[str, ...]] = ("lr",)
    """The hyper-parameters that a schedule multiplies; empty for a method that sets its own rate."""
    needs: ClassVar[frozenset[str]] = frozenset()
    """What an architecture must provide beyond gradients: "hvp", or nothing."""

    def init(self, w: Vector, layout: Layout) -> Any:
        """Return the state before the first step: any object with attributes, such as `State(m=np.zeros_like(w))`.

        Args:
            w: the initial weights, shape (P,).
            layout: where the layers lie in `w`, for methods that treat matrices as such.
        """
        return State()

    def update(self, w: Vector, g: Vector, s: Any, t: int) -> None:
        """Move `w` in place, given its gradient.

        Args:
            w: the weights, shape (P,), float32 or float64.
            g: the gradient, same shape and type; it is the optimizer's to use up.
            s: the state that `init` returned.
            t: the step, from 1.
        """
        raise NotImplementedError(f"{type(self).__name__} defines no update of its own: call step, or define one of the two")

    def step(self, w: Vector, s: Any, t: int, at: Objective) -> None:
        """Take one step; override it where one gradient is not enough."""
        self.update(w, at.gradient(), s, t)

    def eval_weights(self, w: Vector, s: Any) -> Vector:
        """Return the weights to judge: `w`, or a buffer of the state, never a copy."""
        return w

    def scaled(self, factor: float) -> Self:
        """Return this optimizer with its rates multiplied by `factor`."""
        return _replaced(self, {rate: getattr(self, rate) * factor for rate in self.rates})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wrapper(Optimizer):
    """Another optimizer, with something done around each of its steps.

    Subclass it as a frozen, keyword-only dataclass whose fields are its own hyper-parameters, and write `step`; all else is the
    inner optimizer's. `a|b|c` is c around b around a, so that c is the first to see the step and the objective.
    """

    inner: Optimizer = dataclasses.field(metadata=PART)

    # Of an optimizer these are the class's own, of a wrapper the inner one's: properties, which mypy takes for a violation
    # of what `ClassVar` promises. Nothing asks them of a wrapper's class.
    @property
    def batch(self) -> Literal["mini", "full"]:  # type: ignore[override]
        """The inner optimizer's."""
        return self.inner.batch

    @property
    def rates(self) -> tuple[str, ...]:  # type: ignore[override]
        """The inner optimizer's."""
        return self.inner.rates

    @property
    def needs(self) -> frozenset[str]:  # type: ignore[override]
        """The inner optimizer's."""
        return self.inner.needs

    def incompatibility(self) -> str:
        """Return why this wrapper cannot go around `inner`, in words that follow its name; empty where it can."""
        return ""

    def init(self, w: Vector, layout: Layout) -> Any:
        """Return the inner optimizer's state."""
        return self.inner.init(w, layout)

    def step(self, w: Vector, s: Any, t: int, at: Objective) -> None:
        """Take one step of the inner optimizer."""
        self.inner.step(w, s, t, at)

    def eval_weights(self, w: Vector, s: Any) -> Vector:
        """Return the weights that the inner optimizer judges."""
        return self.inner.eval_weights(w, s)

    def scaled(self, factor: float) -> Self:
        """Return this wrapper around the inner optimizer with its rates multiplied by `factor`."""
        return _replaced(self, {"inner": self.inner.scaled(factor)})


class Schedule(Wrapper):
    """Multiplies the rates of the inner optimizer by a factor that depends on the step. Subclass it and write `factor`.

    Several schedules around one optimizer multiply: `warmup|step` rises, then falls.
    """

    def factor(self, t: int, steps: int) -> float:
        """Return the factor of step t = 1, 2, ..., `steps`."""
        raise NotImplementedError(f"{type(self).__name__} defines no factor")

    def incompatibility(self) -> str:
        """Refuse methods that set their own rate."""
        return "" if self.inner.rates else "multiplies a learning rate, and the method before it sets its own: leave it out"

    def step(self, w: Vector, s: Any, t: int, at: Objective) -> None:
        """Take one step at the scheduled rates."""
        self.inner.scaled(self.factor(t, at.steps)).step(w, s, t, at)


OptimizerT = TypeVar("OptimizerT", bound=Optimizer)


def _replaced(opt: OptimizerT, changes: dict[str, Any]) -> OptimizerT:
    """`dataclasses.replace` in half of its time: a schedule asks for it at every step."""
    cls: Any = type(opt)
    held = opt.__dict__
    if held.keys() != _copied(cls):  # slots, or something that the optimizer keeps for itself
        return dataclasses.replace(opt, **changes)  # type: ignore[type-var]  # every optimizer is a dataclass
    made: OptimizerT = object.__new__(cls)
    made.__dict__.update(held)
    made.__dict__.update(changes)
    return made


@cache
def _copied(cls: Any) -> frozenset[str]:
    """The names of what is to be copied where that is all there is to do."""
    return frozenset() if hasattr(cls, "__post_init__") else frozenset(field.name for field in dataclasses.fields(cls))


class Model(Protocol):
    """A network bound to its number of inputs, with weights, gradient and workspace allocated once."""

    w: Vector
    """The weights, shape (P,), contiguous."""
    g: Vector
    """The gradient of the last `loss_and_grad`, shape (P,), contiguous."""
    layout: Layout

    def loss_and_grad(self, x: Array, y: Vector) -> float:
        """Write the gradient of half the mean squared error into `g`; return the mean squared error.

        Args:
            x: inputs, shape (rows, inputs).
            y: labels, -1 or +1, shape (rows,).
        """

    def outputs(self) -> Vector:
        """Return the outputs, shape (rows,), of the last `loss_and_grad`, in a reused buffer."""

    def predict(self, x: Array, w: Vector | None = None) -> Vector:
        """Return the outputs, shape (rows,), for `x` at `w` (the model's own weights if None), in a reused buffer.

        `x` is an array, unless the architecture says that it provides "operator".
        """


class SecondOrderModel(Model, Protocol):
    """A model that has Hessian-vector products too; its architecture says so with `provides = frozenset({"hvp"})`."""

    def hvp(self, x: Array, y: Vector, v: Vector, out: Vector) -> None:
        """Write the Hessian of half the mean squared error at `w`, times `v`, to `out`; leave `g` and the outputs alone."""


class Architecture:
    """A kind of network. Subclass it as a frozen, keyword-only dataclass whose fields are its hyper-parameters."""

    name: ClassVar[str]
    provides: ClassVar[frozenset[str]] = frozenset()
    """What its models can do beyond gradients.

    "hvp": they are `SecondOrderModel`s. "operator": `predict` asks of `x` its shape and `x @ matrix` alone, so that the harness
    may hand it the rows in another form (`Operator`), which at every epoch saves up to nine tenths of the work.
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


class Embedder:
    """Maps texts to vectors. Subclass it as a frozen, keyword-only dataclass whose fields are its hyper-parameters."""

    name: ClassVar[str]
    in_all: ClassVar[bool] = True
    """False for one that needs something which is not there everywhere: `--all` passes it by; named, it runs."""

    def fit(self, texts: Sequence[str]) -> Any:
        """Fit to the training texts (each question and answer once per row) and return what was fitted; by default None."""
        return None

    def encode(self, texts: Sequence[str], role: Role, fitted: Any) -> npt.NDArray[np.float32]:
        """Return one vector a text, shape (len(texts), d), float32.

        Args:
            texts: questions, or answers.
            role: which of the two they are; some models want a prompt for each.
            fitted: what `fit` returned.
        """
        raise NotImplementedError


class Dataset:
    """A dataset that a plugin ships: a folder with a `manifest.json`, made by `optbench data import`."""

    name: ClassVar[str]
    folder: ClassVar[Path]
