"""The optimizers of an inquiry: A, B, and each of the two without one of its parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from optbench.analysis.rate_search import DECADES, factor
from optbench.core.specs import Choice
from optbench.core.workload import Workload, workload_of
from optbench.planning.trials import tuning_seeds
from optbench.planning.variations import Variations, ablations, at_rates, rates_of
from optbench.training.job import Job

TUNING_SEEDS = tuning_seeds(0)
"""The seeds that choose the rate, those of the first study. None of them is an evaluation seed."""
Side = Literal["a", "b"]


@dataclass(frozen=True)
class Member:
    """One of the compared optimizers, on whichever workload.

    Attributes:
        side: "a" or "b".
        name: of A or B, as the user wrote it.
        part: what is removed, such as "beta1"; empty for A and B themselves.
        words: what it is then without, such as "no momentum".
    """

    side: Side
    name: str
    part: str = ""
    words: str = ""

    @property
    def label(self) -> str:
        """How sentences name it: "adam", or "adam with no momentum"."""
        return f"{self.name} with {self.words}" if self.part else self.name

    @property
    def whole(self) -> Member:
        """The same optimizer with all of its parts."""
        return Member(self.side, self.name)

    @property
    def removed(self) -> str:
        """How sentences name what is removed: "momentum" for "no momentum", else the hyper-parameter."""
        return self.words.removeprefix("no ") if self.words.startswith("no ") else self.part


@dataclass(frozen=True, eq=False)
class Cell:
    """A member on a workload.

    Attributes:
        member: the optimizer.
        place: the workload's name.
        template: a job of it, with the rates as given.
        variations: makes its jobs.
    """

    member: Member
    place: str
    template: Job
    variations: Variations

    @cached_property
    def workload(self) -> Workload:
        """The workload."""
        return workload_of(self.template.spec)

    @property
    def rates(self) -> dict[str, float]:
        """The learning rates as given; empty for a method that sets its own."""
        return rates_of(self.template.optimizer, self.template.spec.optimizer)

    def choice(self, step: int) -> Choice | None:
        """Return the optimizer at a point of the grid; None where the rate leaves its range."""
        return at_rates(self.template.optimizer, self.template.spec.optimizer, factor(step))

    def decades(self) -> list[int]:
        """Return the first points of the grid; none where there is no rate to choose."""
        return [step for step in DECADES if self.choice(step) is not None] if self.rates else []

    def tuning_jobs(self, steps: Sequence[int]) -> dict[int, list[Job]]:
        """Return the jobs that decide between points of the grid, by point; without those whose rate leaves its range."""
        choices = {step: choice for step in steps if (choice := self.choice(step)) is not None}
        return {
            step: [self.variations.job(self.template, choice, seed, "ablation") for seed in TUNING_SEEDS]
            for step, choice in choices.items()
        }

    def jobs(self, step: int, seeds: Sequence[int]) -> list[Job]:
        """Return the jobs with evaluation seeds at a point of the grid."""
        choice = self.choice(step) or self.template.spec.optimizer
        return [self.variations.job(self.template, choice, seed, "ablation") for seed in seeds]


def cells_of(side: Side, name: str, place: str, template: Job, variations: Variations) -> list[Cell]:
    """Return an optimizer on a workload, and the same without each of its parts.

    Raises:
        UsageError: it cannot be built without one of its parts.
    """
    spec = template.spec
    cells = [Cell(Member(side, name), place, template, variations)]
    for ablation in ablations(template.optimizer, spec.optimizer):
        job = variations.job(template, ablation.choice, spec.seed, "ablation")
        cells.append(Cell(Member(side, name, ablation.part, ablation.words), place, job, variations))
    return cells
