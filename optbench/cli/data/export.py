"""`optbench data export`."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from optbench.cli.console import say
from optbench.cli.data.common import row_counts
from optbench.cli.options import load_registry, plugin_option


@click.command()
@click.argument("name")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace a dataset that is there.")
@plugin_option
def export(name: str, folder: Path, force: bool) -> None:
    """Write the dataset NAME to FOLDER: rows as CSV, a manifest, a data card and a croissant.json for other tools.

    NAME may be any dataset, also a generated one such as 'teacher[kappa=1e6]' or a division such as 'digits[split=1]'. The
    folder has the same rows and the same digest, and 'optbench run -d FOLDER' runs on it.
    """
    from optbench.curation.exporting import export as export_dataset
    from optbench.planning.datasets import find_dataset

    written = export_dataset(find_dataset(load_registry(), name), folder, replace=force)
    # A bare name would be looked up among the installed datasets first.
    place = f"./{written.folder}" if written.folder.name == str(written.folder) else written.folder
    say(f"{written.folder}: {row_counts(written)}, digest {written.digest}; use it with 'optbench run -d {place}'")
