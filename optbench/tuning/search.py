"""A search for hyper-parameters: the trials of every selected optimizer on every selected workload."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from optbench.analysis.scores import score
from optbench.core.specs import FINAL, RunResult
from optbench.core.studies import SEEDS_PER_TRIAL, Study, Trial, study_key
from optbench.core.workload import Workload
from optbench.experiment import Experiment
from optbench.planning.entries import Instance
from optbench.planning.plan import Expanded, make_plan
from optbench.planning.selections import Selections
from optbench.planning.trials import trial_params, tuning_seeds
from optbench.planning.tuned import trials_of
from optbench.training.job import Job


@dataclass(frozen=True)
class PlannedStudy:
    """The runs of one study: for each trial, in order, one job per tuning seed."""

    workload: Workload
    name: str
    optimizer: Instance
    number: int
    jobs: tuple[Job, ...]

    @property
    def key(self) -> str:
        """The key of the study."""
        return study_key(self.workload, self.optimizer.choice, self.number)


def plan_studies(experiment: Experiment, selections: Selections, budget: int, number: int) -> list[PlannedStudy]:
    """Return the studies of a search.

    Args:
        experiment: brings the components.
        selections: what is tuned, and on which workloads; their seeds are not used.
        budget: draws beside the default.
        number: of the search. Searches of different numbers have other draws and other seeds.

    Raises:
        OptbenchError: as `Experiment.plan`; UsageError also where an optimizer has nothing to be searched.
    """
    experiment.registry.refuse_clashes()
    found: list[tuple[Workload, str, Instance]] = []
    trials = trials_of(number, budget)

    def expand(optimizer: Instance, workload: Workload, name: str) -> Iterator[Expanded]:
        found.append((workload, name, optimizer))
        yield from trials(optimizer, workload, name)

    jobs = make_plan(experiment.registry, selections, expand, tuning_seeds(number))
    size = (budget + 1) * SEEDS_PER_TRIAL
    return [PlannedStudy(*one, number, tuple(jobs[place * size : (place + 1) * size])) for place, one in enumerate(found)]


def search(
    experiment: Experiment,
    planned: list[PlannedStudy],
    on_result: Callable[[RunResult], None] = lambda _: None,
) -> tuple[list[Study], list[PlannedStudy]]:
    """Execute the runs of a search that are missing, store each study that is complete, and return them.

    Args:
        experiment: executes and stores the runs.
        planned: what `plan_studies` returned.
        on_result: called with each result after it was stored.

    Returns:
        The studies, and those planned ones that are incomplete because runs failed.
    """
    experiment.run(missing_runs(experiment, planned), on_result)
    complete, incomplete = [], []
    for one in planned:  # one after another: all results together may not fit into memory
        study = _collected(experiment, one)
        if study is None:
            incomplete.append(one)
            continue
        experiment.store.record("study", study.key, study.as_json())
        complete.append(study)
    return complete, incomplete


def missing_runs(experiment: Experiment, planned: list[PlannedStudy]) -> list[Job]:
    """Return the runs of a search that are not stored, each once: a draw may be the default again."""
    jobs = {job.spec.key: job for one in planned for job in one.jobs}
    return experiment.missing(list(jobs.values()))


def trial_of(params: dict[str, object], results: list[RunResult]) -> Trial:
    """Return a trial from its runs, which have a final status."""
    losses = tuple(float("inf") if run.status == "diverged" else score("best_val_loss", run, float("nan")) for run in results)
    evaluations = sum(float(run.curves["evaluations"][-1]) for run in results)
    return Trial(params, losses, evaluations, round(sum(run.seconds[-1] for run in results), 4))


def _collected(experiment: Experiment, one: PlannedStudy) -> Study | None:
    stored = {result.spec.key: result for result in experiment.store.results({job.spec.key for job in one.jobs})}
    results = [stored.get(job.spec.key) for job in one.jobs]
    final = [result for result in results if result is not None and result.status in FINAL]
    if len(final) < len(results):
        return None
    budget = len(results) // SEEDS_PER_TRIAL - 1
    params = trial_params(one.optimizer, one.number, budget)
    runs = [final[place : place + SEEDS_PER_TRIAL] for place in range(0, len(final), SEEDS_PER_TRIAL)]
    trials = tuple(trial_of(own, of_trial) for own, of_trial in zip(params, runs, strict=True))
    return Study(one.workload, one.name, one.optimizer.choice, one.optimizer.label, one.number, trials)
