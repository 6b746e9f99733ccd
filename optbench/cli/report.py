"""`optbench report`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import rich_click as click

from optbench.cli.console import say
from optbench.cli.options import all_sources_option, jobs_option, load_registry, plugin_option, store_option
from optbench.planning import defaults


@click.command()
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path), default=defaults.REPORT)
@store_option
@all_sources_option
@jobs_option
@plugin_option
def report(path: Path, store: Path, all_sources: bool, jobs: int | None) -> None:
    """Write the report of all stored runs to PATH."""
    from optbench.experiment import Experiment

    command = shlex.join(["optbench", *sys.argv[1:]])
    with Experiment(load_registry(), store, create=False, command=command) as experiment:
        results = experiment.results(all_sources=all_sources)
    say(f"report: {results.report(path, workers=jobs)}")
