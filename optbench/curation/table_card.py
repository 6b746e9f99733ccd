"""The data card of a table of numbers, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from optbench.core.contracts import Split, TableRows
from optbench.core.numerics import Array
from optbench.curation.card import flat, table
from optbench.curation.croissant import citation, meaning
from optbench.data.columns import Columns
from optbench.data.manifest import SPLITS, Manifest
from optbench.data.table import names

MANY = 100
"""With more columns than this, a card describes them together."""


def table_card(manifest: Manifest, tables: Mapping[Split, TableRows]) -> str:
    """Return the card of a table.

    Args:
        manifest: its manifest.
        tables: the rows of each split.
    """
    return "\n\n".join(section.strip() for section in _sections(manifest, tables)) + "\n"


def task_in_words(columns: Columns) -> str:
    """Return what is predicted."""
    if columns.classes:
        return f"classification, {len(columns.classes)} classes"
    if columns.targets == columns.features:
        return "regression: the features themselves (an autoencoder)"
    return f"regression, {len(columns.targets)} target{'s' * (len(columns.targets) > 1)}"


def class_counts(tables: Mapping[Split, TableRows], columns: Columns) -> dict[str, int]:
    """Return the number of rows of each class, over all splits; empty for a regression."""
    targets = np.concatenate([rows.targets[:, 0] for rows in tables.values()])
    return {name: int((targets == number).sum()) for number, name in enumerate(columns.classes)}


def _sections(manifest: Manifest, tables: Mapping[Split, TableRows]) -> Iterator[str]:
    columns = manifest.table_columns
    yield f"# {manifest.title or manifest.name}"
    facts = {
        "name": f"{manifest.name}, version {manifest.version}",
        "licence": manifest.licence,
        "source": manifest.url,
        "frozen": manifest.published,
        "rows": sum(split.rows for split in manifest.splits.values()),
        "features": len(columns.features),
        "task": task_in_words(columns),
        "loss": manifest.loss,
        "digest": f"`{manifest.digest}`",
    }
    yield table(("", ""), ((key, value) for key, value in facts.items() if value))
    if manifest.made:
        yield f"## How it was made\n\n{manifest.made}"
    yield "## Splits\n\n" + table(
        ("split", "rows", "file", "SHA-256 of the file", "SHA-256 of the numbers"),
        (
            (name, split.rows, split.file, f"`{split.sha256}`", f"`{split.numbers}`")
            for name in SPLITS
            for split in (manifest.splits[name],)
        ),
    )
    if columns.classes:
        counts = {name: np.bincount(tables[name].targets[:, 0].astype(int), minlength=len(columns.classes)) for name in SPLITS}
        rows = ((number, cls, *(counts[name][number] for name in SPLITS)) for number, cls in enumerate(columns.classes))
        yield "## Classes\n\n" + table(("number", "class", *SPLITS), rows)
    yield "## Columns\n\n" + _columns(columns, tables)
    if manifest.figures:
        yield "## Figures\n\n" + table(("measurement", "value"), flat(manifest.figures))
    use = f"optbench data verify {manifest.name}\noptbench run -o adam -d {manifest.name}   # or the path of this folder"
    yield f"## Use\n\n```bash\n{use}\n```"
    yield f"## Citation\n\n```bibtex\n{citation(manifest)}\n```"


def _columns(columns: Columns, tables: Mapping[Split, TableRows]) -> str:
    places = {
        **{name: ("targets", place) for place, name in enumerate(columns.targets)},
        **{name: ("features", place) for place, name in enumerate(columns.features)},
    }

    def values(name: str) -> Array:
        part, place = places[name]
        return np.concatenate([getattr(tables[split], part)[:, place] for split in SPLITS])

    wanted = names(columns)
    if len(wanted) > MANY:
        lowest, highest = (f"{bound([bound(values(name)) for name in wanted]):.4g}" for bound in (np.min, np.max))
        return f"{len(wanted)} columns, {wanted[0]} to {wanted[-1]}; all numbers are from {lowest} to {highest}."
    return table(
        ("column", "meaning", "least", "largest"),
        ((name, meaning(columns, name), f"{values(name).min():.4g}", f"{values(name).max():.4g}") for name in wanted),
    )
