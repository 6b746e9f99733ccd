"""Writing the folder of a table of numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from optbench.core.contracts import Split, TableRows
from optbench.curation import card, croissant
from optbench.curation.table_baselines import baselines_of_rows, condition_numbers_of_rows, measure_name
from optbench.curation.table_card import table_card
from optbench.curation.writing import REMEDY, check_free, split_file, validated, write_folder
from optbench.data.columns import Columns
from optbench.data.loader import FrozenDataset
from optbench.data.manifest import SPLITS, Manifest
from optbench.data.table import digest_of_rows, names, write_csv


def write_table(
    folder: Path,
    tables: Mapping[Split, TableRows],
    columns: Columns,
    about: Mapping[str, Any],
    *,
    measure: bool = True,
    replace: bool = False,
    remedy: str = REMEDY,
) -> FrozenDataset:
    """Write a table into `folder` and return it; either the whole folder is written or nothing.

    Args:
        folder: where to write it.
        tables: the rows of each split.
        columns: their columns.
        about: the other entries of the manifest, `name` among them.
        measure: whether to measure the figures of the manifest, which may take a minute for many rows.
        replace: whether to replace a folder that exists.
        remedy: what the user can do about a folder that exists.

    Raises:
        UsageError: the folder already exists, or an entry of the manifest breaks a rule.
    """
    check_free(folder, replace=replace, remedy=remedy)
    files = {f"{name}.csv": write_csv(tables[name], columns) for name in SPLITS}
    entries = {name: split_file(name, files[f"{name}.csv"], len(tables[name]), digest_of_rows(tables[name])) for name in SPLITS}
    manifest = validated({**about, "kind": "table", "columns": columns, "splits": entries})
    if measure:
        manifest = manifest.model_copy(update={"figures": table_figures(tables, manifest)})
    return write_folder(folder, manifest, files, lambda described: table_companions(described, tables))


def table_companions(manifest: Manifest, tables: Mapping[Split, TableRows]) -> dict[str, bytes]:
    """Return the files that are generated from manifest and rows, by name: the Croissant file and the data card.

    Equal arguments give equal bytes on any machine.
    """
    described = croissant.croissant(manifest, dict.fromkeys(SPLITS, names(manifest.table_columns)))
    return {
        croissant.NAME: (json.dumps(described, indent=2, ensure_ascii=False) + "\n").encode(),
        card.NAME: table_card(manifest, tables).encode(),
    }


def table_figures(tables: Mapping[Split, TableRows], manifest: Manifest) -> dict[str, str | dict[str, float]]:
    """Return the measurements of a table as its manifest keeps them: condition numbers, and what simple models reach."""
    conditions = {name: float(f"{value:.4g}") for name, value in condition_numbers_of_rows(tables["train"]).items()}
    measured = baselines_of_rows(tables, manifest.table_columns, manifest.loss)
    return {
        "condition number of the training inputs": conditions,
        "measure of simple models": f"{measure_name(manifest)} on the test rows",
        **{model: {"all": round(value, 4)} for model, value in measured.items()},
    }
