"""Whether trials of known studies can be made again: a sample of them is executed and compared."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from optbench.core.errors import NothingSelected
from optbench.core.specs import FINAL, RunResult, digest_of
from optbench.core.studies import SEEDS_PER_TRIAL, Study, study_key, with_params
from optbench.core.workload import Workload
from optbench.experiment import Experiment
from optbench.planning.entries import Instance
from optbench.planning.plan import Expanded, make_plan
from optbench.planning.selections import Selections
from optbench.planning.trials import trial_params, tuning_seeds
from optbench.training.job import Job
from optbench.tuning.search import trial_of

TOLERANCE = 0.05
"""The relative difference of a best validation loss within which two environments are close, as in verification."""


@dataclass(frozen=True)
class Checked:
    """A trial that was executed again.

    Attributes:
        study: its study.
        trial: its number.
        verdict: "equal" to the bit; "close" within the tolerance; "differs" otherwise, or where its draw is another one now.
        losses: what the repetition reached, by tuning seed.
    """

    study: Study
    trial: int
    verdict: Literal["equal", "close", "differs"]
    losses: tuple[float, ...]
    reason: str = ""

    @property
    def text(self) -> str:
        """The verdict in words."""
        before = ", ".join(f"{loss:.6g}" for loss in self.study.trials[self.trial].losses)
        now = ", ".join(f"{loss:.6g}" for loss in self.losses)
        where = f"{self.verdict}: {self.study.label} on {self.study.name}, study {self.study.number}, trial {self.trial}"
        return where + (f": {self.reason}" if self.reason else f": {before}" + (f"; now {now}" if before != now else ""))

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values; None stands for infinity."""
        return {
            "workload": self.study.name,
            "optimizer": self.study.label,
            "study": self.study.number,
            "trial": self.trial,
            "verdict": self.verdict,
            "losses": [loss if math.isfinite(loss) else None for loss in self.study.trials[self.trial].losses],
            "again": [loss if math.isfinite(loss) else None for loss in self.losses],
            "reason": self.reason,
        }


def check_studies(experiment: Experiment, selections: Selections, sample: int) -> list[Checked]:
    """Execute some trials of the known studies of a selection again; nothing is stored.

    Args:
        experiment: knows the studies and executes the runs.
        selections: optimizers and workloads.
        sample: how many trials; the choice depends on the studies alone.

    Raises:
        NothingSelected: no study of the selection is known.
    """
    known = experiment.studies()
    experiment.registry.refuse_clashes()
    wanted: list[tuple[Study, Instance]] = []

    def expand(optimizer: Instance, workload: Workload, _name: str) -> Iterator[Expanded]:
        study = known.get(study_key(workload, optimizer.choice, selections.study))
        if study is not None:
            wanted.append((study, optimizer))
        return iter(())

    try:
        make_plan(experiment.registry, selections, expand)
    except NothingSelected:
        if not wanted:
            raise NothingSelected("no study of this selection is known; 'optbench tune' makes them") from None
    trials = [(study, optimizer, place) for study, optimizer in wanted for place in range(len(study.trials))]
    chosen = sorted(trials, key=lambda one: digest_of([one[0].key, one[2]]))[:sample]
    return [_check(experiment, selections, *one) for one in chosen]


def _check(experiment: Experiment, selections: Selections, study: Study, optimizer: Instance, place: int) -> Checked:
    drawn = trial_params(optimizer, study.number, study.budget)[place]
    stored = study.trials[place]
    if drawn != dict(stored.params):
        return Checked(study, place, "differs", (), f"the draw was {dict(stored.params)} and is {drawn} now")
    jobs = _jobs(experiment, selections, study, optimizer, place)
    results = {result.spec.seed: result for result in experiment.executor.run(jobs)}
    final = [results[job.spec.seed] for job in jobs if results[job.spec.seed].status in FINAL]
    if len(final) < len(jobs):
        return Checked(study, place, "differs", (), _failure(list(results.values())))
    losses = trial_of(dict(drawn), final).losses
    if losses == stored.losses:
        return Checked(study, place, "equal", losses)
    near = all(a == b or abs(a - b) <= TOLERANCE * abs(a) for a, b in zip(stored.losses, losses, strict=True))
    return Checked(study, place, "close" if near else "differs", losses)


def _jobs(experiment: Experiment, selections: Selections, study: Study, optimizer: Instance, place: int) -> Sequence[Job]:
    def expand(other: Instance, workload: Workload, _name: str) -> Iterator[Expanded]:
        if workload == study.workload and other.choice == optimizer.choice:
            yield Expanded(with_params(optimizer.choice, study.trials[place].params))

    jobs = make_plan(experiment.registry, selections, expand, tuning_seeds(study.number))
    return list(islice(jobs, SEEDS_PER_TRIAL))


def _failure(results: Sequence[RunResult]) -> str:
    first = next(result for result in results if result.status not in FINAL)
    return f"its run {first.status}: {first.reason.strip().rpartition(chr(10))[2]}"
