from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import tiny_splits

from optbench.curation.baselines import Baseline, baselines_of, beside_networks
from optbench.curation.importing import write
from optbench.curation.quality_rules import findings
from optbench.curation.question_words import question_words
from optbench.data.loader import FrozenDataset, load
from optbench.data.rows import Row
from optbench.data.splitting import divide
from optbench.registry import Registry

GOOD = {"lengths": Baseline(0.5, {}), "answer-only words": Baseline(0.7, {})}


def pairs(groups: list[int]) -> list[Row]:
    """Questions for each group, each with both answers."""
    return [
        Row(f"soru {g} {q}?", f"yanıt {label}", label, topic=f"t{g % 3}", group=f"g{g}")
        for g, questions in enumerate(groups)
        for q in range(questions)
        for label in (1, -1)
    ]


@given(st.lists(st.integers(1, 4), min_size=15, max_size=60), st.text(max_size=5))
def test_no_group_is_in_two_splits_and_no_row_is_lost(groups: list[int], salt: str) -> None:
    rows = pairs(groups)
    splits = divide(rows, salt)
    assert Counter(row for split in splits.values() for row in split) == Counter(rows)
    names = [{row.group for row in split} for split in splits.values()]
    assert not any(one & two for one, two in pairwise([*names, names[0]]))
    share = len(splits["train"]) / len(rows)
    assert abs(share - 0.6) < 12 / len(rows)  # groups of up to 8 rows do not divide evenly


def test_a_division_depends_on_rows_and_salt_only() -> None:
    rows = pairs([1] * 30)
    assert divide(rows, "a") == divide(rows[::-1], "a")
    assert divide(rows, "a") != divide(rows, "b")


def broken(dataset: FrozenDataset, measured: dict[str, Baseline] = GOOD) -> list[str]:
    return [finding.rule for finding in findings(dataset, measured) if not finding.holds]


def test_each_rule_can_be_broken(tmp_path: Path, dataset: FrozenDataset) -> None:
    few = "each split has at least 30 rows"
    assert broken(dataset) == [few]
    splits = tiny_splits()
    splits["test"] = splits["test"][:-1]
    splits["train"] = [*splits["train"], Row("elma nedirr?", "x", 1), Row("elma nedirr?", "y", -1)]
    assert broken(write(tmp_path / "a", splits, {"name": "a"})) == [
        "each question has as many correct as incorrect answers",
        few,
        "no two questions are near-duplicates (Jaccard index of 5-grams below 0.6)",
    ]
    bad = {
        name: Baseline(0.8, {}) for name in ("lengths", "question-only words", "answer-only words", "answer-only characters")
    }
    assert len(broken(dataset, bad)) == 5
    assert broken(dataset, {"answer-only words": Baseline(0.4, {}), "question-answer overlap": Baseline(0.9, {})}) == [few]


def test_a_group_in_two_splits_is_found(tmp_path: Path) -> None:
    splits = tiny_splits()
    splits["train"][0], splits["test"][0] = (replace(splits[name][0], group="g") for name in ("train", "test"))
    assert "all rows of a group are in one split" in broken(write(tmp_path / "a", splits, {"name": "a"}))


def test_baselines_find_what_is_in_the_answers(tmp_path: Path) -> None:
    splits = {
        name: [
            Row(f"{name} {i} nedir?", "hep böyle" if label == 1 else "hiç böyle değil ki", label, kind="k")
            for i in range(10)
            for label in (1, -1)
        ]
        for name in ("train", "validation", "test")
    }
    found = baselines_of(write(tmp_path / "easy", splits, {"name": "easy"}))
    blind = {"majority class", "question-only words", "question-answer overlap"}
    assert {name for name, one in found.items() if one == Baseline(1.0, {"k": 1.0})} == {
        "lengths",
        "answer-only words",
        "answer-only characters",
        "question word x answer n-grams",
    }
    assert {name for name, one in found.items() if one == Baseline(0.5, {"k": 0.5})} == blind


