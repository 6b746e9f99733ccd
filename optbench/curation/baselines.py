"""The accuracy that is possible without reading the question: from the lengths alone, and from the answer alone.

Cross-validated in five folds by group, so that no question is in two folds; logistic regression of scikit-learn, with its
defaults.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from optbench.core.turkish import turkish_lower
from optbench.data.loader import FrozenDataset
from optbench.data.rows import Row
from optbench.data.vectors import FrozenVectors, Vectors, vector_sets

FOLDS = 5


@dataclass(frozen=True)
class Baseline:
    """The accuracy of one simple model, on all rows and for each kind of incorrect answer."""

    accuracy: float
    by_kind: Mapping[str, float]


def baselines(rows: Sequence[Row], encoded: Mapping[str, Vectors]) -> dict[str, Baseline]:
    """Return the accuracy of each simple model; each row is predicted by a model that was fitted to other groups.

    Args:
        rows: the rows of all splits.
        encoded: for each set of vectors those of the rows' answers, shape (rows, d).
    """
    from sklearn.feature_extraction.text import TfidfVectorizer  # takes a second to import
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    answers: list[Any] = [row.answer for row in rows]
    lengths = np.array([[len(row.question), len(row.answer)] for row in rows], float)

    def words() -> Any:
        return make_pipeline(TfidfVectorizer(preprocessor=turkish_lower), LogisticRegression())

    def characters() -> Any:
        vectorizer = TfidfVectorizer(preprocessor=turkish_lower, analyzer="char_wb", ngram_range=(2, 5))
        return make_pipeline(vectorizer, LogisticRegression())

    measured = {
        "lengths": _cross_validate(rows, lengths, lambda: make_pipeline(StandardScaler(), LogisticRegression())),
        "answer-only words": _cross_validate(rows, answers, words),
        "answer-only characters": _cross_validate(rows, answers, characters),
    }
    for name, vectors in encoded.items():
        measured[f"answer-only {name}"] = _cross_validate(rows, vectors, LogisticRegression)
    return measured


def baselines_of(dataset: FrozenDataset) -> dict[str, Baseline]:
    """Return the baselines of a dataset, with each set of vectors that is available."""
    answers = [row.answer for row in dataset.rows]
    sets = vector_sets(dataset).items()
    return baselines(dataset.rows, {name: FrozenVectors.of(vectors).encode(answers, "answer", None) for name, vectors in sets})


def _cross_validate(rows: Sequence[Row], inputs: Any, make: Callable[[], Any]) -> Baseline:
    from sklearn.model_selection import GroupKFold

    y = np.array([row.label for row in rows])
    groups = np.unique([row.group or row.question for row in rows], return_inverse=True)[1]
    correct = np.zeros(len(rows), bool)
    for train, test in GroupKFold(min(FOLDS, int(groups.max()) + 1)).split(y, y, groups):
        model = make().fit(_take(inputs, train), y[train])
        correct[test] = model.predict(_take(inputs, test)) == y[test]
    kinds = np.array([row.kind for row in rows])
    by_kind = {str(kind): float(correct[kinds == kind].mean()) for kind in sorted(set(kinds)) if kind}
    return Baseline(float(correct.mean()), by_kind)


def _take(inputs: Any, indices: npt.NDArray[np.intp]) -> Any:
    return inputs[indices] if isinstance(inputs, np.ndarray) else [inputs[index] for index in indices]
