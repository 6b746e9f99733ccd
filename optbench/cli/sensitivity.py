"""`optbench sensitivity`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import rich_click as click

from optbench.cli.console import json_lines, out, say
from optbench.cli.options import json_option, load_registry, plugin_option, store_option
from optbench.cli.stored import stored_options
from optbench.cli.stored_runs import Stored, commands_that_run, stored_runs
from optbench.core.errors import UsageError

if TYPE_CHECKING:
    from optbench.core.specs import RunResult
    from optbench.experiment import Experiment
    from optbench.registry import Registry


@click.command()
@click.argument("names", nargs=-1, metavar="[OPT]...")
@stored_options
@store_option
@click.option(
    "--grid", is_flag=True, help="Print a selection of 13 learning rates for each OPT, for 'optbench run -o', and exit."
)
@json_option
@plugin_option
def sensitivity(names: tuple[str, ...], grid: bool, **options: Any) -> None:
    """Show how the loss depends on the learning rate, from stored runs that differ in it alone.

    S is the mean over the rates of min(loss, first loss), minus the lowest of them. Decades are those in which the loss is
    within 5 % of the lowest. 'optbench sensitivity adam --grid' prints the 13 rates from 1/1000 to 1000 times the default.
    """
    from optbench.analysis.sensitivity import grid_wins
    from optbench.analysis.sweeps import label_without_rate
    from optbench.experiment import Experiment

    registry = load_registry()
    asked = _without_rates(registry, names)
    if grid:
        for name in asked:
            out(_grid(registry, name))
        return
    with Experiment(registry, options["store"], create=False) as experiment:
        stored = stored_runs(experiment, options)
        runs = [run for run in stored.results if not asked or label_without_rate(run.labels.optimizer) in asked]
        curves, wins = experiment.results_of(runs).sensitivity(), grid_wins(runs)
        # A tuned optimizer has a rate that is not its own alone.
        lines = _advice(experiment, stored, runs) if options["track"] == "default" and (asked or not curves) else []
    if options["as_json"]:
        from optbench.analysis.statistics import NotAvailable

        json_lines([curve.as_json() for curve in curves] + ([] if isinstance(wins, NotAvailable) else [wins.as_json()]))
        return
    from optbench.cli.rate_tables import print_curves, print_wins

    print_curves(curves)
    print_wins(wins)
    for line in lines:
        say(line)


def _without_rates(registry: Registry, texts: Sequence[str]) -> list[str]:
    """Return the labels of selected optimizers, without their learning rates.

    Raises:
        UsageError: there is no such optimizer.
    """
    from optbench.analysis.sweeps import label_without_rate
    from optbench.planning.catalogue import Catalogue

    chosen = Catalogue(registry).select("optimizer", texts) if texts else []
    return sorted({label_without_rate(instance.label) for instance in chosen})


def _grid(registry: Registry, name: str) -> str:
    """Return the selection of an optimizer with the learning rates of the grid.

    Raises:
        UsageError: it has no learning rate.
    """
    from optbench.analysis.sweeps import rate_grid, with_rates
    from optbench.planning.catalogue import Catalogue

    default = Catalogue(registry).select("optimizer", [name])[0].choice.params.get("lr")
    if not isinstance(default, int | float):
        raise UsageError(f"{name} has no hyper-parameter 'lr'; 'optbench show optimizer {name}' lists what it has")
    return with_rates(name, rate_grid(default))


def _advice(experiment: Experiment, stored: Stored, runs: Sequence[RunResult]) -> list[str]:
    """Return lines with the commands that add the learning rates that are missing for a sweep."""
    from optbench.analysis.sweeps import incomplete
    from optbench.core.workload import workload_of

    lacking = incomplete(runs)
    commands = commands_that_run(
        experiment,
        stored,
        {_grid(experiment.registry, sweep.name) for sweep in lacking},
        {seed for sweep in lacking for by_seed in sweep.runs.values() for seed in by_seed},
        {workload_of(run.spec) for sweep in lacking for by_seed in sweep.runs.values() for run in by_seed.values()},
    )
    return ["to run 13 learning rates where there are fewer than 5:", *commands] if lacking and commands else []
