"""`optbench tune`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from click.exceptions import Exit

from optbench.cli.console import json_lines, say
from optbench.cli.options import json_option, load_registry, plugin_option, store_option
from optbench.cli.selecting import executor_options, selection_options
from optbench.planning import defaults

if TYPE_CHECKING:
    from optbench.core.studies import Study
    from optbench.experiment import Experiment
    from optbench.planning.selections import Selections
    from optbench.tuning.ledger import Entry
    from optbench.tuning.search import PlannedStudy

_AXES = ("optimizers", "architectures", "embedders", "datasets", "losses", "suite")


@click.command()
@click.option("--all", "everything", is_flag=True, help="Tune every optimizer on every workload of the default selection.")
@selection_options
@click.option(
    "--budget",
    type=click.IntRange(0, 10_000),
    default=defaults.BUDGET,
    show_default=True,
    help="Random draws beside the default. A larger budget uses the runs of a smaller one.",
)
@click.option(
    "--studies",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="N",
    help="Repeat the search N times, each with other draws and seeds.",
)
@click.option("--check", is_flag=True, help="Execute trials of studies that are known again, and compare their losses.")
@click.option(
    "--sample", type=click.IntRange(1), default=12, show_default=True, metavar="N", help="How many trials --check executes."
)
@click.option(
    "--export",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the studies to a file of JSON, such as mine.studies.json beside the file of a suite.",
)
@executor_options
@store_option
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be run, and how long it takes.")
@json_option
@click.option("-q", "--quiet", is_flag=True, help="Show no progress and no table.")
@click.option("-v", "--verbose", is_flag=True, help="Print one line per finished run.")
@plugin_option
def tune(**options: Any) -> None:
    """Search for the hyper-parameters of optimizers, with the same budget for each.

    Trial 0 is the default; the draws are the same points of the unit cube for all optimizers. Their seeds are used by no
    evaluation. 'optbench run --track tuned' then runs each optimizer with the best trial of each workload. Stored runs are not
    executed again, and the same command continues after Ctrl-C.
    """
    from optbench.execution.executor import parse_executor
    from optbench.experiment import Experiment
    from optbench.planning.request import join

    request = {name: value for name, value in options.items() if name not in ("budget", "seeds")}
    if options["seeds"] is not None:
        raise click.UsageError("a search has seeds of its own, which no evaluation run has: leave out --seeds")
    if options["check"] and not (options["everything"] or any(request[axis] for axis in _AXES)):
        request["suite"] = "core"
    selections, timeout = join(request, everything=options["everything"])
    executor = parse_executor(options["executor_name"], workers=options["jobs"], timeout=timeout)
    with Experiment(load_registry(), options["store"], executor) as experiment:
        if options["check"]:
            _check(experiment, selections, options)
        else:
            _tune(experiment, selections, options)


def _tune(experiment: Experiment, selections: Selections, options: dict[str, Any]) -> None:
    from optbench.cli.progress import announce, progress
    from optbench.data.studies import write_studies
    from optbench.tuning.ledger import ledger
    from optbench.tuning.search import missing_runs, plan_studies, search

    planned = [
        one for number in range(options["studies"]) for one in plan_studies(experiment, selections, options["budget"], number)
    ]
    jobs = list({job.spec.key: job for one in planned for job in one.jobs}.values())
    missing = missing_runs(experiment, planned)
    seconds = {} if options["quiet"] else announce(experiment, jobs, missing, pictures=False)
    if options["dry_run"]:
        return
    try:
        with progress(missing, seconds, verbose=options["verbose"]) as on_result:
            complete, incomplete = search(experiment, planned, on_result)
    except KeyboardInterrupt:
        stored = len(jobs) - len(missing_runs(experiment, planned))
        say(f"interrupted: {stored} of {len(jobs)} runs are stored in {experiment.store.path}; the same command continues")
        raise
    if options["export"]:
        write_studies(options["export"], complete, _made(complete, options["budget"]))
        say(f"studies: {options['export']}")
    _show(ledger(complete, experiment.registry), options)
    _fail(incomplete)


def _show(entries: Sequence[Entry], options: dict[str, Any]) -> None:
    from optbench.cli.tables import print_table
    from optbench.tuning.ledger import costs

    if options["as_json"]:
        json_lines(entry.as_json() for entry in entries)
        return
    if options["quiet"]:
        return
    print_table([_row(entry) for entry in entries])
    say("")
    print_table([cost.as_json() for cost in costs(entries)])
    for entry in entries:
        for flag in entry.flags:
            say(f"{entry.study.name}, {entry.study.label}: {flag}")
    if options["studies"] == 1:
        say("one study: how much of a difference is luck of the search is not covered; --studies 3 repeats it with other draws")


def _row(entry: Entry) -> dict[str, Any]:
    plain = entry.as_json()
    settings = ", ".join(
        f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value}" for name, value in plain["params"].items()
    )
    return {
        "workload": plain["workload"],
        "optimizer": plain["optimizer"] + (f" (study {plain['study']})" if plain["study"] else ""),
        "default": "diverged" if plain["default"] is None else plain["default"],
        "tuned": "diverged" if plain["objective"] is None else plain["objective"],
        "settings": settings if plain["best"] else "default",
    }


def _written(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _made(studies: Sequence[Study], budget: int) -> dict[str, Any]:
    import optbench
    from optbench.core.specs import PROTOCOL
    from optbench.training.environment import fingerprint

    return {
        "optbench": optbench.__version__,
        "protocol": PROTOCOL,
        "budget": budget,
        "studies": len(studies),
        "fingerprint": dict(fingerprint()),
    }


def _fail(incomplete: Sequence[PlannedStudy]) -> None:
    if incomplete:
        first = incomplete[0]
        say(
            f"{len(incomplete)} studies are incomplete, because runs failed: the first is {first.optimizer.label} on "
            f"{first.name}; the lines above give the reasons, and the same command retries"
        )
        raise Exit(1)


def _check(experiment: Experiment, selections: Selections, options: dict[str, Any]) -> None:
    from optbench.tuning.check import check_studies

    checked = check_studies(experiment, selections, options["sample"])
    if options["as_json"]:
        json_lines(one.as_json() for one in checked)
    elif not options["quiet"]:
        for one in checked:
            say(one.text)
    counts = {word: sum(one.verdict == word for one in checked) for word in ("equal", "close", "differs")}
    say(", ".join(f"{count} {word}" for word, count in counts.items() if count))
    if counts["differs"]:
        raise Exit(1)
