"""`optbench data import`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click

from optbench.cli.console import say
from optbench.cli.data.common import new_dataset, row_counts, warn_of_small_splits
from optbench.cli.options import Number


@click.command("import")
@click.option("--train", type=click.Path(path_type=Path), required=True, help="The training rows, CSV or JSON Lines.")
@click.option("--validation", type=click.Path(path_type=Path), help="The validation rows. [default: part of the training rows]")
@click.option("--test", type=click.Path(path_type=Path), required=True, help="The test rows.")
@click.option("--name", required=True, help="The name of the dataset.")
@click.option(
    "--validation-share",
    type=Number(0, 1, min_open=True, max_open=True),
    default=0.2,
    show_default=True,
    help="The share of the training questions that is used for validation if there is no validation file.",
)
@click.option("--title", default="", help="Its title, one line.")
@click.option("--licence", default="", help="Its licence, such as CC-BY-4.0.")
@click.option("--made", default="", help="How the texts were made.")
@click.option("--force", is_flag=True, help="Replace a dataset of the same name.")
def import_files(name: str, validation_share: float, force: bool, **options: Any) -> None:
    """Create a dataset from files with columns question, answer, label (or soru, cevap, etiket).

    It is written to .optbench/datasets/NAME, where it is found by its name. A label is 1 for a correct answer and -1 for an
    incorrect one, and each file must have both. Cells are separated by commas, semicolons or tabs. No question may be in two
    files, not even with other case, spaces or final punctuation. Without a validation file, the training questions with the
    lowest SHA-256 are used for validation, with both answers of each.
    """
    from optbench.curation.importing import read_files, write

    folder = new_dataset(name)
    files = {split: options[split] for split in ("train", "validation", "test") if options[split] is not None}
    splits = read_files(files, validation_share)
    about = {"name": name, "title": options["title"], "licence": options["licence"], "made": options["made"]}
    dataset = write(folder, splits, about, replace=force)
    warn_of_small_splits(dataset)
    say(f"{dataset.folder}: {row_counts(dataset)}; use it with 'optbench run --all -d {name}'")
