"""`optbench targets`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from click.exceptions import Exit

from optbench.cli.console import json_lines, say
from optbench.cli.options import json_option, load_registry, plugin_option, store_option
from optbench.cli.selecting import executor_options, workload_options

if TYPE_CHECKING:
    from optbench.core.studies import Study
    from optbench.core.targets import Target
    from optbench.core.workload import Workload
    from optbench.experiment import Experiment
    from optbench.planning.selections import Selections
    from optbench.training.job import Job


@click.command()
@workload_options
@click.option(
    "--export",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the targets to a file of JSON: targets.json in the folder of a dataset, NAME.targets.json beside a suite.",
)
@executor_options
@store_option
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be run, and how long it takes.")
@json_option
@click.option("-q", "--quiet", is_flag=True, help="Show no progress and no table.")
@click.option("-v", "--verbose", is_flag=True, help="Print one line per finished run.")
@plugin_option
def targets(**options: Any) -> None:
    """Make the targets of workloads, and keep them in the store.

    Four baselines are tuned with 32 draws. The target is the validation loss that the best of them reaches on 18 of 20 seeds of
    their own; where fewer than three baselines reach it on most evaluation seeds, it is loosened. Workloads without a target
    have a provisional one, which depends on the optimizers that were run.
    """
    from optbench.execution.executor import parse_executor
    from optbench.experiment import Experiment
    from optbench.planning.request import join
    from optbench.tuning.targets import BASELINES

    selections, timeout = join({**options, "optimizers": list(BASELINES)})
    executor = parse_executor(options["executor_name"], workers=options["jobs"], timeout=timeout)
    with Experiment(load_registry(), options["store"], executor) as experiment:
        studies = _studies(experiment, selections, options)
        if options["dry_run"]:
            return
        made = _targets(experiment, selections, studies, options)
    if options["export"]:
        from optbench.data.targets import write_targets

        write_targets(options["export"], made)
        say(f"targets: {options['export']}")
    _show(made, studies, options)


def _studies(experiment: Experiment, selections: Selections, options: dict[str, Any]) -> list[Study]:
    """Return the studies of the baselines: known ones, or those of a search."""
    from optbench.cli.progress import announce, progress
    from optbench.tuning.search import missing_runs, plan_studies, search
    from optbench.tuning.targets import BUDGET

    planned = plan_studies(experiment, selections, BUDGET, 0)
    known = experiment.studies()
    ready = {study.key: study for one in planned if (study := known.get(one.key)) and study.budget >= BUDGET}
    waiting = [one for one in planned if one.key not in ready]
    missing = missing_runs(experiment, waiting)
    jobs = [job for one in waiting for job in one.jobs]
    seconds = {} if options["quiet"] or not jobs else announce(experiment, jobs, missing, pictures=False)
    if options["dry_run"]:
        say("after that, 20 runs of the best baseline and 20 of each of the four on every workload")
        return []
    with progress(missing, seconds, verbose=options["verbose"]) as on_result:
        complete, incomplete = search(experiment, waiting, on_result)
    if incomplete:
        say(f"{len(incomplete)} studies are incomplete, because runs failed: the lines above give the reasons")
        raise Exit(1)
    found = ready | {study.key: study for study in complete}
    return [found[one.key] for one in planned]


def _targets(
    experiment: Experiment, selections: Selections, studies: Sequence[Study], options: dict[str, Any]
) -> dict[Workload, Target]:
    from optbench.cli.progress import announce
    from optbench.tuning.targets import make_targets

    def on_plan(jobs: Sequence[Job], missing: Sequence[Job]) -> None:
        if not options["quiet"]:
            announce(experiment, jobs, missing, pictures=False)

    return make_targets(experiment, selections, studies, on_plan)


def _show(made: Mapping[Workload, Target], studies: Sequence[Study], options: dict[str, Any]) -> None:
    names = {study.workload: study.name for study in studies}
    if options["as_json"]:
        json_lines({"workload": names[workload], **target.as_json()} for workload, target in made.items())
    elif not options["quiet"]:
        from optbench.cli.tables import print_table

        print_table([_row(names[workload], target) for workload, target in made.items()])


def _row(name: str, target: Target) -> dict[str, Any]:
    made = target.made
    reached = ", ".join(f"{label} {count}" for label, count in made["reached"].items())
    return {
        "workload": name,
        "target": target.loss,
        "best baseline": made["baseline"],
        "loosened by 2 %": f"{made['loosened']} times" if made["loosened"] else "",
        f"reached it, of {made['of']}": reached,
    }
