from __future__ import annotations

import json
from pathlib import Path

import pytest
from tiny import tiny_splits

from optbench.curation.card import data_card, tally
from optbench.curation.croissant import citation, croissant
from optbench.curation.importing import companions, write
from optbench.data.loader import FrozenDataset, load
from optbench.data.manifest import Manifest
from optbench.data.rows import Row
from optbench.registry import Registry


def with_(manifest: Manifest, **entries: object) -> Manifest:
    return Manifest.model_validate(manifest.model_dump() | entries)


def card(dataset: FrozenDataset, **entries: object) -> str:
    return data_card(with_(dataset.manifest, **entries), tally(dataset.splits))


def test_counts() -> None:
    splits = tiny_splits()
    splits["test"][0] = Row("Ne?", "1234567", 1, topic="fen", kind="plausible")
    found = tally(splits)
    assert found["questions"] == 13
    assert found["rows"] == {"train": 12, "validation": 6, "test": 6}
    assert found["labels"] == {"1": 12, "-1": 12}
    assert found["topics"] == {"fen": 1}
    assert found["kinds"] == {"plausible": 1}
    assert found["columns"] == ["question", "answer", "label", "topic", "kind"]
    wrong = [len(row.answer) for rows in splits.values() for row in rows if row.label == -1]
    assert found["lengths"]["-1"] == round(sum(wrong) / 12)


def test_a_card_names_every_file_with_its_digest(dataset: FrozenDataset) -> None:
    text = card(dataset)
    for name, split in dataset.manifest.splits.items():
        assert f"| {name} | {split.rows} | {split.file} | `{split.sha256}` |" in text
    assert dataset.digest in text


def test_a_card_has_what_is_in_the_manifest_and_no_empty_section(dataset: FrozenDataset) -> None:
    bare, full = card(dataset), card(dataset, title="A title", made="By hand.", licence="MIT", citation="Cite so.")
    assert bare.startswith("# tiny\n")
    assert full.startswith("# A title\n")
    for words in ("## How it was made\n\nBy hand.", "| licence | MIT |", "```bibtex\nCite so.\n```"):
        assert words in full
        assert words not in bare
    for heading in ("How it was made", "Topics", "Kinds", "Vectors", "Figures"):
        assert f"## {heading}" not in bare


def test_designs_that_were_tried_are_one_table(dataset: FrozenDataset) -> None:
    tried = [{"design": "a|b", "rows": 12}, {"design": "c", "adam": 0.5}]
    text = data_card(with_(dataset.manifest, tried=tried), tally(dataset.splits))
    assert "| design | rows | adam |\n| --- | --- | --- |\n| a\\|b | 12 |  |\n| c |  | 0.500 |" in text
    assert "What was tried" not in data_card(dataset.manifest, tally(dataset.splits))


def test_figures_are_written_one_line_per_entry(dataset: FrozenDataset) -> None:
    figures = {"length alone": 0.5512, "answer only": {"words": 0.7, "off|topic": 0.61}, "pairs": "3"}
    text = data_card(with_(dataset.manifest, figures=figures), tally(dataset.splits))
    table = text.partition("## Figures\n\n")[2].partition("\n\n")[0].splitlines()
    assert table[2:] == [
        "| length alone | 0.551 |",
        "| answer only, words | 0.700 |",
        "| answer only, off\\|topic | 0.610 |",
        "| pairs | 3 |",
    ]


def test_vectors_are_in_both_files(dataset: FrozenDataset) -> None:
    made = {"model": "all-MiniLM-L6-v2", "model_sha256": "cd" * 32, "prompts": {}, "normalised": True}
    vectors = {"minilm": {"file": "v/minilm.npz", "sha256": "ab" * 32, "dimension": 384, **made}}
    manifest = with_(dataset.manifest, vectors=vectors)
    assert manifest.digest == dataset.digest
    contents = companions(manifest, dataset.splits)
    entry = f"| minilm | 384 | v/minilm.npz | all-MiniLM-L6-v2 (SHA-256 of its files {'cd' * 32})"
    assert entry in contents["README.md"].decode()
    (listed,) = [f for f in json.loads(contents["croissant.json"])["distribution"] if f["@id"] == "v/minilm.npz"]
    assert listed["sha256"] == "ab" * 32
    assert "all-MiniLM-L6-v2" in listed["description"]


def test_every_dataset_has_both_files_and_they_are_equal_everywhere(dataset: FrozenDataset, tmp_path: Path) -> None:
    again = write(tmp_path / "elsewhere" / "tiny", tiny_splits(), {"name": "tiny"})
    names = {"README.md", "croissant.json", "manifest.json", "test.csv", "train.csv", "validation.csv"}
    assert {path.name for path in again.folder.iterdir()} == names
    for name in names:
        assert (again.folder / name).read_bytes() == (dataset.folder / name).read_bytes()


def test_the_files_are_generated_from_the_loaded_dataset(dataset: FrozenDataset, registry: Registry) -> None:
    for loaded in (load(dataset.folder), load(registry.find("dataset", "qa-tr").cls.folder)):
        for name, content in companions(loaded.manifest, loaded.splits).items():
            assert (loaded.folder / name).read_bytes() == content


@pytest.mark.parametrize(
    ("licence", "expected"),
    [("CC-BY-4.0", "https://spdx.org/licenses/CC-BY-4.0.html"), ("ask the authors", "ask the authors"), ("", None)],
)
def test_a_known_licence_is_written_as_its_address(dataset: FrozenDataset, licence: str, expected: str | None) -> None:
    columns = {name: ["question", "answer", "label"] for name in dataset.splits}
    assert croissant(with_(dataset.manifest, licence=licence), columns).get("license") == expected


def test_a_citation_has_the_digest_of_the_rows(dataset: FrozenDataset) -> None:
    found = citation(with_(dataset.manifest, title="Pairs", published="2025-01-31", version="1"))
    assert found == f"@misc{{tiny-1, title = {{Pairs}}, version = {{1}}, year = {{2025}}, note = {{SHA-256 {dataset.digest}}}}}"


@pytest.mark.parametrize("day", ["2025", "31.01.2025", "2025-1-31", "soon"])
def test_a_day_has_one_form(dataset: FrozenDataset, day: str) -> None:
    with pytest.raises(ValueError, match="published"):
        with_(dataset.manifest, published=day)
