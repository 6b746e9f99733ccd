"""From texts to the matrix that a network sees: question and answer vectors side by side, and a column of ones."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from optbench.core.contracts import Embedder, Role
from optbench.core.errors import DataError
from optbench.core.numerics import Array, Operator, Vector
from optbench.data.loader import FrozenDataset
from optbench.data.manifest import SPLITS
from optbench.data.operators import operator
from optbench.data.rows import Row


@dataclass(frozen=True)
class Matrix:
    """All rows of a dataset, embedded: training rows first, then validation, then test.

    `x` has shape (n, 2d + 1) and `y` (n,), both of the run's type; the slices say which rows are whose.
    """

    x: Array
    y: Vector
    train: slice
    validation: slice
    test: slice

    @cached_property
    def operator(self) -> Operator:
        """`x` for networks that ask no more of it than `x @ weights`."""
        return operator(self.x)


def assemble(dataset: FrozenDataset, embedder: Embedder, dtype: npt.DTypeLike) -> Matrix:
    """Embed `dataset`; the embedder is fitted on training texts only.

    Raises:
        DataError: the embedder returns something other than one finite float32 vector a text.
    """
    splits = dataset.splits
    rows = [row for name in SPLITS for row in splits[name]]
    fitted = embedder.fit([text for row in splits["train"] for text in (row.question, row.answer)])
    questions = _encode(embedder, rows, "question", fitted)
    answers = _encode(embedder, rows, "answer", fitted)
    x = np.hstack([questions, answers, np.ones((len(rows), 1), np.float32)])
    stops = itertools.accumulate((len(splits[name]) for name in SPLITS), initial=0)
    train, validation, test = (slice(first, stop) for first, stop in itertools.pairwise(stops))
    return Matrix(
        np.ascontiguousarray(x, dtype),
        np.array([row.label for row in rows], dtype),
        train=train,
        validation=validation,
        test=test,
    )


def _encode(embedder: Embedder, rows: list[Row], role: Role, fitted: object) -> npt.NDArray[np.float32]:
    vectors = embedder.encode([getattr(row, role) for row in rows], role, fitted)
    two_dimensional = isinstance(vectors, np.ndarray) and vectors.ndim == 2  # noqa: PLR2004  # rows and columns
    if not two_dimensional or vectors.dtype != np.float32 or len(vectors) != len(rows) or not vectors.shape[1]:
        found = f"{vectors.dtype} of shape {vectors.shape}" if isinstance(vectors, np.ndarray) else type(vectors).__name__
        raise DataError(
            f"embedder {embedder.name!r} returned {found} for {len(rows)} {role}s; it must be float32, ({len(rows)}, d)"
        )
    if not np.isfinite(vectors).all():
        raise DataError(f"embedder {embedder.name!r} returned NaN or infinity for a {role}")
    return vectors
