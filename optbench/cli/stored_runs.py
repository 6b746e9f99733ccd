"""The stored runs that `rank`, `sensitivity` and `importance` conclude from, and the commands that add to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import rich_click as click

from optbench.cli.stored import selections_of
from optbench.core.errors import NothingSelected, OptbenchError
from optbench.core.names import counted

if TYPE_CHECKING:
    from optbench.core.specs import Labels, RunResult
    from optbench.core.workload import Workload
    from optbench.experiment import Experiment
    from optbench.planning.selections import Selections
    from optbench.results import Results

F = TypeVar("F", bound=Callable[..., Any])
_MOST_COMMANDS = 3
"""Of many commands, so many are written."""


def optimizers_option(command: F) -> F:
    """Add `-o OPT`."""
    return click.option(
        "-o",
        "--optimizer",
        "optimizers",
        multiple=True,
        metavar="OPT",
        help="For example adam, adam[lr=1e-3,1e-2] for two, or 'adam|clip[norm=1]|cosine' with wrappers.",
    )(command)


@dataclass(frozen=True)
class Stored:
    """Stored runs.

    Attributes:
        results: those that are selected.
        around: the stored runs of all optimizers and seeds on the workloads that are selected.
        labels: the optimizers that are named; empty for any.
        selections: everything else that is named.
        of_suite: the workloads of the suite that is named, each with its name there.
    """

    results: Results
    around: list[RunResult]
    labels: frozenset[str]
    selections: Selections
    of_suite: Mapping[Workload, str]


def stored_runs(experiment: Experiment, options: Mapping[str, Any], optimizers: Sequence[str] = ()) -> Stored:
    """Return the stored runs that a command selects; what it leaves open is not restricted.

    Args:
        experiment: with the store.
        options: those of `stored_options`.
        optimizers: selections; empty for any.

    Raises:
        UsageError: the selection names what does not exist.
        NothingSelected: no such run is stored.
    """
    from optbench.analysis.commands import asked_for
    from optbench.planning.catalogue import Catalogue
    from optbench.planning.stored import on_workloads, suite_workloads

    selections, registry = selections_of(options), experiment.registry
    chosen = Catalogue(registry).select("optimizer", optimizers) if optimizers else []
    labels = frozenset(instance.label for instance in chosen)
    of_suite = suite_workloads(registry, selections) if selections.suite else None
    everything = experiment.results(track=selections.track)
    around = on_workloads(registry, everything, selections, of_suite, options["protocol"])
    found = [
        run
        for run in around
        if (not labels or asked_for(run.labels.optimizer)[0] in labels)
        and (selections.seeds is None or run.spec.seed in selections.seeds)
    ]
    if not found:
        raise NothingSelected(
            f"none of the {len(everything)} stored runs of the {selections.track} track is selected; 'optbench show' lists "
            f"stored runs, and 'optbench run --track {selections.track}' executes some"
        )
    return Stored(experiment.results_of(found), around, labels, selections, of_suite or {})


def missing_lines(experiment: Experiment, stored: Stored, runs: Sequence[RunResult]) -> list[str]:
    """Return lines that say how many runs the optimizers of `runs` lack, and the commands that execute them.

    Every optimizer needs a result on each workload with each seed: those that are named, or that any of `runs` has.
    """
    from optbench.analysis.commands import asked_for, missing_runs

    asked = () if stored.selections.expression else tuple(stored.of_suite)
    names = {run.labels.optimizer for run in runs}
    names |= stored.labels - {asked_for(name)[0] for name in names}
    lacking = missing_runs(runs, asked, names, stored.selections.seeds)
    if not lacking:
        return []
    seeds = {seed for one in lacking for seed in one.seeds}
    count = counted(sum(len(one.seeds) for one in lacking), "run")
    commands = commands_that_run(
        experiment, stored, {one.optimizer for one in lacking}, seeds, {one.workload for one in lacking}
    )
    return [f"{count} of these optimizers without a result; to execute what is missing:", *commands] if commands else []


def commands_that_run(
    experiment: Experiment, stored: Stored, optimizers: Iterable[str], seeds: Iterable[int], workloads: Iterable[Workload]
) -> list[str]:
    """Return the commands that run optimizers on workloads, the first ones of many.

    None are returned where a workload cannot be run with what is installed.
    """
    from optbench.analysis.grouping import seed_ranges
    from optbench.core.workload import workload_of
    from optbench.planning.run_commands import Commands

    labels: dict[Workload, Labels | None] = dict.fromkeys(stored.of_suite)
    labels |= {workload_of(run.spec): run.labels for run in stored.around}
    selections = stored.selections
    commands = Commands(
        registry=experiment.registry,
        track=selections.track,
        store=experiment.store.path,
        suite=selections.suite,
        names=stored.of_suite,
    )
    where = {workload: labels[workload] for workload in sorted(workloads)}
    try:
        found = commands.write(sorted(optimizers), where, seed_ranges(tuple(seeds)).replace(" ", ""))
    except OptbenchError:
        return []
    more = len(found) - _MOST_COMMANDS
    return [*found[:_MOST_COMMANDS], *([f"and {counted(more, 'command')} more, for other workloads"] if more > 0 else [])]
