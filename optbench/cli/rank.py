"""`optbench rank`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rich_click as click

from optbench.cli.console import json_lines, out, say
from optbench.cli.options import json_option, load_registry, plugin_option, store_option
from optbench.cli.stored import stored_options
from optbench.cli.stored_runs import missing_lines, optimizers_option, stored_runs

if TYPE_CHECKING:
    from optbench.analysis.ranking import Ranking

_BASELINE = "adam"


@click.command()
@stored_options
@optimizers_option
@click.option("--baseline", metavar="OPT", help=f"What the others are compared with in words. [default: {_BASELINE}]")
@click.option("--workloads", "each", is_flag=True, help="Also print a table for each workload.")
@store_option
@json_option
@plugin_option
def rank(**options: Any) -> None:
    """Rank optimizers by stored runs: with intervals, and with how much the order can be trusted.

    Without an option, all stored evaluation runs are used, of a sweep of learning rates the default. A rank interval is from
    1 + the number of optimizers that are surely better to the number that are not surely worse. Nothing is executed; runs
    without a result are named with the commands that execute them.
    """
    from optbench.analysis.ranking import as_rows
    from optbench.analysis.sweeps import without_sweeps
    from optbench.core.errors import NothingSelected
    from optbench.experiment import Experiment

    with Experiment(load_registry(), options["store"], create=False) as experiment:
        stored = stored_runs(experiment, options, options["optimizers"])
        pool = list(stored.results) if options["optimizers"] else without_sweeps(stored.results)
        lines = missing_lines(experiment, stored, pool)
    for line in lines:
        say(line)
    ranking = stored.results.rank(stored.around if options["optimizers"] else None)
    names = ranking.pool.names
    if not names:
        raise NothingSelected("no stored run has a time to target: 'optbench show' gives the reasons")
    baseline = _baseline(options["baseline"], names)
    if options["as_json"]:
        json_lines(as_rows(ranking, baseline))
    else:
        print_ranking(ranking, baseline, each=options["each"])


def _baseline(named: str | None, names: list[str]) -> str | None:
    from optbench.core.errors import UsageError, nearest

    if named is not None and named not in names:
        raise UsageError(f"the baseline {named!r} is not ranked{nearest(named, names)}; ranked: {', '.join(names)}")
    return named or (_BASELINE if _BASELINE in names else None)


def print_ranking(ranking: Ranking, baseline: str | None, *, each: bool) -> None:
    """Print a ranking: tables over all workloads, tables for each where `each` is True or there is one, and sentences."""
    from optbench.analysis.grouping import seed_ranges
    from optbench.analysis.ranking import sentences
    from optbench.cli.columns import print_wrapped
    from optbench.cli.rank_tables import print_main, print_more, print_workload
    from optbench.core.names import counted

    overall, workloads = ranking.overall, ranking.pool.workloads.values()
    seeds = f", seeds {seed_ranges(overall.grid.seeds)}" if overall.grid else ""
    out(f"{counted(len(ranking.pool.names), 'optimizer')}, {counted(len(workloads), 'workload')}{seeds}, {ranking.track} track")
    if overall.grid is not None:
        print_main(ranking)
        out("")
        print_more(ranking)
    if each or len(workloads) == 1 or overall.grid is None:
        for workload in workloads:
            out("")
            print_workload(ranking, workload)
    out("")
    for sentence in sentences(ranking, baseline):
        print_wrapped(sentence)
