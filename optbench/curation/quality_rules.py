"""What a dataset must be to be worth citing, measured: the rules of `optbench data verify`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from optbench.curation.baselines import Baseline
from optbench.curation.similarity import NEAR, grams, jaccard
from optbench.data.loader import FrozenDataset

LENGTHS_AT_MOST = 0.60
ANSWER_ONLY = (0.60, 0.75)
SHARE_OFF = 0.03


@dataclass(frozen=True)
class Finding:
    """One rule, whether it holds, and what was found."""

    rule: str
    holds: bool
    found: str


def findings(dataset: FrozenDataset, measured: Mapping[str, Baseline]) -> list[Finding]:
    """Judge a dataset by its rows and by its baselines."""
    low, high = ANSWER_ONLY
    answer_only = {name: baseline for name, baseline in measured.items() if name.startswith("answer-only")}
    return [
        _both_labels(dataset),
        _shares(dataset),
        _near_duplicates(dataset),
        Finding(
            f"the two lengths alone give at most {LENGTHS_AT_MOST}",
            measured["lengths"].accuracy <= LENGTHS_AT_MOST,
            f"{measured['lengths'].accuracy:.3f}",
        ),
        *(
            Finding(f"{name} is between {low} and {high}", low <= one.accuracy <= high, f"{one.accuracy:.3f}")
            for name, one in answer_only.items()
        ),
    ]


def _both_labels(dataset: FrozenDataset) -> Finding:
    labels: dict[str, Counter[int]] = {}
    for split in dataset.splits.values():
        for row in split:
            labels.setdefault(row.question, Counter())[row.label] += 1
    odd = [question for question, found in labels.items() if found[1] != found[-1]]
    return Finding(
        "each question has as many correct as incorrect answers", not odd, odd[0] if odd else f"{len(labels)} questions"
    )


def _shares(dataset: FrozenDataset) -> Finding:
    counts = {name: len(rows) for name, rows in dataset.splits.items()}
    shares = {name: count / sum(counts.values()) for name, count in counts.items()}
    wanted = {"train": 0.6, "validation": 0.2, "test": 0.2}
    holds = all(abs(shares[name] - wanted[name]) <= SHARE_OFF for name in wanted)
    return Finding(
        "splits are 60/20/20", holds, ", ".join(f"{name} {counts[name]} ({share:.1%})" for name, share in shares.items())
    )


def _near_duplicates(dataset: FrozenDataset) -> Finding:
    questions = sorted({row.question for split in dataset.splits.values() for row in split})
    sets = [grams(question) for question in questions]
    worst, pair = 0.0, ("", "")
    for i, one in enumerate(sets):
        for j in range(i):
            if (index := jaccard(one, sets[j])) > worst:
                worst, pair = index, (questions[j], questions[i])
    return Finding(
        f"no two questions are alike (Jaccard of 5-grams below {NEAR})", worst < NEAR, f"{worst:.2f}: {pair[0]} / {pair[1]}"
    )
