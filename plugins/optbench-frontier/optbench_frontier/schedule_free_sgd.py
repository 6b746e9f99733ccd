"""Schedule-Free SGD."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from optbench import (
    Layout,
    Neutral,
    Oracle,
    State,
    Vector,
    axpy,
    fraction,
    non_negative,
    one_minus_log,
    positive,
    scaled,
)
from optbench_frontier.schedule_free import ScheduleFree


@dataclass(frozen=True, kw_only=True)
class ScheduleFreeSGD(ScheduleFree):
    """Schedule-Free SGD. Defazio et al. 2024, NeurIPS, arXiv:2405.15682.

    Gradients are taken at y (the run's w), SGD steps are made on z, and x, the average of all z, is evaluated. Weight decay
    acts at y. Defaults are those of the authors' package `schedulefree`. Deviations: warm-up is left to a schedule; as in the
    authors' package, the weight of z in the average is the square of the largest rate so far.
    """

    name: ClassVar[str] = "schedule-free-sgd"
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("schedulefree.SGDScheduleFree"),)
    lr: float = positive(1.0, space=scaled(1e-3, 1e3))
    beta: float = fraction(0.9, space=one_minus_log(0.0, 0.999))
    weight_decay: float = non_negative(0.0, neutral=Neutral(0.0, "no weight decay"))

    def init(self, w: Vector, layout: Layout) -> State:
        """Return x = y = z."""
        return State(x=w.copy(), z=w.copy(), largest_rate=0.0, weights=0.0)

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """z_t = z_{t-1} - lr (g_t + weight_decay y); x_t = (1 - c) x_{t-1} + c z_t; y = (1 - beta) z_t + beta x_t."""
        if self.weight_decay:
            axpy(-self.lr * self.weight_decay, w, s.z)
        axpy(-self.lr, g, s.z)
        self.average(w, g, s, self.beta)
