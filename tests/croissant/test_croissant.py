from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

import mlcroissant
import numpy as np
import pytest
from tiny import tiny_splits

from optbench.core.contracts import TableRows
from optbench.curation.bundled import RECIPES
from optbench.curation.exporting import export
from optbench.curation.importing import companions, write
from optbench.curation.table_writing import write_table
from optbench.data.columns import Columns
from optbench.data.loader import FrozenDataset, divided, load
from optbench.data.manifest import SPLITS, Manifest
from optbench.data.provenance import Generated
from optbench.data.rows import Row
from optbench.data.table import divide
from optbench.planning.datasets import find_dataset
from optbench.registry import Registry

pytestmark = [pytest.mark.croissant, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

ABOUT = {
    "name": "tiny",
    "version": "1.0.0",
    "title": "Tiny pairs",
    "language": "tr",
    "licence": "CC-BY-4.0",
    "made": "By hand.",
    "url": "https://example.org/tiny",
    "published": "2025-01-31",
}


def rows_with_all_columns() -> dict[str, list[Row]]:
    return {
        name: [
            Row(row.question, f'{row.answer} "tırnak, virgül"', row.label, "Fen", "plausible", row.question, "who", "when")
            for row in rows
        ]
        for name, rows in tiny_splits().items()
    }


def read(folder: Path) -> mlcroissant.Dataset:
    return mlcroissant.Dataset(jsonld=str(folder / "croissant.json"))


def records(dataset: mlcroissant.Dataset, split: str) -> list[dict[str, Any]]:
    return [
        {
            name.removeprefix(f"{split}/"): value.decode() if isinstance(value, bytes) else value
            for name, value in record.items()
        }
        for record in dataset.records(split)
    ]


def test_it_is_valid_croissant_1_1_without_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = write(tmp_path / "tiny", rows_with_all_columns(), ABOUT).folder
    with caplog.at_level(logging.WARNING):
        metadata = read(folder).metadata
    assert not metadata.ctx.issues.errors
    assert not metadata.ctx.issues.warnings
    assert not caplog.records
    assert metadata.ctx.is_v1_1()
    assert metadata.license == ["https://spdx.org/licenses/CC-BY-4.0.html"]
    assert metadata.in_language == ["tr"]
    assert metadata.description == "Tiny pairs. By hand."
    assert metadata.cite_as.startswith("@misc{tiny-1.0.0, title = {Tiny pairs}, version = {1.0.0}, year = {2025}")


def test_the_records_are_the_rows(tmp_path: Path) -> None:
    splits = rows_with_all_columns()
    dataset = read(write(tmp_path / "tiny", splits, ABOUT).folder)
    for split in SPLITS:
        assert records(dataset, split) == [vars(row) | {"split": split} for row in splits[split]]
    assert [record["name"] for record in records(dataset, "splits")] == list(SPLITS)


def test_a_dataset_about_which_little_is_known_is_valid_too(dataset: FrozenDataset) -> None:
    found = read(dataset.folder)
    assert not found.metadata.ctx.issues.errors
    assert [set(record) for record in records(found, "test")] == [{"question", "answer", "label", "split"}] * 6


def test_every_file_has_its_digest(dataset: FrozenDataset) -> None:
    found = {file.content_url: file.sha256 for file in read(dataset.folder).metadata.file_objects}
    assert found == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in dataset.folder.glob("*.csv")}


