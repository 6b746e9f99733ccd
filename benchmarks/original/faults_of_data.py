"""Fault of the original's data: the length of an answer says whether it is right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from original_runs import Measured, quality
from original_text import accuracy, listed, table

from optbench.curation.baselines import NETWORKS, baselines_of
from optbench.data.loader import FrozenDataset
from optbench.data.rows import Row

LENGTHS = "lengths"


def longer_is_right(rows: Sequence[Row]) -> tuple[int, int]:
    """Return in how many pairs of answers to one question the right one is longer, and how many pairs there are."""
    right = {row.question: row.answer for row in rows if row.label == 1}
    wrong = {row.question: row.answer for row in rows if row.label == -1}
    pairs = right.keys() & wrong.keys()
    return sum(len(right[question]) > len(wrong[question]) for question in pairs), len(pairs)


def by_lengths(train: Sequence[Row], test: Sequence[Row]) -> tuple[float, float]:
    """Return the test accuracies of two models of the lengths of a row: one threshold, and logistic regression."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.tree import DecisionTreeClassifier

    (x, y), (seen, labels) = (
        ([(len(row.answer), len(row.question)) for row in rows], [row.label for row in rows]) for rows in (train, test)
    )
    models = DecisionTreeClassifier(max_depth=1, random_state=0), make_pipeline(StandardScaler(), LogisticRegression())
    threshold, regression = (float(model.fit(x, y).score(seen, labels)) for model in models)
    return threshold, regression


def simple_models(dataset: FrozenDataset) -> dict[str, float]:
    """Return the test accuracy of each simple model: as the manifest publishes it or, where it does not, measured."""
    published: Mapping[str, object] = dataset.manifest.figures
    if LENGTHS in published:
        return {
            name: float(values["all"])
            for name, values in published.items()
            if isinstance(values, Mapping) and not name.startswith(NETWORKS) and "all" in values
        }
    return {name: one.accuracy for name, one in baselines_of(dataset).items()}


@dataclass(frozen=True)
class Rules:
    """What rules and networks reach on the test rows of a dataset.

    Attributes:
        longer, pairs: in how many pairs the longer answer is right, and how many there are.
        models: the test accuracy of each simple model.
        threshold: that of one threshold on a length, fitted to the training rows.
        all_rows: that of logistic regression on lengths, fitted to training and validation rows.
        networks: the mean test accuracy over the original's seeds, by optimizer and embedder.
    """

    longer: int
    pairs: int
    models: Mapping[str, float]
    threshold: float
    all_rows: float
    networks: Mapping[str, float]

    @property
    def best(self) -> str:
        """The network with the highest accuracy."""
        return max(self.networks, key=self.networks.__getitem__)


def rules(measured: Sequence[Measured], title: str) -> Rules:
    """Return what rules and networks reach on a dataset."""
    own = [one for one in measured if one.title == title]
    splits = own[0].dataset.splits
    longer, pairs = longer_is_right(splits["test"])
    return Rules(
        longer,
        pairs,
        simple_models(own[0].dataset),
        by_lengths(splits["train"], splits["test"])[0],
        by_lengths([*splits["train"], *splits["validation"]], splits["test"])[1],
        {f"{name} on {one.embedder}": fmean(map(quality, one.runs(name))) for one in own for name in one.design.rates},
    )


def solved_by_length(measured: Sequence[Measured]) -> Iterator[str]:
    """Yield the section on what the length of an answer gives away."""
    found = {title: rules(measured, title) for title in dict.fromkeys(one.title for one in measured)}
    yield "### Data that lengths solve"
    yield ""
    yield (
        "Accuracy on the test rows of rules that see nothing but lengths, and of the best network: optimizer and embedder with "
        "the highest mean of the original's seeds at the original's rates, read at the epoch of the lowest validation loss. "
        "That choice is by test accuracy, in favour of the network. The first rule sees both answers to a question, the others "
        "one row, as a network does."
    )
    yield ""
    yield from table(
        (
            "data",
            "the longer answer is right",
            "one threshold on a length",
            "lengths, logistic regression",
            "the same, fitted to validation rows too",
            "best network",
        ),
        (
            (
                title,
                f"{one.longer} of {one.pairs} pairs ({100 * one.longer / one.pairs:.0f} %)",
                accuracy(one.threshold),
                accuracy(one.models[LENGTHS]),
                accuracy(one.all_rows),
                f"{accuracy(one.networks[one.best])} ({one.best})",
            )
            for title, one in found.items()
        ),
    )
    yield "**Effect of the correction:** other data, since no analysis repairs these. " + " ".join(
        _beside(title, one) for title, one in found.items()
    )
    yield ""


def _beside(title: str, one: Rules) -> str:
    rule = max(one.models[LENGTHS], one.threshold, one.all_rows)
    below = sum(reached < rule for reached in one.networks.values())
    above = [f"{name} ({accuracy(value)})" for name, value in one.models.items() if value > one.networks[one.best]]
    others = f"{listed(above)} {'are' if len(above) > 1 else 'is'}" if above else f"none of {len(one.models)} is"
    return (
        f"On {title}, the best rule on the lengths of one row ({accuracy(rule)}) is above {below} of {len(one.networks)} pairs "
        f"of optimizer and embedder; of the simple models that `data verify` measures, {others} above the best network."
    )
