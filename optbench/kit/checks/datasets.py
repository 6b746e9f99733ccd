"""The rules of datasets."""

from __future__ import annotations

from pathlib import Path

from optbench.core.errors import DataError
from optbench.data import manifest as manifests
from optbench.data.loader import load
from optbench.data.manifest import SplitFile, VectorFile
from optbench.kit.rules import Subject, Violations, rule


@rule("loads", "create the folder again with 'optbench data import', from rows that satisfy its rules")
def loads(subject: Subject) -> Violations:
    """The manifest and every row are valid."""
    try:
        load(_folder(subject)).validate()
    except DataError as error:
        yield str(error)


@rule("digests", "restore the files, or create the folder again: the manifest describes the files that were frozen", basic=True)
def digests(subject: Subject) -> Violations:
    """Every file that the manifest lists exists and has its digest, files of vectors too."""
    manifest = manifests.read(_folder(subject))
    entries: list[SplitFile | VectorFile] = [*manifest.splits.values(), *manifest.vectors.values()]
    for entry in entries:
        try:
            manifests.checked_bytes(_folder(subject), entry.file, entry.sha256)
        except DataError as error:
            yield str(error)


@rule("name", "give the class the name in the manifest")
def name(subject: Subject) -> Violations:
    """Class and manifest have the same name: results are stored under one and looked up by the other."""
    in_manifest = manifests.read(_folder(subject)).name
    if in_manifest != subject.name:
        yield f"the name of the class is {subject.name!r}, that in the manifest {in_manifest!r}"


@rule("origin", "pass --title, --licence and --made to 'optbench data import', which writes them to the manifest")
def origin(subject: Subject) -> Violations:
    """The manifest has a title, a licence and a description of how the dataset was made."""
    manifest = manifests.read(_folder(subject))
    for field in ("title", "licence", "made"):
        if not getattr(manifest, field).strip():
            yield f"{field} is empty"


@rule("both labels", "put right and wrong answers, or rows of each class of a table, into each split", after=("loads",))
def both_labels(subject: Subject) -> Violations:
    """Each split has right and wrong answers; in a table of classes, each has rows of every class."""
    dataset = load(_folder(subject))
    if dataset.kind == "texts":
        for split, rows in dataset.splits.items():
            if len({row.label for row in rows}) == 1:
                yield f"{split} has only the label {rows[0].label}"
        return
    for split, table in dataset.tables.items():
        missing = set(range(len(dataset.task.classes))) - set(table.targets[:, 0].tolist())
        if missing:
            yield f"{split} has no row of class {dataset.task.classes[min(missing)]!r}"


RULES = (digests, loads, name, origin, both_labels)


def _folder(subject: Subject) -> Path:
    return Path(subject.cls.folder)
