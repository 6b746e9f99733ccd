"""How far one gets without reading the question: the lengths alone, and linear models that see the answer alone.

Five-fold by group, so that no question stands on both sides; logistic regression of scikit-learn with its defaults.
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
    """The accuracy of one simple model, in all and for each kind of incorrect answer."""

    accuracy: float
    by_kind: Mapping[str, float]


def baselines(rows: Sequence[Row], encoded: Mapping[str, Vectors]) -> dict[str, Baseline]:
    """Return the accuracy of each simple model on all rows, each row evaluated by a model that has not seen its group.

    Args:
        rows: the rows of all splits.
        encoded: for each set of vectors those of the rows' answers, (rows, d).
    """
    from sklearn.feature_extraction.text import TfidfVectorizer  # a second to import
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

    found = {
        "lengths": _judge(rows, lengths, lambda: make_pipeline(StandardScaler(), LogisticRegression())),
        "answer-only words": _judge(rows, answers, words),
        "answer-only characters": _judge(rows, answers, characters),
    }
    for name, vectors in encoded.items():
        found[f"answer-only {name}"] = _judge(rows, vectors, LogisticRegression)
    return found


def baselines_of(dataset: FrozenDataset) -> dict[str, Baseline]:
    """Return the baselines of a dataset, with each set of vectors that is here."""
    rows = [row for split in dataset.splits.values() for row in split]
    answers = [row.answer for row in rows]
    sets = vector_sets(dataset).items()
    return baselines(rows, {name: FrozenVectors.of(vectors).encode(answers, "answer", None) for name, vectors in sets})


def _judge(rows: Sequence[Row], inputs: Any, make: Callable[[], Any]) -> Baseline:
    from sklearn.model_selection import GroupKFold

    y = np.array([row.label for row in rows])
    groups = np.unique([row.group or row.question for row in rows], return_inverse=True)[1]
    right = np.zeros(len(rows), bool)
    for seen, unseen in GroupKFold(min(FOLDS, int(groups.max()) + 1)).split(y, y, groups):
        model = make().fit(_take(inputs, seen), y[seen])
        right[unseen] = model.predict(_take(inputs, unseen)) == y[unseen]
    kinds = np.array([row.kind for row in rows])
    return Baseline(float(right.mean()), {str(kind): float(right[kinds == kind].mean()) for kind in sorted(set(kinds)) if kind})


def _take(inputs: Any, places: npt.NDArray[np.intp]) -> Any:
    return inputs[places] if isinstance(inputs, np.ndarray) else [inputs[place] for place in places]
