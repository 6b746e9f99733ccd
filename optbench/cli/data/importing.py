"""`optbench data import`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click

from optbench.cli.console import say
from optbench.cli.data.freeze import new_dataset
from optbench.cli.options import Number


@click.command("import")
@click.option("--train", type=click.Path(path_type=Path), required=True, help="CSV or JSON Lines.")
@click.option("--validation", type=click.Path(path_type=Path), help="The same; without it, a share of the training questions.")
@click.option("--test", type=click.Path(path_type=Path), required=True, help="The same.")
@click.option("--name", required=True, help="What to call the dataset.")
@click.option("--validation-share", type=Number(0, 1, min_open=True, max_open=True), default=0.2, show_default=True)
@click.option("--title", default="", help="One line about it.")
@click.option("--licence", default="", help="Such as CC-BY-4.0.")
@click.option("--made", default="", help="How it was made.")
@click.option("--force", is_flag=True, help="Replace a dataset of that name.")
def import_files(name: str, validation_share: float, force: bool, **given: Any) -> None:
    """Make a dataset from files with columns question, answer, label (or soru, cevap, etiket).

    It is written to .optbench/datasets/NAME and found there by its name. A label is 1 for a correct answer and -1 for an
    incorrect one. Without a validation file, the training questions with the lowest SHA-256 go to validation, both answers of a
    question together.
    """
    from optbench.curation.importing import read_files, write

    folder = new_dataset(name)
    files = {split: given[split] for split in ("train", "validation", "test") if given[split] is not None}
    splits = read_files(files, validation_share)
    about = {"name": name, "title": given["title"], "licence": given["licence"], "made": given["made"]}
    dataset = write(folder, splits, about, replace=force)
    counts = ", ".join(f"{len(rows)} {split}" for split, rows in dataset.splits.items())
    say(f"{dataset.folder}: {counts} rows; 'optbench run --all -d {name}' uses it")
