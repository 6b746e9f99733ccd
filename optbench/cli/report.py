"""`optbench report`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import rich_click as click

from optbench.cli.console import say
from optbench.cli.options import jobs_option, load_registry, plugin_option, store_option


@click.command()
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path), default=Path("reports/index.html"))
@store_option
@jobs_option
@plugin_option
def report(path: Path, store: Path, jobs: int | None) -> None:
    """Write the report of all stored runs to PATH."""
    from optbench.results import Results
    from optbench.store import Store

    with Store(store, create=False) as opened:
        results = opened.results()
    command = shlex.join(["optbench", *sys.argv[1:]])
    say(f"report: {Results(results, store, load_registry(), command).report(path, workers=jobs)}")
