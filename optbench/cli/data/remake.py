"""`optbench data remake`."""

from __future__ import annotations

from pathlib import Path

import rich_click as click
from click.exceptions import Exit

from optbench.cli.console import say
from optbench.cli.data.common import row_counts
from optbench.cli.options import load_registry, plugin_option


@click.command()
@click.argument("name")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace a folder that exists.")
@plugin_option
def remake(name: str, folder: Path, force: bool) -> None:
    """Make the shipped table NAME again from scikit-learn, in FOLDER, and compare its digest with that of the shipped one.

    The tables are digits, digits-parity, autoencoder-digits, breast-cancer, wine and diabetes. Exits with 1 if the digests
    differ.
    """
    from optbench.curation.bundled import remake as remake_table
    from optbench.planning.datasets import find_dataset

    again = remake_table(name, folder, replace=force)
    shipped = find_dataset(load_registry(), name)
    say(f"{again.folder}: {row_counts(again)}, digest {again.digest}")
    if again.digest != shipped.digest:
        say(f"the shipped {name} has another digest, {shipped.digest}: it was changed, or scikit-learn brings other numbers")
        raise Exit(1)
    say(f"the shipped {name} has the same digest")
