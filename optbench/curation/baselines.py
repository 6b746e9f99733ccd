"""What simple models reach on a dataset: how much of it can be solved without what a network should have to learn.

Each is fitted to the training rows and measured on the test rows, as a network is, with scikit-learn and its defaults.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from optbench.core.turkish import turkish_lower
from optbench.curation.question_words import question_words
from optbench.data.loader import FrozenDataset
from optbench.data.rows import Row
from optbench.data.vectors import FrozenVectors, Vectors, vector_sets

STEM = 4
"""The number of first letters by which words of question and answer are compared: a stem in most Turkish words."""

NETWORKS = "test accuracy of "
"""The beginning of the names of those figures in a manifest that are results of networks."""

Labels = npt.NDArray[np.int64]
Predict = Callable[[Sequence[Row], Labels, Sequence[Row]], Labels]
"""From training rows, their labels and test rows to predicted labels."""


@dataclass(frozen=True)
class Baseline:
    """The accuracy of one simple model on the test rows: of all, and of the rows of each kind of incorrect answer."""

    accuracy: float
    by_kind: Mapping[str, float]


def baselines(
    train: Sequence[Row], test: Sequence[Row], language: str, encode: Mapping[str, Callable[[Sequence[Row]], Vectors]]
) -> dict[str, Baseline]:
    """Return what each simple model reaches, by its name.

    Args:
        train: the training rows.
        test: the test rows.
        language: that of the texts, which determines the question words.
        encode: for each set of vectors, a function that returns those of the rows' answers, shape (rows, d).
    """
    models: dict[str, Predict] = {
        "majority class": _majority,
        "lengths": _lengths,
        "answer-only words": _texts("answer", "word"),
        "answer-only characters": _texts("answer", "char_wb"),
        "question-only words": _texts("question", "word"),
        "question word x answer n-grams": _crossed(language),
        "question-answer overlap": _overlap,
    }
    models |= {f"answer-only {name}": _vectors(function) for name, function in sorted(encode.items())}
    y = np.array([row.label for row in train])
    return {name: _measured(predict(train, y, test), test) for name, predict in models.items()}


def baselines_of(dataset: FrozenDataset) -> dict[str, Baseline]:
    """Return the baselines of a dataset, with each set of vectors that is available."""

    def answers(embedder: FrozenVectors) -> Callable[[Sequence[Row]], Vectors]:
        return lambda rows: embedder.encode([row.answer for row in rows], "answer", None)

    encode = {name: answers(FrozenVectors.of(vectors)) for name, vectors in vector_sets(dataset).items()}
    return baselines(dataset.splits["train"], dataset.splits["test"], dataset.manifest.language, encode)


def beside_networks(measured: Mapping[str, Baseline], figures: Mapping[str, object]) -> list[str]:
    """Return for each measurement of networks that a manifest publishes a line: its best, and the simple models above it.

    Args:
        measured: the baselines.
        figures: the `figures` of the manifest; those of networks begin with `NETWORKS`.
    """
    lines = []
    for name, values in figures.items():
        if name.startswith(NETWORKS) and isinstance(values, Mapping) and values:
            best = max(values, key=lambda optimizer: values[optimizer])
            above = [f"{model} {one.accuracy:.3f}" for model, one in measured.items() if one.accuracy > values[best]]
            lines.append(f"{name}: {best} {values[best]:.3f}; simple models above it: {', '.join(above) or 'none'}")
    return lines


def _measured(predicted: Labels, test: Sequence[Row]) -> Baseline:
    correct = predicted == np.array([row.label for row in test])
    kinds = np.array([row.kind for row in test])
    by_kind = {str(kind): float(correct[kinds == kind].mean()) for kind in sorted(set(kinds)) if kind}
    return Baseline(float(correct.mean()), by_kind)


def _majority(_train: Sequence[Row], y: Labels, test: Sequence[Row]) -> Labels:
    return np.full(len(test), 1 if y.sum() >= 0 else -1)


def _lengths(train: Sequence[Row], y: Labels, test: Sequence[Row]) -> Labels:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def lengths(rows: Sequence[Row]) -> npt.NDArray[np.float64]:
        return np.array([[len(row.question), len(row.answer)] for row in rows], float)

    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(lengths(train), y)
    return _labels(model.predict(lengths(test)))


def _texts(column: str, analyzer: str) -> Predict:
    """Logistic regression on the words, or on the character 2- to 5-grams, of questions or of answers."""

    def predict(train: Sequence[Row], y: Labels, test: Sequence[Row]) -> Labels:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        model = make_pipeline(_vectorizer(analyzer), LogisticRegression())
        model.fit([getattr(row, column) for row in train], y)
        return _labels(model.predict([getattr(row, column) for row in test]))

    return predict


def _vectors(encode: Callable[[Sequence[Row]], Vectors]) -> Predict:
    def predict(train: Sequence[Row], y: Labels, test: Sequence[Row]) -> Labels:
        from sklearn.linear_model import LogisticRegression

        return _labels(LogisticRegression().fit(encode(train), y).predict(encode(test)))

    return predict


def _crossed(language: str) -> Predict:
    """A linear support vector machine on each pair of a question word and a character n-gram of the answer.

    Its kernel is that of these pairs and of the n-grams alone: that of the question words, plus one, times that of the n-grams.
    """

    def predict(train: Sequence[Row], y: Labels, test: Sequence[Row]) -> Labels:
        from sklearn.feature_extraction.text import CountVectorizer
        from sklearn.svm import SVC

        words = CountVectorizer(analyzer=lambda question: question_words(question, language), binary=True)
        grams = _vectorizer("char_wb")
        asked = words.fit_transform([*(row.question for row in train), "ne what"])[: len(train)]  # at least one word
        said = grams.fit_transform([row.answer for row in train])

        def kernel(rows: Sequence[Row]) -> npt.NDArray[np.float64]:
            by_word = (words.transform([row.question for row in rows]) @ asked.T).toarray() + 1.0
            by_gram = (grams.transform([row.answer for row in rows]) @ said.T).toarray()
            return np.asarray(by_word * by_gram, float)

        return _labels(SVC(kernel="precomputed").fit(kernel(train), y).predict(kernel(test)))

    return predict


def _overlap(train: Sequence[Row], y: Labels, test: Sequence[Row]) -> Labels:
    """One threshold for the share of the answer's words whose first letters occur in the question."""
    from sklearn.tree import DecisionTreeClassifier

    def shares(rows: Sequence[Row]) -> npt.NDArray[np.float64]:
        return np.array([[_share(row)] for row in rows])

    return _labels(DecisionTreeClassifier(max_depth=1, random_state=0).fit(shares(train), y).predict(shares(test)))


def _share(row: Row) -> float:
    question, answer = _stems(row.question), _stems(row.answer)
    return sum(word in set(question) for word in answer) / max(1, len(answer))


def _stems(text: str) -> list[str]:
    return [word[:STEM] for word in re.findall(r"\w+", turkish_lower(text))]


def _vectorizer(analyzer: str) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    ngrams = (1, 1) if analyzer == "word" else (2, 5)
    return TfidfVectorizer(preprocessor=turkish_lower, analyzer=analyzer, ngram_range=ngrams)


def _labels(predicted: Any) -> Labels:
    return np.asarray(predicted, np.int64)
