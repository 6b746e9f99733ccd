"""What the rows of a new dataset must satisfy together, when files are imported and when one file is frozen."""

from __future__ import annotations

import itertools
import json
import unicodedata
import warnings
from collections.abc import Sequence
from pathlib import Path

import pytest
from ollama_server import MODEL, OllamaServer
from tiny import tiny_splits

from optbench.core.errors import DataError
from optbench.curation.baselines import Baseline
from optbench.curation.freezing import freeze, read_rows
from optbench.curation.generation.client import Ollama
from optbench.curation.generation.loop import generate
from optbench.curation.generation.recipe import Recipe
from optbench.curation.importing import read_files, write
from optbench.curation.lines import LONGEST_LINE
from optbench.curation.quality_rules import findings
from optbench.curation.row_rules import small_splits
from optbench.data.rows import Row, write_csv
from optbench.data.same_text import representatives
from optbench.data.splitting import divide

SPELLINGS = {
    "dotless": ("ISI nedir?", "ısı nedir?"),
    "dotted": ("İSTANBUL nerede?", "istanbul nerede?"),
    "english": ("INTERNET nedir?", "internet nedir?"),
    "german": ("STRASSE?", "Straße?"),
    "spaces": ("Ağ  nedir?", "Ağ nedir ?"),
    "non-breaking-space": ("Ağ\xa0nedir?", "Ağ nedir?"),
    "unicode-form": (unicodedata.normalize("NFD", "Çığ nedir?"), "Çığ nedir?"),
    "punctuation": ("Ağ nedir", "Ağ nedir…"),
}


def both(question: str) -> list[Row]:
    return [Row(question, f"{question} {label}", label) for label in (1, -1)]


def imported(folder: Path, share: float = 0.2, **splits: Sequence[Row]) -> dict[str, list[Row]]:
    files = {name: folder / f"{name}.csv" for name in splits}
    for name, path in files.items():
        path.write_bytes(write_csv(list(splits[name])))
    return read_files(files, share)


def refusal(folder: Path, **splits: Sequence[Row]) -> str:
    with pytest.raises(DataError) as error:
        imported(folder, **splits)
    return str(error.value)


def frozen(folder: Path, rows: Sequence[Row]) -> list[Row]:
    path = folder / "rows.csv"
    path.write_bytes(write_csv(list(rows)))
    return read_rows(path)[0]


def freeze_refusal(folder: Path, rows: Sequence[Row]) -> str:
    with pytest.raises(DataError) as error:
        frozen(folder, rows)
    return str(error.value)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize(("here", "there"), [("train", "validation"), ("train", "test"), ("validation", "test")])
def test_a_question_is_in_one_split_however_it_is_written(tmp_path: Path, spelling: str, here: str, there: str) -> None:
    one, other = SPELLINGS[spelling]
    splits = {name: both(name) for name in ("train", "validation", "test")}
    splits[here] += both(one)
    splits[there] += [Row(other, "Başka bir yanıt.", 1)]
    message = refusal(tmp_path, **splits)
    assert f"{there}.csv, row 3 (the header not counted): the question {other!r} is also in" in message
    assert f"{here}.csv, row 3 (the header not counted) as {one!r}" in message


