"""The rules of embedders for tables of numbers."""

from __future__ import annotations

import copy
import hashlib
from typing import Any

import numpy as np

from optbench.core.numerics import Array
from optbench.core.seeding import stream
from optbench.kit.rules import Subject, Violations, rule

_CLOSE = 1e-9  # BLAS may use another kernel for another number of rows


def training() -> Array:
    """Return the rows that an embedder is fitted to: columns of different scales, one of them constant."""
    rows = stream(6, "init").standard_normal((40, 5)) * (1.0, 1e-3, 1e3, 1.0, 1.0)
    rows[:, 3] = 7.0
    return rows


def others() -> Array:
    """Return rows that it is not fitted to, some of them far away."""
    rows = stream(7, "init").standard_normal((12, 5)) * (1.0, 1e-3, 1e3, 1.0, 1e6)
    rows[0] = 0.0
    return rows


def digest(embedder: Any) -> str:
    """Return the SHA-256 of the vectors of rows it was fitted to, and of others."""
    fitted = embedder.fit_table(training())
    vectors = [embedder.encode_table(rows, fitted) for rows in (training(), others())]
    return hashlib.sha256(b"".join(np.ascontiguousarray(one).tobytes() for one in vectors)).hexdigest()


@rule("shapes and types", "return a float64 or float32 array with one row per row, as wide for one row as for many", basic=True)
def shapes_and_types(subject: Subject) -> Violations:
    """`encode_table` returns shape (n, d), where d does not depend on the number of rows, and changes no argument."""
    rows, fitted = training(), subject.instance.fit_table(training())
    widths = set()
    for part in (rows, others(), rows[:1]):
        before = part.copy()
        vectors = subject.instance.encode_table(part, fitted)
        if not np.array_equal(part, before):
            yield "encode_table changes the features"
        if not isinstance(vectors, np.ndarray):
            yield f"encode_table returns {type(vectors).__name__}"
        elif vectors.dtype.kind != "f" or vectors.ndim != 2 or len(vectors) != len(part) or not vectors.size:
            yield f"encode_table returns {vectors.dtype.name} of shape {vectors.shape} for {len(part)} rows"
        else:
            widths.add(vectors.shape[1])
    if len(widths) > 1:
        yield f"vectors have {' or '.join(map(str, sorted(widths)))} numbers, depending on the number of rows"


@rule("finite", "do not divide by a deviation or a norm that may be 0, such as that of a constant column")
def finite(subject: Subject) -> Violations:
    """No vector has NaN or infinity, though a column is constant in the training rows."""
    fitted = subject.instance.fit_table(training())
    for name, rows in (("training rows", training()), ("other rows", others())):
        if not np.isfinite(subject.instance.encode_table(rows, fitted)).all():
            yield f"vectors of {name} are not finite"


@rule(
    "one row, one vector",
    "compute a vector from its own row and `fitted` alone, not from the other rows of the call",
    after=("finite", "fitted on training rows only"),
)
def one_row_one_vector(subject: Subject) -> Violations:
    """A row has the same vector alone and among others."""
    fitted, rows = subject.instance.fit_table(training()), others()
    together = subject.instance.encode_table(rows, fitted)
    alone = np.vstack([subject.instance.encode_table(rows[place : place + 1], fitted) for place in range(len(rows))])
    if not np.allclose(together, alone, rtol=_CLOSE, atol=_CLOSE):
        yield "rows have other vectors alone"


@rule("fitted on training rows only", "return all that is fitted from fit_table; encode_table must not change or keep anything")
def fitted_on_training_rows_only(subject: Subject) -> Violations:
    """Neither other rows, encoded before, nor another `fit_table` change the vector of a row."""
    embedder = copy.deepcopy(subject.instance)
    fitted = embedder.fit_table(training())
    before = embedder.encode_table(training(), fitted).copy()
    embedder.encode_table(others(), fitted)
    embedder.fit_table(others())
    if not np.array_equal(embedder.encode_table(training(), fitted), before):
        yield "encoding or fitting other rows changes the vectors"


RULES = (shapes_and_types, finite, fitted_on_training_rows_only, one_row_one_vector)
