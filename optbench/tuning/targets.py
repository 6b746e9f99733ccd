"""Targets: the validation loss that the best of four tuned baselines reaches on 18 of 20 seeds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optbench.analysis.scores import score
from optbench.analysis.statistics import target_ladder
from optbench.core.errors import UsageError
from optbench.core.seeding import TARGETS
from optbench.core.specs import FINAL, RunResult
from optbench.core.studies import Study
from optbench.core.targets import MORE, Target
from optbench.core.workload import Workload, workload_of
from optbench.experiment import Experiment
from optbench.planning.entries import Instance
from optbench.planning.plan import Expanded, make_plan
from optbench.planning.selections import Selections
from optbench.training.job import Job

BASELINES = ("momentum", "adagrad", "rmsprop", "adam")
BUDGET = 32
TARGET_SEEDS = tuple(range(TARGETS, TARGETS + 20))
EVALUATION_SEEDS = tuple(range(20))
REACHED = 18
"""Of the target seeds, on which the best baseline reaches the target."""
ENOUGH = 3
"""Baselines that must reach the target on most evaluation seeds."""
STEP = 1.02
"""A target that too few baselines reach is multiplied by this, as often as it takes."""


@dataclass(frozen=True)
class _Baselines:
    """The tuned baselines of a workload."""

    workload: Workload
    name: str
    studies: Mapping[str, Study]

    @property
    def best(self) -> str:
        """The baseline with the lowest objective, the first one of equals in the order of `BASELINES`."""
        return min(BASELINES, key=lambda name: self._objective(self.studies[name]))

    @staticmethod
    def _objective(study: Study) -> float:
        return study.trials[study.best()].objective


def baselines_of(studies: Iterable[Study]) -> list[_Baselines]:
    """Return the tuned baselines by workload.

    Raises:
        UsageError: every trial of every baseline diverged on a workload.
    """
    found: dict[Workload, dict[str, Study]] = {}
    for study in studies:
        found.setdefault(study.workload, {})[study.label] = study.within(BUDGET)
    grouped = [_Baselines(workload, next(iter(own.values())).name, own) for workload, own in found.items()]
    for one in grouped:
        if math.isinf(one._objective(one.studies[one.best])):  # noqa: SLF001  # its own
            raise UsageError(f"workload {one.name!r} has no target: every trial of every baseline diverged")
    return grouped


def make_targets(
    experiment: Experiment,
    selections: Selections,
    studies: Sequence[Study],
    on_plan: Callable[[Sequence[Job], Sequence[Job]], None] = lambda *_: None,
    on_result: Callable[[RunResult], None] = lambda _: None,
) -> dict[Workload, Target]:
    """Execute what is missing of the runs that make targets, and return the targets of the workloads; they are stored.

    Args:
        experiment: executes and stores the runs.
        selections: the workloads. Their optimizers and seeds are not used.
        studies: of the baselines on these workloads, with 32 draws each.
        on_plan: called with all runs and the missing ones before the first is executed.
        on_result: called with each result.

    Raises:
        UsageError: a workload has no target.

    Source: PROTOCOL 2, section 5.
    """
    grouped = {one.workload: one for one in baselines_of(studies)}
    chosen = replace(selections, optimizers=list(BASELINES))
    jobs = [
        *_jobs(experiment, chosen, TARGET_SEEDS, lambda one, name: name == grouped[one].best, grouped),
        *_jobs(experiment, chosen, EVALUATION_SEEDS, lambda _one, _name: True, grouped),
    ]
    missing = experiment.missing(list({job.spec.key: job for job in jobs}.values()))
    on_plan(jobs, missing)
    experiment.run(missing, on_result)
    found = {}
    for workload, one in grouped.items():
        own = [job for job in jobs if workload_of(job.spec) == workload]
        results = {run.spec.key: run for run in experiment.store.results({job.spec.key for job in own})}
        runs = [results[job.spec.key] for job in own if job.spec.key in results]
        found[workload] = target_of(one.name, one.best, one.studies, [run for run in runs if run.status in FINAL])
        experiment.store.record("target", workload.digest, found[workload].as_json())
    return found


def target_of(name: str, best: str, studies: Mapping[str, Study], runs: Sequence[RunResult]) -> Target:
    """Return the target of a workload from the runs of its tuned baselines.

    Args:
        name: how the workload is displayed.
        best: the baseline that was best when tuned.
        studies: of the baselines.
        runs: of the best baseline on the target seeds, and of all baselines on the evaluation seeds.

    Raises:
        UsageError: too few runs have a final status, or none of them reached a finite loss.
    """
    by_label = {label: study.choice().as_json() for label, study in studies.items()}
    own = [run for run in runs if run.spec.seed in TARGET_SEEDS and run.spec.optimizer.as_json() == by_label[best]]
    losses = sorted(_best_loss(run) for run in own)
    if len(losses) < len(TARGET_SEEDS) or math.isinf(losses[REACHED - 1]):
        raise UsageError(f"workload {name!r} has no target: {best} did not finish on {REACHED} of the target seeds")
    loss = strict = losses[REACHED - 1]
    evaluated = {
        label: [_best_loss(run) for run in runs if run.spec.seed in EVALUATION_SEEDS and run.spec.optimizer.as_json() == choice]
        for label, choice in by_label.items()
    }
    steps = 0
    while sum(_mostly(found, loss) for found in evaluated.values()) < ENOUGH:
        steps += 1
        loss = strict * STEP**steps if strict > 0 else strict + (STEP - 1) * steps * (abs(strict) or 1.0)
        if steps > 500:  # noqa: PLR2004  # a factor of 20,000: fewer than three baselines reach any loss
            raise UsageError(f"workload {name!r} has no target: fewer than {ENOUGH} tuned baselines finish on most seeds")
    first = float(np.median([run.curves["val_loss"][0] for run in own]))
    made: dict[str, Any] = {
        "baseline": best,
        "budget": BUDGET,
        "settings": {label: dict(study.trials[study.best()].params) for label, study in sorted(studies.items())},
        "seeds": [TARGET_SEEDS[0], TARGET_SEEDS[-1]],
        "losses": losses,
        "loosened": steps,
        "first_loss": first,
        "reached": {label: sum(one <= loss for one in found) for label, found in sorted(evaluated.items())},
        "of": len(EVALUATION_SEEDS),
    }
    ladder = target_ladder(first, loss, MORE + 1)[:-1] if first > loss else ()  # the last one is the target
    return Target(loss, tuple(map(float, ladder)), made)


def _mostly(losses: Sequence[float], target: float) -> bool:
    return 2 * sum(loss <= target for loss in losses) > len(EVALUATION_SEEDS)


def _best_loss(run: RunResult) -> float:
    return math.inf if run.status == "diverged" else score("best_val_loss", run, math.nan)


def _jobs(
    experiment: Experiment,
    selections: Selections,
    seeds: Sequence[int],
    wanted: Callable[[Workload, str], bool],
    grouped: Mapping[Workload, _Baselines],
) -> list[Job]:
    def expand(optimizer: Instance, workload: Workload, _name: str) -> Iterator[Expanded]:
        if wanted(workload, optimizer.label):
            yield Expanded(grouped[workload].studies[optimizer.label].choice(), optimizer.label, "tuned")

    return make_plan(experiment.registry, selections, expand, seeds)
