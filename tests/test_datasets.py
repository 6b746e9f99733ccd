from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tiny import tiny_splits

from optbench.core.errors import DataError, UsageError
from optbench.core.turkish import turkish_lower
from optbench.curation.freezing import freeze
from optbench.curation.importing import read_files, write
from optbench.data.embedded import assemble
from optbench.data.loader import FrozenDataset, load
from optbench.data.rows import Row, write_csv
from optbench.embedders.hashing import Hashing
from optbench.embedders.tfidf import TfIdf
from optbench.registry import Registry


def test_a_written_dataset_is_loaded(dataset: FrozenDataset) -> None:
    assert dataset.splits == tiny_splits()
    assert {name: entry.rows for name, entry in dataset.manifest.splits.items()} == {"train": 12, "validation": 6, "test": 6}


def test_the_same_rows_have_the_same_digest(tmp_path: Path, dataset: FrozenDataset) -> None:
    again = write(tmp_path / "again", tiny_splits(), {"name": "again"})
    assert again.digest == dataset.digest
    other = tiny_splits()
    other["train"][0] = Row("Başka nedir?", "Başka.", 1)
    assert write(tmp_path / "other", other, {"name": "other"}).digest != dataset.digest


def test_a_changed_file_is_named(dataset: FrozenDataset) -> None:
    path = dataset.folder / "test.csv"
    path.write_bytes(path.read_bytes().replace(b"-1", b"1", 1))
    with pytest.raises(DataError, match=r"test\.csv is not the file that was frozen"):
        load(dataset.folder).validate()


def test_a_missing_file_is_named(dataset: FrozenDataset) -> None:
    (dataset.folder / "train.csv").unlink()
    with pytest.raises(DataError, match=r"train\.csv \(listed in the manifest\) cannot be read"):
        load(dataset.folder).validate()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"splits": {"train": {"file": "../x.csv", "sha256": "0" * 64, "rows": 1}}}, ["splits.train.file", "no '..'"]),
        ({"splits": {"train": {"file": "/etc/passwd", "sha256": "0" * 64, "rows": 1}}}, ["no absolute path"]),
        ({"splits": {"train": {"file": "a//b", "sha256": "0" * 64, "rows": 1}}}, ["splits.train.file"]),
        ({"splits": {"train": {"file": "x.csv", "sha256": "0", "rows": 1}}}, ["splits.train.sha256"]),
        ({"name": "A name"}, ["name"]),
        ({"colour": "red"}, ["colour"]),
        ({"format": 2}, ["format"]),
    ],
)
def test_a_manifest_that_breaks_a_rule_is_an_error(dataset: FrozenDataset, change: dict[str, object], words: list[str]) -> None:
    path = dataset.folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DataError) as refusal:
        load(dataset.folder)
    assert str(path) in str(refusal.value)
    for word in words:
        assert word in str(refusal.value)


def test_a_manifest_names_all_splits(dataset: FrozenDataset) -> None:
    path = dataset.folder / "manifest.json"
    content = json.loads(path.read_text())
    del content["splits"]["test"]
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match="test missing"):
        load(dataset.folder)


def test_a_question_in_two_splits_is_an_error(tmp_path: Path) -> None:
    splits = tiny_splits()
    splits["test"].append(Row(splits["train"][4].question.upper(), "Bir yanıt.", 1))
    with pytest.raises(DataError, match=r"test\.csv, row 7 .*train\.csv, row 5"):
        write(tmp_path / "leak", splits, {"name": "leak"}).validate()


def test_a_failed_write_leaves_no_files(tmp_path: Path) -> None:
    splits = tiny_splits()
    splits["train"] = []
    with pytest.raises(UsageError, match="rows"):
        write(tmp_path / "empty", splits, {"name": "empty"})
    assert list(tmp_path.iterdir()) == []


def test_a_dataset_is_replaced_only_on_request(tmp_path: Path, dataset: FrozenDataset) -> None:
    with pytest.raises(UsageError, match="already exists"):
        write(dataset.folder, tiny_splits(), {"name": "tiny"})
    assert write(dataset.folder, tiny_splits(), {"name": "tiny", "version": "1"}, replace=True).manifest.version == "1"
    assert [path.name for path in tmp_path.iterdir()] == ["tiny"]


