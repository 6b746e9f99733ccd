"""`optbench data freeze`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click

from optbench.cli.console import say
from optbench.cli.data.common import about_options, encoder_options, encoders, new_dataset, row_counts, warn_of_small_splits


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@about_options
@click.option("--made", default="", help="How the texts were made.")
@click.option("--embedder", "sets", multiple=True, metavar="SET", help="A set of vectors to compute: e5-small, e5 or minilm.")
@encoder_options("--model")
def freeze(file: Path, name: str, sets: tuple[str, ...], force: bool, **options: Any) -> None:
    """Create a dataset from FILE: pairs from 'optbench data generate', or rows of question, answer and label.

    Questions are divided 60/20/20 by group, stratified by topic and kind, in an order determined by the name. Vectors and
    baselines are computed, and everything is written to .optbench/datasets/NAME, with a manifest, a croissant.json and a data
    card. For generated pairs, these also record the model, its digest, prompts, options and tokens.
    """
    from optbench.curation.freezing import freeze as freeze_rows
    from optbench.curation.freezing import read_rows
    from optbench.curation.generation.language import TURKISH

    folder = new_dataset(name)
    rows, generated = read_rows(file)
    about = {"name": name, **{key: options[key] for key in ("version", "title", "licence", "made")}}
    about["language"] = options["language"] or (generated and generated.language) or TURKISH
    if generated is not None:
        about |= {"generated": generated, "made": options["made"] or generated.sentence}
    embedders = encoders(sets, options) if sets else {}
    dataset = freeze_rows(folder, rows, about, embedders, replace=force)
    warn_of_small_splits(dataset)
    say(f"{dataset.folder}: {row_counts(dataset)}, digest {dataset.digest}; check it with 'optbench data verify {name}'")
