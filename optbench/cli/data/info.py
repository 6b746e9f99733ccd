"""`optbench data info`."""

from __future__ import annotations

from collections import Counter
from typing import Any

import rich_click as click

from optbench.cli.console import json_lines, out
from optbench.cli.options import json_option, load_registry, plugin_option


@click.command()
@click.argument("name")
@json_option
@plugin_option
def info(name: str, as_json: bool) -> None:
    """Say what the dataset NAME (a name or a folder) is."""
    from optbench.planning.datasets import find_dataset

    dataset = find_dataset(load_registry(), name)
    manifest = dataset.manifest
    rows = [row for split in dataset.splits.values() for row in split]
    about: dict[str, Any] = {
        "name": manifest.name,
        "version": manifest.version,
        "title": manifest.title,
        "language": manifest.language,
        "licence": manifest.licence,
        "digest": dataset.digest,
        "splits": {split: len(found) for split, found in dataset.splits.items()},
        "questions": len({row.question for row in rows}),
        "labels": {str(label): count for label, count in sorted(Counter(row.label for row in rows).items())},
        "topics": dict(sorted(Counter(row.topic for row in rows if row.topic).items())),
        "kinds": dict(sorted(Counter(row.kind for row in rows if row.kind).items())),
        "vectors": sorted(manifest.vectors),
        "made": manifest.made,
        "folder": str(dataset.folder),
    }
    if as_json:
        json_lines([about])
        return
    for key, value in about.items():
        shown = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
        out(f"{key:10} {', '.join(shown) if isinstance(shown, list) else shown}")
