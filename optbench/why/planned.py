"""Inquiries into optimizers as users write them, and into those of stored runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from optbench.analysis.grouping import by_workload
from optbench.analysis.labels import workload_labels
from optbench.core.errors import NothingSelected, UsageError
from optbench.core.specs import RunResult, canonical
from optbench.core.workload import Workload, workload_of
from optbench.experiment import Experiment
from optbench.planning.plan import rebuild
from optbench.planning.selections import Selections
from optbench.planning.variations import Variations
from optbench.training.job import Job
from optbench.why.inquiry import Inquiry
from optbench.why.members import Cell, cells_of


def planned(experiment: Experiment, a: str, b: str, selections: Selections) -> Inquiry:
    """Return an inquiry into two optimizers as users write them, each with one value for each hyper-parameter.

    Args:
        experiment: executes and stores the runs.
        a: an optimizer, such as "adam" or "adam|cosine".
        b: another one.
        selections: workloads, seeds and track; its optimizers are not read.

    Raises:
        UsageError: a selection cannot be run or stands for several optimizers, or both are the same one.
        NothingSelected: it selects no run.
    """
    one, two = (experiment.plan(replace(selections, optimizers=[text])) for text in (a, b))
    return Inquiry(experiment, a, b, _cells(experiment, (a, one), (b, two)), sorted({job.spec.seed for job in one}))


def of_runs(experiment: Experiment, a: str, b: str, runs_a: Iterable[RunResult], runs_b: Iterable[RunResult]) -> Inquiry:
    """Return an inquiry into two optimizers on the workloads of stored runs, with the seeds that both have.

    Args:
        experiment: executes and stores the runs.
        a: what A is called.
        b: what B is called.
        runs_a: runs of A.
        runs_b: runs of B.

    Raises:
        UsageError: the runs of a name are of several optimizers, or both of the same one; or a component or a dataset of the
            runs is not installed any more.
        NothingSelected: they have no workload or no seed in common.
    """
    sides = list(runs_a), list(runs_b)
    seeds = [{run.spec.seed for run in runs} for runs in sides]
    one, two = (_rebuilt(experiment, runs) for runs in sides)
    if not seeds[0] & seeds[1]:
        raise NothingSelected(f"{a} and {b} have no seed in common; name seeds, such as --seeds 0-19")
    return Inquiry(experiment, a, b, _cells(experiment, (a, one), (b, two)), sorted(seeds[0] & seeds[1]))


def _rebuilt(experiment: Experiment, runs: Iterable[RunResult]) -> list[Job]:
    """Return one job for each workload and optimizer of these runs."""
    first: dict[tuple[Workload, str], RunResult] = {}
    for run in runs:
        first.setdefault((workload_of(run.spec), canonical(run.spec.optimizer.as_json())), run)
    return [rebuild(experiment.registry, run.spec, run.labels) for run in first.values()]


def _cells(experiment: Experiment, a: tuple[str, Iterable[Job]], b: tuple[str, Iterable[Job]]) -> list[Cell]:
    """Return the members of an inquiry on each workload that A and B, each a name with its jobs, have in common."""
    one, two = _by_workload(*a), _by_workload(*b)
    common = [workload for workload in one if workload in two]
    if not common:
        raise NothingSelected(f"{a[0]} and {b[0]} have no workload in common; use --suite core, or name one with -m, -e and -d")
    variations = Variations(experiment.registry)
    names = _names([one[workload] for workload in common])
    cells: list[Cell] = []
    for workload in common:
        if one[workload].spec.optimizer == two[workload].spec.optimizer:
            raise UsageError(f"{a[0]} and {b[0]} are the same optimizer on {names[workload]}: name two different ones")
        cells += cells_of("a", a[0], names[workload], one[workload], variations)
        cells += cells_of("b", b[0], names[workload], two[workload], variations)
    return cells


def _by_workload(text: str, jobs: Iterable[Job]) -> dict[Workload, Job]:
    """Return one job of an optimizer for each workload."""
    found: dict[Workload, Job] = {}
    for job in jobs:
        first = found.setdefault(workload_of(job.spec), job)
        if first.spec.optimizer != job.spec.optimizer:
            labels = f"{first.labels.optimizer!r} and {job.labels.optimizer!r}"
            raise UsageError(f"{text!r} stands for several optimizers, {labels} among them: name one of them")
    return found


def _names(jobs: Sequence[Job]) -> dict[Workload, str]:
    """Return a name for each workload, each with one job: its name in the suite, or its label."""
    labels = workload_labels(by_workload(RunResult(job.spec, job.labels, "failed") for job in jobs))
    named = {workload_of(job.spec): job.labels.workload for job in jobs}
    unique = len(set(named.values())) == len(named)
    return {workload: name if name and unique else labels[workload] for workload, name in named.items()}
