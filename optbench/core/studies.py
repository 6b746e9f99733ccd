"""Studies: what a search for hyper-parameters tried on a workload, and what it found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from optbench.core.specs import Choice, digest_of
from optbench.core.workload import Workload

SEEDS_PER_TRIAL = 3


@dataclass(frozen=True)
class Trial:
    """One setting of the hyper-parameters that were searched.

    Attributes:
        params: their values.
        losses: the best validation loss by tuning seed, infinity for a run that diverged.
        evaluations: gradient evaluations of all its runs.
        seconds: seconds of the optimizer and the gradient in all its runs; measured, not computed.
    """

    params: Mapping[str, Any]
    losses: tuple[float, ...]
    evaluations: float
    seconds: float

    @property
    def objective(self) -> float:
        """The median of the losses."""
        return median(self.losses)

    def as_json(self) -> dict[str, Any]:
        """Return the trial as plain values; None stands for infinity."""
        return {
            "params": dict(self.params),
            "losses": [loss if math.isfinite(loss) else None for loss in self.losses],
            "evaluations": self.evaluations,
            "seconds": round(self.seconds, 4),
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Trial:
        """Return the trial that `as_json` was called on."""
        losses = tuple(math.inf if loss is None else float(loss) for loss in plain["losses"])
        return cls(plain["params"], losses, float(plain["evaluations"]), float(plain["seconds"]))


@dataclass(frozen=True)
class Study:
    """The trials of one optimizer on one workload in one search.

    Attributes:
        workload: what it was tuned for.
        name: how the workload is displayed.
        optimizer: the optimizer as it was asked for, with the default of each hyper-parameter that was searched.
        label: how that is displayed.
        number: of the study. Studies differ in their draws and in their seeds.
        trials: the default, then the draws in their order. A prefix is the study with a smaller budget.
    """

    workload: Workload
    name: str
    optimizer: Choice
    label: str
    number: int
    trials: tuple[Trial, ...]

    @property
    def budget(self) -> int:
        """The number of draws."""
        return len(self.trials) - 1

    @property
    def key(self) -> str:
        """Under which it is stored: the same for every budget."""
        return study_key(self.workload, self.optimizer, self.number)

    def within(self, budget: int) -> Study:
        """Return the study as it would have been with fewer draws."""
        return replace(self, trials=self.trials[: budget + 1])

    def best(self) -> int:
        """Return the number of the trial with the lowest objective, the first one of equals: 0 is the default."""
        objectives = [trial.objective for trial in self.trials]
        return objectives.index(min(objectives))

    def choice(self) -> Choice:
        """Return the optimizer with the hyper-parameters of the best trial."""
        return with_params(self.optimizer, self.trials[self.best()].params)

    def as_json(self) -> dict[str, Any]:
        """Return the study as plain values."""
        return {
            "workload": self.workload.as_json(),
            "name": self.name,
            "optimizer": self.optimizer.as_json(),
            "label": self.label,
            "study": self.number,
            "trials": [trial.as_json() for trial in self.trials],
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Study:
        """Return the study that `as_json` was called on.

        Raises:
            KeyError, TypeError, ValueError: it was called on none.
        """
        trials = tuple(map(Trial.from_json, plain["trials"]))
        if not trials:
            raise ValueError("a study has at least the trial of the default")
        workload, optimizer = Workload.from_json(plain["workload"]), Choice.from_json(plain["optimizer"])
        return cls(workload, str(plain["name"]), optimizer, str(plain["label"]), int(plain["study"]), trials)


def study_key(workload: Workload, optimizer: Choice, number: int) -> str:
    """Return the key of a study: the SHA-256 of what was tuned, for what, and which draws were used."""
    return digest_of([workload.as_json(), optimizer.as_json(), number])


def with_params(optimizer: Choice, params: Mapping[str, Any]) -> Choice:
    """Return an optimizer, within its wrappers, with other values of some hyper-parameters."""
    return replace(optimizer, params={**optimizer.params, **params})
