"""Creating a dataset's folder from rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from optbench.core.errors import DataError, UsageError, printable
from optbench.curation import card, croissant
from optbench.curation.reading import read
from optbench.curation.row_rules import Source, check_labels, check_together, warn_of_repetitions
from optbench.curation.writing import REMEDY, check_free, split_file, validated, write_folder
from optbench.data.loader import FrozenDataset
from optbench.data.manifest import SPLITS, Manifest, SplitFile, VectorFile
from optbench.data.rows import Row, columns, write_csv
from optbench.data.same_text import representatives


def read_files(files: Mapping[str, Path], validation_share: float) -> dict[str, list[Row]]:
    """Read the files of the splits; without a validation file, take that share of the training questions.

    Rows that repeat an earlier one are reported as a warning.

    Raises:
        DataError: a file or a row breaks a rule.
    """
    sources = {name: Source(printable(str(path)), read(path)) for name, path in files.items()}
    check_together(list(sources.values()))  # while rows are still numbered as in the files
    for name, source in sources.items():
        check_labels(source.rows, f"{source.file}, rows 1 to {len(source.rows)}", name, "add rows with the other label")
        warn_of_repetitions(source)
    splits = {name: list(source.rows) for name, source in sources.items()}
    if "validation" not in splits:
        file = sources["train"].file
        splits["train"], splits["validation"] = _divide(splits["train"], validation_share)
        for name in ("train", "validation"):
            remedy = "give a --validation file or another --validation-share"
            check_labels(splits[name], f"{file}, divided by a validation share of {validation_share}", name, remedy)
    return {name: splits[name] for name in SPLITS}


def write(
    folder: Path,
    splits: Mapping[str, list[Row]],
    about: Mapping[str, Any],
    *,
    vectors: Mapping[str, tuple[VectorFile, bytes]] | None = None,
    replace: bool = False,
    remedy: str = REMEDY,
) -> FrozenDataset:
    """Write a dataset into `folder` and return it; either the whole folder is written or nothing.

    Args:
        folder: where to write it.
        splits: the rows.
        about: the other entries of the manifest, `name` among them.
        vectors: for each set of vectors its entry and the content of its file.
        replace: whether to replace a folder that exists.
        remedy: what the user can do about a folder that exists.

    Raises:
        UsageError: the folder already exists, or an entry of the manifest breaks a rule.
    """
    check_free(folder, replace=replace, remedy=remedy)
    sets = vectors or {}
    contents = {f"{name}.csv": write_csv(rows) for name, rows in splits.items()}
    manifest = validated(
        {
            **about,
            "splits": {name: _entry(name, contents[f"{name}.csv"], rows) for name, rows in splits.items()},
            "vectors": {name: entry for name, (entry, _) in sets.items()},
        }
    )
    contents |= {entry.file: content for entry, content in sets.values()}
    return write_folder(folder, manifest, contents, lambda described: companions(described, splits))


def _entry(name: str, content: bytes, rows: Sequence[Row]) -> SplitFile:
    if not rows:
        raise UsageError(f"a dataset cannot be written: the {name} split has no rows")
    return split_file(name, content, len(rows))


def companions(manifest: Manifest, splits: Mapping[str, list[Row]]) -> dict[str, bytes]:
    """Return the files that are generated from manifest and rows, by name: the Croissant file and the data card.

    Equal arguments give equal bytes on any machine.
    """
    described = croissant.croissant(manifest, {name: columns(rows) for name, rows in splits.items()})
    return {
        croissant.NAME: (json.dumps(described, indent=2, ensure_ascii=False) + "\n").encode(),
        card.NAME: card.data_card(manifest, card.tally(splits)).encode(),
    }


def _divide(rows: list[Row], share: float) -> tuple[list[Row], list[Row]]:
    """Move a share of the questions to a second list: those with the lowest SHA-256, so that no randomness is needed.

    Spellings of one question, which differ in case, spaces and so on, stay together.
    """
    spelling = representatives(row.question for row in rows)
    questions = sorted(set(spelling.values()), key=lambda q: hashlib.sha256(q.encode()).digest())
    chosen = frozenset(questions[: round(share * len(questions))])
    kept = [row for row in rows if spelling[row.question] not in chosen]
    moved = [row for row in rows if spelling[row.question] in chosen]
    if not kept or not moved:
        raise DataError(f"a share of {share} of {len(questions)} questions leaves none for a split; give a --validation file")
    return kept, moved
