"""`optbench report`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import rich_click as click

from optbench.cli.console import say
from optbench.cli.options import all_sources_option, baseline_option, jobs_option, load_registry, plugin_option, store_option
from optbench.core.plans import TRACKS, Track
from optbench.planning import defaults


@click.command()
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path), default=defaults.REPORT)
@store_option
@click.option(
    "--track",
    type=click.Choice(TRACKS),
    default=TRACKS[0],
    show_default=True,
    help="Runs with published hyper-parameters, or with those tuned for each workload; never both on one page.",
)
@baseline_option
@all_sources_option
@jobs_option
@plugin_option
def report(path: Path, *, store: Path, track: Track, baseline: str | None, all_sources: bool, jobs: int | None) -> None:
    """Write the report of all stored runs of a track to PATH."""
    from optbench.experiment import Experiment

    command = shlex.join(["optbench", *sys.argv[1:]])
    with Experiment(load_registry(), store, create=False, command=command) as experiment:
        results = experiment.results(track=track, all_sources=all_sources)
    say(f"report: {results.report(path, baseline=baseline, workers=jobs)}")
