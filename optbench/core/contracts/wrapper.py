"""The contract of a wrapper around an optimizer, and of the commonest one: a schedule."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal, Self

from optbench.core.contracts.objective import Objective
from optbench.core.contracts.optimizer import Optimizer
from optbench.core.hyperparameters import PART
from optbench.core.numerics import Layout, Vector


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wrapper(Optimizer):
    """An optimizer that does something around each step of another one.

    Subclass it as a frozen, keyword-only dataclass whose fields are its own hyper-parameters, and define `step`. Everything
    else is the inner optimizer's. `a|b|c` is c around b around a, so that c is the first to see the step and the objective.
    """

    inner: Optimizer = dataclasses.field(metadata=PART)

    # An optimizer has these on the class, a wrapper takes them from the inner optimizer. mypy rejects a property in place of a
    # `ClassVar`, but nothing reads them from a wrapper's class.
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
        """Return why this wrapper cannot be put around `inner`, as a phrase that follows its name; empty where it can."""
        return ""

    def init(self, w: Vector, layout: Layout) -> Any:
        """Return the inner optimizer's state."""
        return self.inner.init(w, layout)

    def step(self, w: Vector, s: Any, t: int, at: Objective) -> None:
        """Take one step of the inner optimizer."""
        self.inner.step(w, s, t, at)

    def eval_weights(self, w: Vector, s: Any) -> Vector:
        """Return the weights that the inner optimizer evaluates."""
        return self.inner.eval_weights(w, s)

    def scaled(self, factor: float) -> Self:
        """Return this wrapper around the inner optimizer with its rates multiplied by `factor`."""
        return dataclasses.replace(self, inner=self.inner.scaled(factor))


class Schedule(Wrapper):
    """A wrapper that multiplies the inner optimizer's rates by a factor that depends on the step. Define `factor`.

    Several schedules around one optimizer multiply: `warmup|step` rises, then falls.
    """

    def factor(self, t: int, steps: int) -> float:
        """Return the factor of step t = 1, 2, ..., `steps`."""
        raise NotImplementedError(f"{type(self).__name__} defines no factor")

    def incompatibility(self) -> str:
        """Return why the inner optimizer cannot be scheduled: it sets its own rate."""
        return "" if self.inner.rates else "multiplies a learning rate, and the method before it sets its own: leave it out"

    def step(self, w: Vector, s: Any, t: int, at: Objective) -> None:
        """Take one step at the scheduled rates."""
        self.inner.scaled(self.factor(t, at.steps)).step(w, s, t, at)
