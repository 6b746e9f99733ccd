"""From texts to the numbers that a network sees: vectors of question and answer side by side, and a column of ones."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
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


@dataclass(frozen=True)
class EmbeddedDataset:
    """All rows of a dataset, embedded: training rows first, then validation, then test.

    `x` has shape (n, 2d + 1) and `y` shape (n,), both of the run's dtype; the slices select the rows of each split.
    """

    x: Array
    y: Vector
    train: slice
    validation: slice
    test: slice

    @cached_property
    def operator(self) -> Operator:
        """`x` for networks that use it only as `x @ weights`."""
        return operator(self.x)


def assemble(dataset: FrozenDataset, embedder: Embedder, dtype: npt.DTypeLike) -> EmbeddedDataset:
    """Embed `dataset`; the embedder is fitted to training texts only.

    Raises:
        DataError: the embedder returns something other than one finite float32 vector per text.
    """
    splits = dataset.splits
    fitted = embedder.fit([text for row in splits["train"] for text in (row.question, row.answer)])
    questions = encode(embedder, [row.question for row in dataset.rows], "question", fitted)
    answers = encode(embedder, [row.answer for row in dataset.rows], "answer", fitted)
    x = np.hstack([questions, answers, np.ones((len(dataset.rows), 1), np.float32)])
    stops = itertools.accumulate((len(splits[name]) for name in SPLITS), initial=0)
    train, validation, test = (slice(first, stop) for first, stop in itertools.pairwise(stops))
    return EmbeddedDataset(
        np.ascontiguousarray(x, dtype),
        np.array([row.label for row in dataset.rows], dtype),
        train=train,
        validation=validation,
        test=test,
    )


def encode(embedder: Embedder, texts: Sequence[str], role: Role, fitted: object) -> npt.NDArray[np.float32]:
    """Return the vectors of texts, shape (len(texts), d), after checking them.

    Raises:
        DataError: the embedder returns something other than one finite float32 vector per text.
    """
    vectors = embedder.encode(texts, role, fitted)
    two_dimensional = isinstance(vectors, np.ndarray) and vectors.ndim == 2  # noqa: PLR2004  # rows and columns
    if not two_dimensional or vectors.dtype != np.float32 or len(vectors) != len(texts) or not vectors.shape[1]:
        got = f"{vectors.dtype} of shape {vectors.shape}" if isinstance(vectors, np.ndarray) else type(vectors).__name__
        raise DataError(
            f"embedder {embedder.name!r} returned {got} for {len(texts)} {role}s; it must be float32, ({len(texts)}, d)"
        )
    if not np.isfinite(vectors).all():
        raise DataError(f"embedder {embedder.name!r} returned NaN or infinity for a {role}")
    return vectors