def test_validation_is_taken_from_training_by_question(tmp_path: Path) -> None:
    splits = tiny_splits()
    files = {name: tmp_path / f"{name}.csv" for name in ("train", "test")}
    for name, path in files.items():
        path.write_bytes(write_csv(splits[name]))
    found = read_files(files, 0.34)
    assert len(found["validation"]) == 4
    assert not {row.question for row in found["train"]} & {row.question for row in found["validation"]}
    assert sorted([*found["train"], *found["validation"]], key=str) == sorted(splits["train"], key=str)
    assert read_files(files, 0.34) == found
    with pytest.raises(DataError, match="leaves none for a split"):
        read_files(files, 0.01)


def test_the_shipped_dataset_has_two_answers_per_question(registry: Registry) -> None:
    dataset = load(registry.find("dataset", "qa-tr").cls.folder)
    rows = [row for split in dataset.splits.values() for row in split]
    questions = {row.question for row in rows}
    assert len(questions) == 744
    for question in questions:
        assert sorted(row.label for row in rows if row.question == question) == [-1, 1]
    assert len({(row.question, row.answer) for row in rows}) == len(rows)


@pytest.mark.parametrize("embedder", [Hashing(), Hashing(features=64), TfIdf(), TfIdf(features=3)])
def test_rows_are_question_answer_and_one(
    dataset: FrozenDataset, embedder: Hashing | TfIdf, dtype: np.dtype[np.floating]
) -> None:
    matrix = assemble(dataset, embedder, dtype)
    assert matrix.x.dtype == matrix.y.dtype == dtype
    assert matrix.x.flags.c_contiguous
    assert matrix.x.shape[0] == 24
    assert matrix.x.shape[1] % 2 == 1
    assert np.array_equal(matrix.x[:, -1], np.ones(24))
    assert matrix.y.tolist() == [[1], [0]] * 12  # the numbers of the classes
    assert matrix.paired
    assert [len(matrix.x[rows]) for rows in (matrix.train, matrix.validation, matrix.test)] == [12, 6, 6]


def test_hashing_gives_2049_inputs(dataset: FrozenDataset) -> None:
    assert assemble(dataset, Hashing(), "float32").x.shape[1] == 2049


def test_tfidf_is_fitted_on_training_texts_only(dataset: FrozenDataset) -> None:
    fitted = TfIdf().fit([text for row in dataset.splits["train"] for text in (row.question, row.answer)])
    assert "elma" in fitted.vocabulary_
    assert "güneş" not in fitted.vocabulary_


def test_lower_case_is_turkish() -> None:
    assert turkish_lower("ISI İLE IŞIK") == "ısı ile ışık"


def test_equal_rows_are_frozen_to_equal_files(tmp_path: Path) -> None:
    rows = [Row(f"soru {i} nedir?", f"yanıt {i} {label}", label, topic=f"konu {i % 2}") for i in range(30) for label in (1, -1)]
    one = freeze(tmp_path / "a" / "mine", rows, {"name": "mine"})
    two = freeze(tmp_path / "b" / "mine", rows[::-1], {"name": "mine"})
    assert one.digest == two.digest
    for name in ("train.csv", "validation.csv", "test.csv", "manifest.json", "croissant.json", "README.md"):
        assert (one.folder / name).read_bytes() == (two.folder / name).read_bytes()
    assert {"majority class", "lengths", "answer-only words", "question-only words"} <= set(one.manifest.figures)
    assert set(one.manifest.slots) == {"e5", "minilm"}


def test_what_cannot_be_frozen_is_an_error(tmp_path: Path) -> None:
    rows = [Row("soru nedir?", "evet", 1), Row("soru nedir?", "hayır", -1)]
    with pytest.raises(DataError, match="1 questions are too few: none is left for validation, test"):
        freeze(tmp_path / "few", rows, {"name": "few"})
    assert list(tmp_path.iterdir()) == []
