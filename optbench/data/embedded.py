"""From a dataset's rows to the numbers that a network sees: the vectors of a row side by side, and a column of ones."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from optbench.core.contracts import Embedder, Role
from optbench.core.errors import DataError
from optbench.core.numerics import Array, Operator
from optbench.data.loader import FrozenDataset
from optbench.data.manifest import SPLITS
from optbench.data.operators import operator


@dataclass(frozen=True)
class EmbeddedDataset:
    """All rows of a dataset, embedded: training rows first, then validation, then test.

    The slices select the rows of each split.

    Attributes:
        x: inputs, of the run's dtype: (n, 2d + 1) for texts with question, answer and ones, (n, d + 1) for a table.
        y: what is predicted, of the run's dtype: the numbers of the classes, (n, 1), or standardized numbers, (n, columns).
        paired: whether the inputs are those of questions and answers, which recur.
    """

    x: Array
    y: Array
    train: slice
    validation: slice
    test: slice
    paired: bool = True

    @cached_property
    def operator(self) -> Operator:
        """`x` for networks that use it only as `x @ weights`."""
        return operator(self.x, paired=self.paired)


def assemble(dataset: FrozenDataset, embedder: Embedder, dtype: npt.DTypeLike) -> EmbeddedDataset:
    """Embed `dataset`; the embedder is fitted to training rows only.

    Raises:
        DataError: the embedder returns something other than one finite vector per row.
    """
    table = dataset.kind == "table"
    vectors, y = _numbers(dataset, embedder) if table else _texts(dataset, embedder)
    x = np.hstack([*vectors, np.ones((len(y), 1), vectors[0].dtype)])
    stops = itertools.accumulate((dataset.sizes[name] for name in SPLITS), initial=0)
    train, validation, test = (slice(first, stop) for first, stop in itertools.pairwise(stops))
    if not dataset.task.classes:
        y = _standardized(y, y[train])
    return EmbeddedDataset(
        np.ascontiguousarray(x, dtype),
        np.ascontiguousarray(y, dtype),
        train=train,
        validation=validation,
        test=test,
        paired=not table,
    )


def _texts(dataset: FrozenDataset, embedder: Embedder) -> tuple[list[Array], Array]:
    """Return the vectors of questions and of answers, and the numbers of the classes: 0 for -1, 1 for +1."""
    fitted = embedder.fit([text for row in dataset.splits["train"] for text in (row.question, row.answer)])
    questions = encode(embedder, [row.question for row in dataset.rows], "question", fitted)
    answers = encode(embedder, [row.answer for row in dataset.rows], "answer", fitted)
    return [questions, answers], np.array([[(row.label + 1) // 2] for row in dataset.rows], np.float64)


def _numbers(dataset: FrozenDataset, embedder: Embedder) -> tuple[list[Array], Array]:
    """Return the vectors of a table's rows, and what is predicted."""
    features, targets = (
        np.concatenate([getattr(dataset.tables[name], part) for name in SPLITS]) for part in ("features", "targets")
    )
    vectors = embedder.encode_table(features, embedder.fit_table(dataset.tables["train"].features))
    if not isinstance(vectors, np.ndarray) or vectors.dtype.kind != "f" or vectors.shape[:1] != features.shape[:1]:
        got = f"{vectors.dtype} of shape {vectors.shape}" if isinstance(vectors, np.ndarray) else type(vectors).__name__
        raise DataError(
            f"embedder {embedder.name!r} returned {got} for {len(features)} rows; it must be floats, ({len(features)}, d)"
        )
    if vectors.ndim != 2 or not vectors.shape[1] or not np.isfinite(vectors).all():  # noqa: PLR2004  # rows and columns
        raise DataError(f"embedder {embedder.name!r} returned no columns, NaN or infinity for a row of numbers")
    return [vectors], targets


def _standardized(y: Array, training: Array) -> Array:
    """Return targets less the mean of each column, over one scale for all columns, both of the training rows.

    One scale, so that the columns keep their proportions: the loss of an autoencoder is that of its inputs.
    """
    centred = training - training.mean(axis=0)
    constant = (training.min(axis=0) == training.max(axis=0)).all()  # whose deviation may be a rounding error
    scale = 1.0 if constant else float(np.sqrt(np.mean(centred * centred)))
    standardized: Array = (y - training.mean(axis=0)) / (scale or 1.0)
    return standardized


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
