from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import tiny_splits

from optbench.curation.baselines import Baseline, baselines_of
from optbench.curation.importing import write
from optbench.curation.quality_rules import findings
from optbench.curation.splitting import divide
from optbench.data.loader import FrozenDataset, load
from optbench.data.rows import Row
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
    assert abs(share - 0.6) < 8 / len(rows) + 0.01


def test_a_division_depends_on_rows_and_salt_only() -> None:
    rows = pairs([1] * 30)
    assert divide(rows, "a") == divide(rows[::-1], "a")
    assert divide(rows, "a") != divide(rows, "b")


def broken(dataset: FrozenDataset, measured: dict[str, Baseline] = GOOD) -> list[str]:
    return [finding.rule for finding in findings(dataset, measured) if not finding.holds]


def test_each_rule_can_be_broken(tmp_path: Path, dataset: FrozenDataset) -> None:
    assert broken(dataset) == ["splits are 60/20/20"]
    splits = tiny_splits()
    splits["test"] = splits["test"][:-1]
    splits["train"] = [*splits["train"], Row("elma nedirr?", "x", 1), Row("elma nedirr?", "y", -1)]
    assert broken(write(tmp_path / "a", splits, {"name": "a"})) == [
        "each question has as many correct as incorrect answers",
        "splits are 60/20/20",
        "no two questions are near-duplicates (Jaccard index of 5-grams below 0.6)",
    ]
    bad = {"lengths": Baseline(0.7, {}), "answer-only words": Baseline(0.8, {}), "answer-only characters": Baseline(0.5, {})}
    assert len(broken(dataset, bad)) == 4


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
    assert set(found) == {"lengths", "answer-only words", "answer-only characters"}
    assert all(one.accuracy == 1.0 and one.by_kind == {"k": 1.0} for one in found.values())


@pytest.fixture(scope="module")
def shipped(registry: Registry) -> FrozenDataset:
    return load(registry.find("dataset", "qa-tr").cls.folder)


def test_the_shipped_dataset_keeps_every_rule(shipped: FrozenDataset) -> None:
    measured = baselines_of(shipped)
    assert broken(shipped, measured) == []
    published = shipped.manifest.figures
    for name, one in measured.items():
        assert published[name]["all"] == pytest.approx(one.accuracy, abs=0.01)  # another scikit-learn may differ a little


def test_the_shipped_dataset_is_as_large_as_promised(shipped: FrozenDataset) -> None:
    rows = [row for split in shipped.splits.values() for row in split]
    assert len({row.question for row in rows}) >= 600
    assert len({row.topic for row in rows}) >= 12
    assert {row.kind for row in rows} == {"off-topic", "overgeneral", "plausible"}
    entry = shipped.manifest.vectors["minilm"]
    assert entry.weights_sha256 == "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
