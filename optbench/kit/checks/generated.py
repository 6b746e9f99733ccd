"""The rules of generated datasets."""

from __future__ import annotations

import hashlib
import inspect
import itertools
from typing import Any

import numpy as np

from optbench.core.errors import DataError
from optbench.data import table
from optbench.data.generated import generated_table
from optbench.data.manifest import SPLITS
from optbench.kit.rules import Subject, Violations, rule


def digest(dataset: Any) -> str:
    """Return the SHA-256 of the numbers of all splits, generated anew."""
    rows = dataset.generate()
    return hashlib.sha256("".join(table.digest_of_rows(rows[split]) for split in SPLITS).encode()).hexdigest()


@rule(
    "generates",
    'return {"train": ..., "validation": ..., "test": ...} of TableRows: finite float64 matrices; a target of a classification '
    "is the number of its class",
    basic=True,
)
def generates(subject: Subject) -> Violations:
    """`generate` returns three splits of finite numbers that agree with `task`."""
    try:
        generated_table(subject.instance, subject.name, subject.instance.loss)
    except DataError as error:
        yield str(error)


@rule("origin", "set title, licence and difficulty on the class")
def origin(subject: Subject) -> Violations:
    """It has a title, a licence, and a statement of what makes it hard for an optimizer."""
    for name in ("title", "licence", "difficulty"):
        text = inspect.getattr_static(subject.cls, name, "")
        if not (isinstance(text, str | property) and (text if isinstance(text, property) else text.strip())):
            yield f"{name} is {text!r}"


@rule("classes", "draw enough rows of each class for each split")
def classes(subject: Subject) -> Violations:
    """Each class occurs in each split."""
    count = len(subject.instance.task.classes)
    for split, rows in subject.instance.generate().items():
        missing = set(range(count)) - set(rows.targets[:, 0].tolist()) if count else set()
        if missing:
            yield f"{split} has no row of class {min(missing)}"


@rule("disjoint splits", "give each row to one split only, or draw other rows for each")
def disjoint(subject: Subject) -> Violations:
    """No row is in two splits; equal features with another target, such as that of a wrong label, are allowed."""
    rows = subject.instance.generate()
    whole = {split: np.hstack([rows[split].features, rows[split].targets]) + 0.0 for split in SPLITS}
    seen = {split: {row.tobytes() for row in np.ascontiguousarray(array)} for split, array in whole.items()}
    for one, other in itertools.combinations(SPLITS, 2):
        common = len(seen[one] & seen[other])
        if common:
            yield f"{common} rows of {other} are in {one} too"


RULES = (origin, classes, disjoint)