def test_the_same_file_is_not_imported_as_two_splits(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(write_csv(both("Ağ nedir?")))
    with pytest.raises(DataError, match="is also in"):
        read_files({"train": tmp_path / "x.csv", "test": tmp_path / "x.csv"}, 0.2)


CONTRADICTIONS = {
    "equal": (Row("Ağ nedir?", "Bağ.", 1), Row("Ağ nedir?", "Bağ.", -1)),
    "case": (Row("Işık nedir?", "IŞIN.", 1), Row("IŞIK nedir", "ışın", -1)),
}


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_a_pair_has_one_label_within_a_file(tmp_path: Path, case: str) -> None:
    one, other = CONTRADICTIONS[case]
    message = refusal(tmp_path, train=[*both("Ne?"), one, other], test=both("Kim?"))
    assert (
        f"train.csv, row 4 (the header not counted): the answer {other.answer!r} to the question {other.question!r}" in message
    )
    assert "has the label -1, but 1 in" in message
    assert "train.csv, row 3" in message


def test_a_pair_has_one_label_in_all_files(tmp_path: Path) -> None:
    one, other = CONTRADICTIONS["equal"]
    message = refusal(tmp_path, train=[*both("Ne?"), one], test=[other, *both("Kim?")])
    assert "test.csv, row 1 (the header not counted): the answer" in message
    assert "train.csv, row 3" in message


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_a_pair_has_one_label_in_a_file_that_is_frozen(tmp_path: Path, case: str) -> None:
    assert "rows.csv, row 4 (the header not counted): the answer" in freeze_refusal(
        tmp_path, [*both("Ne?"), *CONTRADICTIONS[case]]
    )


@pytest.mark.parametrize("split", ["train", "validation", "test"])
@pytest.mark.parametrize("label", [1, -1])
def test_each_split_has_both_labels(tmp_path: Path, split: str, label: int) -> None:
    splits = {name: both(name) for name in ("train", "validation", "test")}
    splits[split] = [Row("Ağ nedir?", "Bağ.", label), Row("Ne?", "Bu.", label)]
    message = refusal(tmp_path, **splits)
    assert f"{split}.csv, rows 1 to 2: every label of the {split} rows is {label}" in message
    assert "both labels, 1 and -1" in message


@pytest.mark.parametrize(("other", "split"), [(0, "train"), (19, "validation")], ids=["train", "validation"])
def test_training_rows_that_are_divided_have_both_labels_on_both_sides(tmp_path: Path, other: int, split: str) -> None:
    # Question 0 has one of the lowest digests of the twenty, question 19 the highest.
    train = [Row(f"soru {i}", f"yanıt {i}", -1 if i == other else 1) for i in range(20)]
    message = refusal(tmp_path, train=train, test=both("Ne?"))
    assert f"train.csv, divided by a validation share of 0.2: every label of the {split} rows is 1" in message
    assert "--validation" in message


def test_rows_of_one_label_are_not_frozen(tmp_path: Path) -> None:
    assert "rows.csv, rows 1 to 9: every label" in freeze_refusal(tmp_path, [Row(f"soru {i}", "yanıt", 1) for i in range(9)])


def test_a_split_of_one_label_is_not_frozen(tmp_path: Path) -> None:
    rows = [Row(f"soru {i}", f"yanıt {i}", 1 if i else -1) for i in range(20)]
    with pytest.raises(DataError, match=r"every label of the \w+ rows is 1"):
        freeze(tmp_path / "new", rows, {"name": "new"})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_spellings_of_a_question_stay_together_when_validation_is_taken(tmp_path: Path, spelling: str) -> None:
    one, other = SPELLINGS[spelling]
    train = [*both(one), Row(other, "Başka bir yanıt.", 1), *(row for i in range(8) for row in both(f"soru {i}"))]
    for share in (0.2, 0.4, 0.6, 0.8):
        found = imported(tmp_path, share, train=train, test=both("Kim?"))
        together = [{one, other} <= {row.question for row in found[name]} for name in ("train", "validation")]
        assert sorted(together) == [False, True]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_spellings_of_a_question_stay_together_when_rows_are_divided(spelling: str) -> None:
    one, other = SPELLINGS[spelling]
    rows = [*both(one), Row(other, "Başka bir yanıt.", 1), *(row for i in range(8) for row in both(f"soru {i}"))]
    for salt in "abcdefgh":
        homes = [name for name, members in divide(rows, salt).items() if {one, other} & {row.question for row in members}]
        assert len(homes) == 1


def test_a_question_has_one_group(tmp_path: Path) -> None:
    rows = [Row("ISI nedir?", "a", 1, group="x"), Row("ISI nedir?", "b", -1, group="x"), Row("ısı nedir?", "c", 1, group="y")]
    message = freeze_refusal(tmp_path, rows)
    assert "rows.csv, row 3 (the header not counted): the question 'ısı nedir?' is also in" in message
    assert "row 1 (the header not counted) as 'ISI nedir?'" in message
    assert "with the group 'x' instead of 'y'" in message


def test_texts_of_one_chain_have_one_representative_in_any_order() -> None:
    texts = ["internet", "INTERNET", "ınternet", "Ağ"]
    for order in itertools.permutations(texts):
        assert representatives(order) == {"internet": "INTERNET", "INTERNET": "INTERNET", "ınternet": "INTERNET", "Ağ": "Ağ"}


def test_repeated_rows_are_a_warning_with_their_number_and_the_first(tmp_path: Path) -> None:
    train = [*both("Ağ nedir?"), *both("Ne?"), *both("Ağ nedir?")]
    with pytest.warns(UserWarning, match=r"train\.csv, row 5 .* are those of row 1; 2 rows repeat an earlier row") as record:
        found = imported(tmp_path, 0.5, train=train, test=both("Kim?"))
    assert len(record) == 1
    assert len(found["train"]) + len(found["validation"]) == 6


def test_repeated_rows_are_a_warning_when_a_file_is_frozen(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"rows\.csv, row 3 .* are those of row 1; 1 row repeats"):
        assert len(frozen(tmp_path, [*both("Ağ nedir?"), both("Ağ nedir?")[0]])) == 3


def test_rows_that_differ_do_not_repeat(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        imported(tmp_path, 0.5, train=[*both("Ağ nedir?"), *both("Ne?")], test=both("Kim?"))


def test_small_splits_are_counted() -> None:
    (warning,) = small_splits({"train": 30, "test": 30, "validation": 28})
    assert warning.startswith("the validation split has 28 rows; with fewer than 30")


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The lines of a file of pairs."""
    path = tmp_path_factory.mktemp("generated") / "pairs.jsonl"
    with OllamaServer() as server, Ollama(server.url, 30.0) as ollama:
        generate(Recipe(model=MODEL, topics=("fizik",)), 3, path, ollama)
    return path.read_bytes().splitlines(keepends=True)


def test_pairs_are_read_as_rows(tmp_path: Path, generated: list[bytes]) -> None:
    (tmp_path / "pairs.jsonl").write_bytes(b"".join(generated))
    assert [row.label for row in read_rows(tmp_path / "pairs.jsonl")[0]] == [1, -1] * 3


BAD_PAIRS: dict[str, tuple[dict[str, str], str]] = {
    "invisible": ({"incorrect_answer": "a\u202eb"}, "the answer contains U+202E (RIGHT-TO-LEFT OVERRIDE)"),
    "both-labels": ({"correct_answer": "Bağ.", "incorrect_answer": "bağ"}, "has the label -1, but 1 in"),
}


@pytest.mark.parametrize("case", BAD_PAIRS)
def test_a_bad_pair_is_an_error_that_names_its_line(tmp_path: Path, generated: list[bytes], case: str) -> None:
    changes, words = BAD_PAIRS[case]
    last = json.dumps(json.loads(generated[2]) | changes).encode() + b"\n"
    (tmp_path / "pairs.jsonl").write_bytes(b"".join([*generated[:2], last]))
    with pytest.raises(DataError) as error:
        read_rows(tmp_path / "pairs.jsonl")
    assert "pairs.jsonl, row 3 (the header not counted): the" in str(error.value)
    assert words in str(error.value)


def test_a_line_of_pairs_has_a_limit(tmp_path: Path, generated: list[bytes]) -> None:
    (tmp_path / "pairs.jsonl").write_bytes(generated[0] + b"[" * (LONGEST_LINE + 1))
    with pytest.raises(DataError, match=r"pairs\.jsonl, row 2 .*: the line is longer than"):
        read_rows(tmp_path / "pairs.jsonl")


def test_a_frozen_dataset_that_breaks_the_rules_is_loaded_and_does_not_pass_verify(tmp_path: Path) -> None:
    splits = tiny_splits()
    splits["train"] += both("ISI nedir?")
    splits["test"] += both("ısı nedir?")
    loaded = write(tmp_path / "old", splits, {"name": "old"})
    assert len(loaded.splits["test"]) == 8
    measured = {"lengths": Baseline(0.5, {})}
    (finding,) = (each for each in findings(loaded, measured) if "optbench data import" in each.rule)
    assert not finding.holds
    assert (
        "test.csv, row 7 (the header not counted): the question 'ısı nedir?' is also in train.csv, row 13" in finding.measured
    )
