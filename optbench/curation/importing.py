"""Making a dataset's folder from files of rows: all or nothing."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from optbench.core.errors import DataError, UsageError
from optbench.curation import card, croissant
from optbench.data import manifest as manifests
from optbench.data.loader import FrozenDataset, check_splits, load
from optbench.data.manifest import SPLITS, Manifest, SplitFile, VectorFile
from optbench.data.rows import Row, columns, parse, write_csv


def read_files(files: Mapping[str, Path], validation_share: float) -> dict[str, list[Row]]:
    """Read the given splits; where there is no validation file, take that share of the training questions for it.

    Raises:
        DataError: a file or a row breaks a rule.
    """
    splits = {name: parse(_content(path), str(path), crlf=True) for name, path in files.items()}
    check_splits(splits, {name: str(path) for name, path in files.items()})  # before rows lose their places in the files
    if "validation" not in splits:
        splits["train"], splits["validation"] = _divide(splits["train"], validation_share)
    return {name: splits[name] for name in SPLITS}


def write(
    folder: Path,
    splits: Mapping[str, list[Row]],
    about: Mapping[str, Any],
    *,
    vectors: Mapping[str, tuple[VectorFile, bytes]] | None = None,
    replace: bool = False,
) -> FrozenDataset:
    """Write a dataset into `folder`: beside it first, then in one rename, so that nothing half-written is ever seen there.

    Args:
        folder: where to.
        splits: the rows.
        about: the manifest's other entries.
        vectors: for each set of vectors its entry and its file.
        replace: whether to replace a folder that exists.

    Raises:
        UsageError: the folder exists already.
    """
    if folder.exists() and not replace:
        raise UsageError(f"{folder} exists already; choose another --name, or replace it with --force")
    contents = {f"{name}.csv": write_csv(rows) for name, rows in splits.items()}
    entries = {
        name: SplitFile(file=f"{name}.csv", sha256=hashlib.sha256(contents[f"{name}.csv"]).hexdigest(), rows=len(rows))
        for name, rows in splits.items()
    }
    sets = vectors or {}
    contents |= {entry.file: content for entry, content in sets.values()}
    manifest = Manifest.model_validate(
        {**about, "splits": entries, "vectors": {name: entry for name, (entry, _) in sets.items()}}
    )
    contents[manifests.NAME] = (manifest.model_dump_json(indent=2) + "\n").encode()
    contents |= companions(manifest, splits)
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, content in contents.items():
            (beside / name).parent.mkdir(exist_ok=True)
            with (beside / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        beside.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return load(folder)


def companions(manifest: Manifest, splits: Mapping[str, list[Row]]) -> dict[str, bytes]:
    """Return the files that say in other words what the manifest says, by name: for Croissant's readers and for people.

    They follow from the arguments alone, so that two machines write the same bytes.
    """
    described = croissant.croissant(manifest, {name: columns(rows) for name, rows in splits.items()})
    return {
        croissant.NAME: (json.dumps(described, indent=2, ensure_ascii=False) + "\n").encode(),
        card.NAME: card.data_card(manifest, card.tally(splits)).encode(),
    }


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def _divide(rows: list[Row], share: float) -> tuple[list[Row], list[Row]]:
    """Move a share of the questions to a second list: those with the lowest SHA-256, so that no randomness is needed."""
    questions = sorted({row.question for row in rows}, key=lambda q: hashlib.sha256(q.encode()).digest())
    chosen = frozenset(question.casefold() for question in questions[: round(share * len(questions))])
    kept = [row for row in rows if row.question.casefold() not in chosen]
    moved = [row for row in rows if row.question.casefold() in chosen]
    if not kept or not moved:
        raise DataError(
            f"{len(questions)} questions cannot be divided with a share of {share} for validation; give a --validation file"
        )
    return kept, moved
