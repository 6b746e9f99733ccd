"""`optbench data verify`."""

from __future__ import annotations

import rich_click as click

from optbench.cli.console import say
from optbench.cli.options import load_registry, plugin_option


@click.command()
@click.argument("name")
@plugin_option
def verify(name: str) -> None:
    """Check every digest and every rule of the dataset NAME (a name or a folder)."""
    from optbench.datasets import find_dataset  # noqa: PLC0415

    dataset = find_dataset(load_registry(), name)
    counts = ", ".join(f"{len(rows)} {split}" for split, rows in dataset.splits.items())
    say(f"{dataset.name}: every file is the one that was frozen; {counts} rows; digest {dataset.digest}")
