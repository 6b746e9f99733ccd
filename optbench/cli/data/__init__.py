"""`optbench data`."""

from __future__ import annotations

import rich_click as click

from optbench.cli.data import generate, importing, info, verify


@click.group()
def data() -> None:
    """Look at datasets, check them, make them from files or with a language model."""


for command in (info.info, verify.verify, generate.generate, importing.import_files):
    data.add_command(command)
