"""`optbench data`."""

from __future__ import annotations

import rich_click as click

from optbench.cli.data import embed, importing, info, verify


@click.group()
def data() -> None:
    """Look at datasets, check them, make them from files."""


for command in (info.info, verify.verify, importing.import_files, embed.embed):
    data.add_command(command)
