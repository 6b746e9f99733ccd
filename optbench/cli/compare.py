"""`optbench compare`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import rich_click as click

from optbench.cli.console import json_lines, out, say
from optbench.cli.options import jobs_option, json_option, load_registry, plugin_option, store_option
from optbench.cli.stored import selections_of, stored_options
from optbench.core.errors import NothingSelected

if TYPE_CHECKING:
    from optbench.analysis.pair_comparison import PairComparison
    from optbench.experiment import Experiment
    from optbench.planning.selections import Selections
    from optbench.why import Inquiry

_WORKLOADS = ("suite", "architectures", "embedders", "datasets", "losses")
"""The options that name workloads."""


@click.command()
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option(
    "--why", is_flag=True, help="Execute what says why: both with tuned learning rates, and without one part at a time."
)
@stored_options
@store_option
@jobs_option
@json_option
@plugin_option
def compare(a: str, b: str, **options: Any) -> None:
    """Compare two optimizers, from stored runs.

    A and B are optimizers as 'optbench run -o' takes them, or names that tables show. On each workload, and over all of them:
    how much sooner A reached the target, with an interval, p-value and e-value, the verdict, and the runs that it would still
    take. Nothing is executed without --why.
    """
    from optbench.execution.local import LocalExecutor
    from optbench.experiment import Experiment

    selections, why = selections_of(options), options["why"]
    with Experiment(load_registry(), options["store"], LocalExecutor(options["jobs"]), create=why) as experiment:
        pair = _stored(experiment, (a, b), selections, options)
        if pair is not None:
            _show(pair, as_json=options["as_json"])
        if why:
            from optbench.cli.why import show_why

            show_why(_inquiry(experiment, (a, b), selections, pair), as_json=options["as_json"], after=pair is not None)


def _stored(
    experiment: Experiment, names: tuple[str, str], selections: Selections, options: dict[str, Any]
) -> PairComparison | None:
    """Return the comparison of stored runs; None where there are none, but --why will execute some."""
    try:
        return experiment.results(track=selections.track).compare(*names, selections, options["protocol"])
    except NothingSelected:
        if options["why"] and _names_workloads(selections):
            say("no stored runs to compare as they were given; --why executes its own")
            return None
        raise


def _show(pair: PairComparison, *, as_json: bool) -> None:
    if as_json:
        plain = pair.as_json()
        json_lines([*plain["workloads"], plain["overall"]])
    else:
        out(str(pair))


def _inquiry(experiment: Experiment, names: tuple[str, str], selections: Selections, pair: PairComparison | None) -> Inquiry:
    """Return the inquiry on the workloads that the options name, or on those of the stored runs that were compared."""
    from optbench.analysis.grouping import variant_of
    from optbench.core.workload import workload_of
    from optbench.why import of_runs, planned

    seeds = sorted({seed for one in pair.workloads for seed in one.seeds}) if pair else []
    if _names_workloads(selections):
        return planned(experiment, *names, replace(selections, seeds=selections.seeds or seeds or None))
    variants = {one.workload: one.variants for one in pair.workloads} if pair else {}
    runs = [run for run in experiment.results(track=selections.track) if run.spec.seed in seeds]
    a, b = (
        [run for run in runs if variants.get(workload_of(run.spec), (None, None))[side] == variant_of(run)] for side in (0, 1)
    )
    return of_runs(experiment, *names, a, b)


def _names_workloads(selections: Selections) -> bool:
    return any(getattr(selections, axis) for axis in _WORKLOADS)
