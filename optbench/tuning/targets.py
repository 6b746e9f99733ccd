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
    def order(self) -> list[str]:
        """The baselines with a finite objective, the lowest first, equal ones in the order of `BASELINES`."""
        objectives = {name: study.trials[study.best()].objective for name, study in self.studies.items()}
        return sorted((name for name in BASELINES if math.isfinite(objectives[name])), key=lambda name: objectives[name])


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
        if not one.order:
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

    def execute(seeds: Sequence[int], wanted: Callable[[Workload, str], bool]) -> dict[Workload, list[RunResult]]:
        jobs = _jobs(experiment, chosen, seeds, wanted, grouped)
        missing = experiment.missing(list({job.spec.key: job for job in jobs}.values()))
        on_plan(jobs, missing)
        experiment.run(missing, on_result)
        found: dict[Workload, list[RunResult]] = {workload: [] for workload in grouped}
        for result in experiment.store.results({job.spec.key for job in jobs}):
            if result.status in FINAL:
                found[workload_of(result.spec)].append(result)
        return found

    places = dict.fromkeys(grouped, 0)
    own: dict[Workload, list[RunResult]] = {}
    while waiting := grouped.keys() - own.keys():
        best = {workload: _at(grouped[workload], places[workload]) for workload in waiting}
        finished = execute(TARGET_SEEDS, lambda workload, name, best=best: best.get(workload) == name)  # type: ignore[misc]
        own |= {workload: finished[workload] for workload in waiting if _enough(finished[workload])}
        places |= {workload: places[workload] + 1 for workload in waiting if workload not in own}
    evaluated = execute(EVALUATION_SEEDS, lambda _workload, _name: True)
    found = {}
    for workload, one in grouped.items():
        found[workload] = target_of(
            one.name, one.order[: places[workload] + 1], one.studies, own[workload], evaluated[workload]
        )
        experiment.store.record("target", workload.digest, found[workload].as_json())
    return found


def _at(one: _Baselines, place: int) -> str:
    """Return the baseline at a place in the order, or raise UsageError where none is left."""
    if place >= len(one.order):
        raise UsageError(
            f"workload {one.name!r} has no target: no tuned baseline ended without divergence on {REACHED} of the "
            f"{len(TARGET_SEEDS)} target seeds"
        )
    return one.order[place]


def _enough(runs: Sequence[RunResult]) -> bool:
    return sum(math.isfinite(_best_loss(run)) for run in runs) >= REACHED


def target_of(
    name: str, tried: Sequence[str], studies: Mapping[str, Study], own: Sequence[RunResult], others: Sequence[RunResult]
) -> Target:
    """Return the target of a workload from the runs of its tuned baselines.

    Args:
        name: how the workload is displayed.
        tried: the baseline that makes the target, after those that were better when tuned but diverged on too many seeds.
        studies: of the baselines.
        own: the runs of that baseline on the target seeds.
        others: of all baselines on the evaluation seeds.

    Raises:
        UsageError: fewer than three baselines finish on most evaluation seeds.
    """
    losses = sorted(_best_loss(run) for run in own)
    loss = strict = losses[REACHED - 1]
    by_label = {label: study.choice() for label, study in studies.items()}
    evaluated = {
        label: [_best_loss(run) for run in others if run.spec.optimizer == choice] for label, choice in by_label.items()
    }
    steps = 0
    while sum(_mostly(found, loss) for found in evaluated.values()) < ENOUGH:
        steps += 1
        loss = strict * STEP**steps if strict > 0 else strict + (STEP - 1) * steps * (abs(strict) or 1.0)
        if steps > 500:  # noqa: PLR2004  # a factor of 20,000: fewer than three baselines reach any loss
            raise UsageError(f"workload {name!r} has no target: fewer than {ENOUGH} tuned baselines finish on most seeds")
    first = float(np.median([run.curves["val_loss"][0] for run in own]))
    made: dict[str, Any] = {
        "baseline": tried[-1],
        "passed_over": list(tried[:-1]),
        "budget": BUDGET,
        "settings": {label: dict(study.trials[study.best()].params) for label, study in sorted(studies.items())},
        "seeds": [TARGET_SEEDS[0], TARGET_SEEDS[-1]],
        "losses": [one if math.isfinite(one) else None for one in losses],
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