def test_how_texts_were_generated_is_valid_too(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    generated = Generated(
        model="gemma2:9b",
        model_digest="ab" * 32,
        server_versions=["0.12.6"],
        seed=1,
        language="tr",
        options={"temperature": 0.8, "num_predict": 512, "num_ctx": 4096},
        format_sha256="cd" * 32,
        system_prompt="Örnekler yaz.\nYalnızca JSON.",
        first_user_prompt="Konu: fizik",
        pairs_sha256="ef" * 32,
        pairs=12,
        given_up=0,
        attempts=13,
        refused={"schema": 1},
        prompt_tokens=10,
        answer_tokens=20,
        first="2025-01-31T10:00:00+00:00",
        last="2025-01-31T11:00:00+00:00",
    )
    folder = write(tmp_path / "tiny", rows_with_all_columns(), ABOUT | {"generated": generated}).folder
    with caplog.at_level(logging.WARNING):
        metadata = read(folder).metadata
    assert not metadata.ctx.issues.errors
    assert not metadata.ctx.issues.warnings
    assert not caplog.records
    assert "digest of the model: " + "ab" * 32 in str(metadata.data_collection)


def test_vectors_are_listed(dataset: FrozenDataset) -> None:
    np.savez(dataset.folder / "minilm.npz", vectors=np.zeros((2, 3), np.float32))
    made = {"model": "a/b", "model_sha256": "0" * 64, "prompts": {"question": "", "answer": ""}, "normalised": True}
    vectors = {"minilm": {"file": "minilm.npz", "sha256": "0" * 64, "dimension": 3, **made}}
    manifest = Manifest.model_validate(dataset.manifest.model_dump() | {"vectors": vectors})
    for name, content in companions(manifest, dataset.splits).items():
        (dataset.folder / name).write_bytes(content)
    found = read(dataset.folder)
    assert {file.id: file.sha256 for file in found.metadata.file_objects}["minilm.npz"] == "0" * 64
    assert len(records(found, "train")) == 12


def test_the_shipped_dataset_can_be_described(registry: Registry, tmp_path: Path) -> None:
    shipped = load(registry.find("dataset", "qa-tr").cls.folder)
    about = {key: value for key, value in shipped.manifest.model_dump().items() if key not in {"splits", "vectors"}}
    copy = write(tmp_path / "qa-tr", dict(shipped.splits), about)
    assert copy.digest == shipped.digest
    dataset = read(copy.folder)
    assert not dataset.metadata.ctx.issues.errors
    for split in SPLITS:
        expected = [(row.question, row.answer, row.label) for row in shipped.splits[split]]
        assert [(r["question"], r["answer"], r["label"]) for r in records(dataset, split)] == expected
    assert json.loads((copy.folder / "croissant.json").read_text(encoding="utf-8"))["name"] == "qa-tr"


def numbers(rows: TableRows, columns: Columns) -> list[dict[str, float]]:
    """The rows as records, without the name of the split."""
    cells = {name: rows.targets[:, place] for place, name in enumerate(columns.targets)}
    cells |= {name: rows.features[:, place] for place, name in enumerate(columns.features)}
    return [{name: values[row] for name, values in cells.items()} for row in range(len(rows))]


def check_table(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Every record of every split is the row, and nothing is warned of but entries that are not known."""
    table = load(folder)
    with caplog.at_level(logging.WARNING):
        dataset = read(folder)
        for split, record_set in zip(SPLITS, dataset.metadata.record_sets[1:], strict=True):
            names = {field.id.removeprefix(f"{split}/"): field.name for field in record_set.fields}
            found = [{names[key]: value for key, value in one.items()} for one in records(dataset, split)]
            assert {record.pop("split") for record in found} == {split}
            assert found == numbers(table.tables[split], table.manifest.table_columns)
    assert not dataset.metadata.ctx.issues.errors
    assert all("is recommended, but does not exist" in issue for issue in dataset.metadata.ctx.issues.warnings)
    assert not caplog.records or not (table.manifest.published and table.manifest.licence)
    assert {file.content_url: file.sha256 for file in dataset.metadata.file_objects} == {
        f"{split}.csv": hashlib.sha256((folder / f"{split}.csv").read_bytes()).hexdigest() for split in SPLITS
    }


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_shipped_tables(registry: Registry, caplog: pytest.LogCaptureFixture, name: str) -> None:
    folder = registry.find("dataset", name).cls.folder
    check_table(folder, caplog)
    metadata = read(folder).metadata
    assert metadata.cite_as == load(folder).manifest.citation
    if load(folder).manifest.licence == "CC-BY-4.0":
        assert metadata.license == ["https://spdx.org/licenses/CC-BY-4.0.html"]


@pytest.mark.parametrize("name", ["teacher[kappa=1e6]", "spirals", "imbalanced", "label-noise", "xor-parity", "wine[split=1]"])
def test_exported_tables(registry: Registry, tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str) -> None:
    dataset = find_dataset(registry, name)
    folder = export(dataset, tmp_path / "out").folder
    assert load(folder).digest == dataset.digest
    check_table(folder, caplog)


def test_exported_texts(registry: Registry, tmp_path: Path) -> None:
    dataset = divided(find_dataset(registry, "qa-tr"), 1)
    found = read(export(dataset, tmp_path / "out").folder)
    assert not found.metadata.ctx.issues.errors
    for split in SPLITS:
        assert [record["question"] for record in records(found, split)] == [row.question for row in dataset.splits[split]]


def test_names_of_columns_and_classes_with_any_character(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    features = ['boy, "cm"', "a/b", "a b", "ağırlık (kg)", "50 %"]
    columns = Columns(features=features, targets=["tür"], classes=['kedi, "van"', "köpek"])
    rows = TableRows(np.arange(200.0).reshape(40, 5) / 7.0, np.arange(40.0).reshape(40, 1) % 2.0)
    written = write_table(
        tmp_path / "any", divide(rows, "any", classes=True), columns, {"name": "any", "loss": "cross-entropy"}
    )
    check_table(written.folder, caplog)
