"""What a dataset promises."""

from __future__ import annotations

from pathlib import Path

from optbench.core.errors import DataError
from optbench.data import manifest as manifests
from optbench.data.loader import load
from optbench.data.manifest import SplitFile, VectorFile
from optbench.kit.rules import Subject, Violations, rule


@rule("loads", "make the folder anew with 'optbench data import', from rows that keep its rules")
def loads(subject: Subject) -> Violations:
    """The manifest keeps the rules, and every row too."""
    try:
        load(_folder(subject)).validate()
    except DataError as error:
        yield str(error)


@rule("digests", "restore the files, or make the folder anew: the manifest says what was frozen")
def digests(subject: Subject) -> Violations:
    """Every file that the manifest lists is there and has the digest that was frozen, vectors too."""
    manifest = manifests.read(_folder(subject))
    entries: list[SplitFile | VectorFile] = [*manifest.splits.values(), *manifest.vectors.values()]
    for entry in entries:
        try:
            manifests.checked_bytes(_folder(subject), entry.file, entry.sha256)
        except DataError as error:
            yield str(error)


@rule("name", "give the class the name that stands in the manifest")
def name(subject: Subject) -> Violations:
    """Class and manifest call it the same: results are stored under the one, and found by the other."""
    found = manifests.read(_folder(subject)).name
    if found != subject.name:
        yield f"the class says {subject.name!r}, the manifest {found!r}"


@rule("origin", "give --title, --licence and --made to 'optbench data import': they go into the manifest")
def origin(subject: Subject) -> Violations:
    """The manifest says what it is, under which licence, and how it was made."""
    manifest = manifests.read(_folder(subject))
    for field in ("title", "licence", "made"):
        if not getattr(manifest, field).strip():
            yield f"{field} is empty"


@rule("both labels", "give each split right and wrong answers")
def both_labels(subject: Subject) -> Violations:
    """Each split has answers that are right and such that are wrong."""
    for split, rows in load(_folder(subject)).splits.items():
        if len({row.label for row in rows}) == 1:
            yield f"{split} has only the label {rows[0].label}"


RULES = (loads, digests, name, origin, both_labels)


def _folder(subject: Subject) -> Path:
    return Path(subject.cls.folder)
