"""`optbench data freeze`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import rich_click as click

from optbench.cli.console import say
from optbench.cli.data.embed import encoder_from, encoder_options
from optbench.cli.options import load_registry
from optbench.core.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])


def about_options(command: F) -> F:
    """Add the options that describe a dataset."""
    for option in reversed(
        (
            click.option("--name", required=True, help="What to call the dataset."),
            click.option("--version", default="0", show_default=True, help="Its version."),
            click.option("--title", default="", help="One line about it."),
            click.option("--language", default="tr", show_default=True, help="Of the texts."),
            click.option("--licence", default="", help="Such as CC-BY-4.0."),
            click.option("--force", is_flag=True, help="Replace a dataset of that name."),
        ),
    ):
        command = option(command)
    return command


def new_dataset(name: str) -> Path:
    """Return the folder for a new dataset called `name`.

    Raises:
        UsageError: the name is none, or an installed dataset's.
    """
    from optbench.data.manifest import is_dataset_name
    from optbench.planning.datasets import DATASETS

    if not is_dataset_name(name):
        raise UsageError(f"a dataset cannot be called {name!r}: a name is lower-case letters and digits, joined by - _ or .")
    if name in load_registry().names("dataset"):
        raise UsageError(f"{name!r} is the name of an installed dataset; choose another")
    return DATASETS / name


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@about_options
@click.option("--made", default="", help="How the texts were made.")
@click.option("--embedder", "sets", multiple=True, metavar="SET", help="A set of vectors to make: e5 or minilm.")
@encoder_options("--model")
def freeze(file: Path, name: str, sets: tuple[str, ...], force: bool, **given: Any) -> None:
    """Make a dataset from FILE: pairs from 'optbench data generate', or rows of question, answer and label.

    Questions are divided 60/20/20 by group, stratified by topic and kind, in an order that follows from the name; vectors are
    made, what can be had without the question is measured, and all of it is written to .optbench/datasets/NAME, with a
    manifest, a croissant.json and a data card.
    """
    from optbench.curation.freezing import freeze as freeze_rows
    from optbench.curation.freezing import read_rows

    folder = new_dataset(name)
    about = {"name": name, **{key: given[key] for key in ("version", "title", "language", "licence", "made")}}
    dataset = freeze_rows(folder, read_rows(file), about, sets, encoder_from(given), replace=force)
    counts = ", ".join(f"{len(rows)} {split}" for split, rows in dataset.splits.items())
    say(f"{dataset.folder}: {counts} rows, digest {dataset.digest}; 'optbench data verify {name}' judges it")
