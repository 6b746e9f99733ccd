"""`optbench data info`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rich_click as click

from optbench.cli.console import json_lines, out
from optbench.cli.options import json_option, load_registry, plugin_option

if TYPE_CHECKING:
    from optbench.data.loader import FrozenDataset


@click.command()
@click.argument("name")
@json_option
@plugin_option
def info(name: str, as_json: bool) -> None:
    """Describe the dataset NAME (a name or a folder)."""
    from optbench.planning.datasets import find_dataset

    dataset = find_dataset(load_registry(), name)
    about = _table(dataset) if dataset.kind == "table" else _texts(dataset)
    if as_json:
        json_lines([about])
        return
    for key, value in about.items():
        text = [f"{k} {v}" for k, v in value.items()] if isinstance(value, dict) else value
        out(f"{key:10} {', '.join(text) if isinstance(text, list) else text}")


def _texts(dataset: FrozenDataset) -> dict[str, Any]:
    from optbench.curation.card import tally

    manifest, counts = dataset.manifest, tally(dataset.splits)
    return {
        "name": manifest.name,
        "version": manifest.version,
        "title": manifest.title,
        "language": manifest.language,
        "licence": manifest.licence,
        "digest": dataset.digest,
        "splits": counts["rows"],
        "questions": counts["questions"],
        "labels": counts["labels"],
        "topics": counts["topics"],
        "kinds": counts["kinds"],
        "vectors": sorted(manifest.vectors),
        "made": manifest.made,
        "folder": str(dataset.folder),
    }


def _table(dataset: FrozenDataset) -> dict[str, Any]:
    from optbench.curation.table_card import class_counts, task_in_words
    from optbench.data.generated import GeneratedTable

    manifest, columns = dataset.manifest, dataset.manifest.table_columns
    generated = isinstance(dataset, GeneratedTable)
    return {
        "name": dataset.name,
        "version": manifest.version,
        "title": manifest.title,
        "licence": manifest.licence,
        "digest": dataset.digest,
        "splits": dict(dataset.sizes),
        "features": len(columns.features),
        "task": task_in_words(columns),
        "targets": columns.targets if columns.targets != columns.features else [],
        "classes": class_counts(dataset.tables, columns),
        "loss": manifest.loss,
        "made": manifest.made,
        "folder": "" if generated else str(dataset.folder),
    }
