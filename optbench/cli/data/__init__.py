"""`optbench data`."""

from __future__ import annotations

import rich_click as click

from optbench.cli.data import embed, export, freeze, generate, importing, info, make, remake, verify


@click.group()
def data() -> None:
    """Describe, verify and create datasets, from files or with a language model."""


for command in (
    info.info,
    verify.verify,
    generate.generate,
    embed.embed,
    freeze.freeze,
    importing.import_files,
    make.make,
    remake.remake,
    export.export,
):
    data.add_command(command)