def test_the_crossed_baseline_sees_what_fits_a_question_word(tmp_path: Path) -> None:
    """Each answer is right as often as wrong; only the question word tells which."""
    right = {"kim": "ahmet", "nerede": "ankara"}
    splits = {
        name: [
            Row(f"{name} {i} {word}?", right[word] if label == 1 else right[other], label)
            for i in range(10)
            for word, other in itertools.permutations(right)
            for label in (1, -1)
        ]
        for name in ("train", "validation", "test")
    }
    found = baselines_of(write(tmp_path / "crossed", splits, {"name": "crossed", "language": "tr"}))
    assert {name for name, one in found.items() if one.accuracy > 0.5} == {"question word x answer n-grams"}


def test_the_overlap_of_question_and_answer_is_one_threshold(tmp_path: Path) -> None:
    splits = {
        name: [
            Row(f"{word} {i} nedir?", f"{word} budur" if label == 1 else "başka budur", label)
            for i, word in enumerate(("kalem", "defter", "silgi", "kitap"))
            for label in (1, -1)
        ]
        for name in ("train", "validation", "test")
    }
    splits = {name: [replace(row, question=f"{name} {row.question}") for row in rows] for name, rows in splits.items()}
    assert baselines_of(write(tmp_path / "overlap", splits, {"name": "overlap"}))["question-answer overlap"].accuracy == 1.0


def test_simple_models_are_shown_beside_published_networks() -> None:
    measured = {"lengths": Baseline(0.6, {}), "answer-only words": Baseline(0.8, {})}
    figures = {
        "lengths": {"all": 0.6},
        "test accuracy of a on b": {"gd": 0.5, "adam": 0.7},
        "test accuracy of c": {"adam": 0.9},
    }
    assert beside_networks(measured, figures) == [
        "test accuracy of a on b: adam 0.700; simple models above it: answer-only words 0.800",
        "test accuracy of c: adam 0.900; simple models above it: none",
    ]


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Penisilini kim buldu?", ["kim"]),
        ("Bu nerededir ve ne zaman kuruldu?", ["nere", "ne zaman"]),
        ("Kimya nehirlerde kaçak mı?", ["mı"]),
        ("Gerekçesi nedir?", ["ne"]),
        ("Yerini söyleyin.", []),
    ],
)
def test_question_words_are_found_without_their_endings(question: str, words: list[str]) -> None:
    assert question_words(question, "tr") == words
    assert question_words("xyz abc", "xx") == ["xyz", "abc"]


@pytest.fixture(scope="module")
def shipped(registry: Registry) -> FrozenDataset:
    return load(registry.find("dataset", "qa-tr").cls.folder)


@pytest.mark.parametrize("name", ["qa-tr", "qa-tr-2"])
def test_the_shipped_datasets_keep_every_rule(registry: Registry, name: str) -> None:
    dataset = load(registry.find("dataset", name).cls.folder)
    measured = baselines_of(dataset)
    assert broken(dataset, measured) == []
    published = dataset.manifest.figures
    for model, one in measured.items():
        assert published[model]["all"] == pytest.approx(one.accuracy, abs=0.01)  # another scikit-learn may differ a little


def test_the_second_version_is_what_its_card_says(registry: Registry) -> None:
    dataset = load(registry.find("dataset", "qa-tr-2").cls.folder)
    rows = dataset.rows
    wrong = [row for row in rows if row.label == -1]
    assert len(wrong) >= 1500
    assert len(dataset.splits["test"]) >= 1200
    assert sum(row.kind == "plausible" for row in wrong) >= 0.2 * len(wrong)
    assert all(row.asks == row.tells for row in rows if row.label == 1 or row.kind == "plausible")
    assert {row.answer for row in wrong} <= {row.answer for row in rows if row.label == 1}
    combinations = Counter((row.asks, row.tells) for row in wrong).values()
    assert len(combinations) == 25
    assert max(combinations) - min(combinations) <= 10
    assert all(one.accuracy < 0.7 for one in baselines_of(dataset).values())
    assert set(dataset.manifest.vectors) == {"e5-small"}


def test_the_shipped_dataset_is_as_large_as_promised(shipped: FrozenDataset) -> None:
    rows = [row for split in shipped.splits.values() for row in split]
    assert len({row.question for row in rows}) >= 600
    assert len({row.topic for row in rows}) >= 12
    assert {row.kind for row in rows} == {"off-topic", "overgeneral", "plausible"}
    entry = shipped.manifest.vectors["minilm"]
    assert entry.weights_sha256 == "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
