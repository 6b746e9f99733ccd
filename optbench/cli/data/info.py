"""`optbench data info`."""

from __future__ import annotations

from typing import Any

import rich_click as click

from optbench.cli.console import json_lines, out
from optbench.cli.options import json_option, load_registry, plugin_option


@click.command()
@click.argument("name")
@json_option
@plugin_option
def info(name: str, as_json: bool) -> None:
    """Describe the dataset NAME (a name or a folder)."""
    from optbench.curation.card import tally
    from optbench.planning.datasets import find_dataset

    dataset = find_dataset(load_registry(), name)
    manifest, counts = dataset.manifest, tally(dataset.splits)
    about: dict[str, Any] = {
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
    if as_json:
        json_lines([about])
        return
    for key, value in about.items():
        text = [f"{k} {v}" for k, v in value.items()] if isinstance(value, dict) else value
        out(f"{key:10} {', '.join(text) if isinstance(text, list) else text}")
