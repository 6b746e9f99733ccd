"""`optbench compare`."""

from __future__ import annotations

from typing import Any

import rich_click as click

from optbench.cli.console import json_lines, out
from optbench.cli.options import json_option, load_registry, plugin_option, store_option
from optbench.cli.stored import selections_of, stored_options


@click.command()
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@stored_options
@store_option
@json_option
@plugin_option
def compare(a: str, b: str, **options: Any) -> None:
    """Compare two optimizers, from stored runs.

    A and B are optimizers as 'optbench run -o' takes them, or names that tables show. On each workload, and over all of them:
    how much sooner A reached the target, with an interval, p-value and e-value, the verdict, and the runs that it would still
    take. Nothing is executed.
    """
    from optbench.experiment import Experiment

    selections = selections_of(options)
    with Experiment(load_registry(), options["store"], create=False) as experiment:
        pair = experiment.results(track=selections.track).compare(a, b, selections, options["protocol"])
    if options["as_json"]:
        plain = pair.as_json()
        json_lines([*plain["workloads"], plain["overall"]])
    else:
        out(str(pair))
