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

from optbench.curation.importing import companions, write
from optbench.data.loader import FrozenDataset, load
from optbench.data.manifest import SPLITS, Manifest
from optbench.data.provenance import Generated
from optbench.data.rows import Row
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
