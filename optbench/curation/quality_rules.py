"""The rules of quality for a dataset, which `optbench data verify` measures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from optbench.core.errors import DataError
from optbench.curation.baselines import Baseline
from optbench.curation.characters import check_texts
from optbench.curation.row_rules import FEW, Source, check_labels, check_together
from optbench.curation.similarity import NEAR, grams, jaccard
from optbench.data.loader import FrozenDataset

AT_MOST: Mapping[str, float] = {"lengths": 0.60, "question-only": 0.60, "answer-only": 0.75}
"""The largest accuracy of the baselines whose names begin so. There is no smallest: what they cannot solve is for networks."""


@dataclass(frozen=True)
class Finding:
    """A rule, whether it holds, and the value that was measured."""

    rule: str
    holds: bool
    measured: str


def findings(dataset: FrozenDataset, measured: Mapping[str, Baseline]) -> list[Finding]:
    """Check a dataset by its rows and its baselines; one finding per rule."""
    return [
        _both_labels(dataset),
        _rows(dataset),
        _groups(dataset),
        _near_duplicates(dataset),
        _rules_of_import(dataset),
        *(
            Finding(f"{name} reaches an accuracy of at most {limit}", one.accuracy <= limit, f"{one.accuracy:.3f}")
            for beginning, limit in AT_MOST.items()
            for name, one in measured.items()
            if name.startswith(beginning)
        ),
    ]


def _both_labels(dataset: FrozenDataset) -> Finding:
    labels: dict[str, Counter[int]] = {}
    for row in dataset.rows:
        labels.setdefault(row.question, Counter())[row.label] += 1
    uneven = [question for question, counts in labels.items() if counts[1] != counts[-1]]
    rule = "each question has as many correct as incorrect answers"
    return Finding(rule, not uneven, uneven[0] if uneven else f"{len(labels)} questions")


def _rows(dataset: FrozenDataset) -> Finding:
    counts = {name: len(rows) for name, rows in dataset.splits.items()}
    shares = ", ".join(f"{name} {count} ({count / len(dataset.rows):.1%})" for name, count in counts.items())
    return Finding(f"each split has at least {FEW} rows", min(counts.values()) >= FEW, shares)


def _groups(dataset: FrozenDataset) -> Finding:
    found: dict[str, set[str]] = {}
    for name, rows in dataset.splits.items():
        for row in rows:
            found.setdefault(row.group or row.question, set()).add(name)
    divided = [group for group, names in found.items() if len(names) > 1]
    return Finding("all rows of a group are in one split", not divided, divided[0] if divided else f"{len(found)} groups")


def _near_duplicates(dataset: FrozenDataset) -> Finding:
    questions = sorted({row.question for row in dataset.rows})
    sets = [grams(question) for question in questions]
    highest, pair = 0.0, ("", "")
    for i, one in enumerate(sets):
        for j in range(i):
            if (index := jaccard(one, sets[j])) > highest:
                highest, pair = index, (questions[j], questions[i])
    rule = f"no two questions are near-duplicates (Jaccard index of 5-grams below {NEAR})"
    return Finding(rule, highest < NEAR, f"{highest:.2f}: {pair[0]} / {pair[1]}")


def _rules_of_import(dataset: FrozenDataset) -> Finding:
    """Datasets from elsewhere, or from earlier versions, may break what a new one must satisfy, and are loaded nevertheless."""
    rule = "rows satisfy the rules of 'optbench data import'"
    sources = [Source(entry.file, dataset.splits[name]) for name, entry in dataset.manifest.splits.items()]
    try:
        for source in sources:
            for index, row in enumerate(source.rows):
                check_texts(vars(row), source.place(index))
        check_together(sources)
        for name, source in zip(dataset.manifest.splits, sources, strict=True):
            check_labels(source.rows, f"{source.file}, rows 1 to {len(source.rows)}", name, "add rows with the other label")
    except DataError as error:
        return Finding(rule, False, str(error))
    return Finding(rule, True, f"{len(dataset.rows)} rows")
