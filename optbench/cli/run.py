"""`optbench run`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from click.exceptions import Exit

from optbench.cli.console import json_lines, say
from optbench.cli.options import baseline_option, json_option, load_registry, plugin_option, store_option
from optbench.cli.selecting import executor_options, selection_options, track_options
from optbench.planning import defaults

if TYPE_CHECKING:
    from optbench.experiment import Experiment, Outcome
    from optbench.results import Results
    from optbench.training.job import Job


@click.command()
@click.option("--all", "everything", is_flag=True, help="Run every combination of the installed components.")
@click.option("--quick", is_flag=True, help="Run the original five optimizers with two seeds; other options override it.")
@selection_options
@track_options
@executor_options
@click.option("--config", "config_name", metavar="FILE", help="An experiment in TOML, or a preset: presets/original.toml.")
@store_option
@click.option(
    "--report",
    "report_path",
    type=click.Path(dir_okay=False, path_type=Path),
    default=defaults.REPORT,
    show_default=True,
    help="Where the report is written.",
)
@baseline_option
@click.option("--no-report", is_flag=True, help="Write no report.")
@click.option("--force", is_flag=True, help="Execute stored runs again.")
@click.option("-n", "--dry-run", is_flag=True, help="List the runs and exit.")
@json_option
@click.option("-q", "--quiet", is_flag=True, help="Show no progress and no table.")
@click.option("-v", "--verbose", is_flag=True, help="Print one line per finished run.")
@plugin_option
def run(**options: Any) -> None:
    """Run optimizers and compare them.

    An axis that is not named spans all installed components. Stored runs are not executed again; Ctrl-C keeps what has
    finished, and the same command continues from there. Exits with 1 if a run failed, crashed or timed out.
    """
    from optbench.analysis.against_baseline import require_baseline
    from optbench.execution.executor import parse_executor
    from optbench.experiment import Experiment
    from optbench.planning.request import join

    selections, timeout = join(
        options, config_name=options["config_name"], quick=options["quick"], everything=options["everything"]
    )
    executor = parse_executor(options["executor_name"], workers=options["jobs"], timeout=timeout)
    command = shlex.join(["optbench", *sys.argv[1:]])
    with Experiment(load_registry(), options["store"], executor, command=command) as experiment:
        plan = experiment.plan(selections)
        require_baseline(options["baseline"], {job.labels.optimizer for job in plan})  # before hours of work
        missing = experiment.missing(plan, force=options["force"])
        if options["dry_run"]:
            _list_runs(plan, missing, as_json=options["as_json"])
            return
        experiment.record_plans(plan)
        outcome = _execute(experiment, plan, missing, options)
        # Ten thousand results take seconds to read: they are read only if something shows them.
        if not (options["quiet"] and options["no_report"] and not options["as_json"]):
            notes = (
                _not_available(experiment, plan)
                if selections.embedders is None and selections.suite is None and not options["no_report"]
                else []
            )
            _show(experiment.results(plan), notes, options)
    _exit(plan, outcome, force=options["force"])


def _execute(experiment: Experiment, plan: Sequence[Job], missing: Sequence[Job], options: dict[str, Any]) -> Outcome:
    from optbench.cli.progress import announce, progress

    seconds = {}
    if not options["quiet"]:
        seconds = announce(experiment, plan, missing, pictures=not options["no_report"])
    try:
        with progress(missing, seconds, verbose=options["verbose"]) as on_result:
            return experiment.run(missing, on_result)
    except KeyboardInterrupt:
        stored = len(plan) - len(experiment.missing(plan))
        say(f"interrupted: {stored} of {len(plan)} runs are stored in {experiment.store.path}; the same command continues")
        raise


def _list_runs(plan: Sequence[Job], missing: Sequence[Job], *, as_json: bool) -> None:
    keys = {job.spec.key for job in missing}
    rows = [
        {
            "key": job.spec.key,
            "optimizer": job.labels.optimizer,
            "architecture": job.labels.architecture,
            "embedder": job.labels.embedder,
            "dataset": job.spec.dataset,
            "loss": job.labels.loss,
            **({"workload": job.labels.workload} if job.labels.workload else {}),
            "seed": job.spec.seed,
            "stored": job.spec.key not in keys,
        }
        for job in plan
    ]
    if as_json:
        json_lines(rows)
        return
    from optbench.cli.tables import print_table

    print_table(rows)
    say(f"{len(rows)} runs, {len(plan) - len(missing)} of them stored already")


def _show(results: Results, notes: Sequence[str], options: dict[str, Any]) -> None:
    if not options["no_report"]:
        results.report(options["report_path"], baseline=options["baseline"], notes=notes, workers=options["jobs"])
    if options["as_json"]:
        from optbench.analysis.frames import row

        json_lines(row(result) for result in results)
    elif not options["quiet"]:
        from optbench.cli.tables import print_benchmark

        print_benchmark(results.benchmark(options["baseline"]))
    if not (options["no_report"] or options["quiet"]):
        say(f"report: {options['report_path']}")


def _not_available(experiment: Experiment, plan: Sequence[Job]) -> list[str]:
    """Report the embedders that the datasets of the plan declare but that are not available."""
    from optbench.planning.catalogue import Catalogue

    datasets = dict.fromkeys(job.dataset for job in plan)
    lines = [f"{entry.name}: {entry.missing}" for entry in Catalogue(experiment.registry, datasets).missing("embedder")]
    for line in lines:
        say(line)
    return lines


def _exit(plan: Sequence[Job], outcome: Outcome, *, force: bool) -> None:
    if outcome.failed:
        say(f"{len(outcome.failed)} of {len(plan)} runs failed; 'optbench show' gives the reasons and the same command retries")
    if outcome.kept:
        say(f"{len(outcome.kept)} runs failed this time; their earlier results are kept")
    if outcome.failed or (outcome.kept and force):
        raise Exit(1)
