"""`optbench data import` of tables: what becomes of a file, and what is refused."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from processes import Bench, is_harmless, is_one_line

from optbench.core.errors import DataError, UsageError
from optbench.curation.table_importing import Imported, Request, read_table, read_tables
from optbench.data.loader import load
from optbench.data.manifest import SPLITS


def lines(count: int = 60, **changes: str) -> str:
    """A file of two features and a target of three names, some of its lines changed: `row_3="1,2,x"`."""
    rows = [f"{i},{i * i / 7},{('ağaç', 'çiçek', 'ot')[i % 3]}" for i in range(count)]
    for key, value in changes.items():
        rows[int(key.removeprefix("row_")) - 1] = value
    return "\n".join(["a,b,y", *rows, ""])


def imported(folder: Path, content: str | bytes, **request: object) -> Imported:
    path = folder / "x.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(path, Request(**{"targets": ["y"], **request}), "x")


def error_of(folder: Path, content: str | bytes, **request: object) -> str:
    with pytest.raises((DataError, UsageError)) as error:
        imported(folder, content, **request)
    return str(error.value)


def test_names_are_classes_in_the_order_of_their_characters(tmp_path: Path) -> None:
    found = imported(tmp_path, lines())
    assert found.columns.classes == ["ağaç", "ot", "çiçek"]
    assert found.columns.features == ["a", "b"]
    assert found.reason == "the cells of 'y' are names; --regression takes them for numbers"
    assert {split: len(rows) for split, rows in found.tables.items()} == {"train": 36, "validation": 12, "test": 12}
    for rows in found.tables.values():
        assert np.array_equal(rows.targets[:, 0], np.array([0, 2, 1])[rows.features[:, 0].astype(int) % 3])


@pytest.mark.parametrize(
    "content",
    [
        lines(),
        "\ufeff" + lines(),
        lines().replace("\n", "\r\n"),
        lines() + "\n\n",
        lines().replace(",", ";"),
        lines().replace(",", "\t"),
        lines().replace(",", " , "),
        lines().replace("a,b,y", '"a","b","y"'),
        lines().replace("1,", "+1.0,", 1),
        lines().replace("\n2,", "\n0.2e1,", 1),
    ],
    ids=["plain", "bom", "crlf", "empty-lines", "semicolons", "tabs", "spaces", "quoted", "plus", "exponent"],
)
def test_csv_of_any_usual_kind(tmp_path: Path, content: str) -> None:
    expected, found = imported(tmp_path, lines()), imported(tmp_path, content)
    for split in SPLITS:
        assert np.array_equal(found.tables[split].features, expected.tables[split].features)
        assert np.array_equal(found.tables[split].targets, expected.tables[split].targets)


def numbers(target: str, count: int = 60) -> str:
    return "\n".join(["a,y", *(f"{i},{target.format(i=i, third=i % 3, tenth=i / 10)}" for i in range(count)), ""])


@pytest.mark.parametrize(
    ("target", "request_", "classes"),
    [
        ("{third}", {}, ["0", "1", "2"]),
        ("{third}.0", {}, ["0", "1", "2"]),
        ("-{third}", {}, ["-2", "-1", "0"]),
        ("{third}", {"classes": False}, []),
        ("{i}", {}, []),
        ("{tenth}", {}, []),
        ("0.{third}", {}, []),
        ("0.{third}", {"classes": True}, ["0.0", "0.1", "0.2"]),
    ],
)
def test_what_the_target_is_taken_for(tmp_path: Path, target: str, request_: dict[str, object], classes: list[str]) -> None:
    content = numbers(target)
    if target == "{i}":  # the only feature would be the target
        content = "\n".join(["a,y", *(f"{i * i},{i}" for i in range(60)), ""])
    assert imported(tmp_path, content, **request_).columns.classes == classes


def test_several_targets(tmp_path: Path) -> None:
    content = "\n".join(["a,b,y,z", *(f"{i},{i * i},{i * 3},{i % 2}" for i in range(30)), ""])
    found = imported(tmp_path, content, targets=["z", "y"])
    assert (found.columns.targets, found.columns.features, found.columns.classes) == (["z", "y"], ["a", "b"], [])
    for rows in found.tables.values():
        assert np.array_equal(rows.targets[:, 1], rows.features[:, 0] * 3)
        assert np.array_equal(rows.targets[:, 0], rows.features[:, 0] % 2)


def test_an_autoencoder(tmp_path: Path) -> None:
    found = imported(tmp_path, lines(), targets=["b", "a"], features=["a", "b"])
    assert found.columns.targets == found.columns.features == ["a", "b"]
    assert np.array_equal(found.tables["test"].features, found.tables["test"].targets)


def test_chosen_features_and_texts_in_others(tmp_path: Path) -> None:
    content = lines().replace("\n", ",words\n").replace("a,b,y,words", "a,b,y,note", 1)
    assert imported(tmp_path, content, features=["b"]).columns.features == ["b"]


def test_a_split_column(tmp_path: Path) -> None:
    rows = [f"{i},{i % 2},{split}" for i, split in enumerate(["train"] * 6 + ["Validation"] * 4 + ["TEST"] * 2)]
    content = "\n".join(["a,y,part", *rows])
    found = imported(tmp_path, content, split="part", classes=True)
    assert {split: rows.features[:, 0].tolist() for split, rows in found.tables.items()} == {
        "train": [0, 1, 2, 3, 4, 5],
        "validation": [6, 7, 8, 9],
        "test": [10, 11],
    }
    assert "row 3 (the header not counted), column 'part': 'dev' is no split; write train, validation, test" in error_of(
        tmp_path, content.replace("2,0,train", "2,0,dev"), split="part", classes=True
    )
    assert "row 1 of the validation rows: it is row 1 of the train rows of" in error_of(
        tmp_path, content.replace("6,0", "0,0"), split="part", classes=True
    )


REFUSED = {
    "empty-file": ("", {}, ["is empty; its first line must name the columns y"]),
    "no-rows": ("a,b,y\n", {}, ["x.csv has no rows"]),
    "no-target": (lines(), {"targets": ["z"]}, ["row 0 (the header)", "no column z (columns: a, b, y)"]),
    "no-feature": (lines(), {"features": ["c"]}, ["no column c"]),
    "missing": (lines(row_3="2,,ot"), {}, ["row 3 (the header not counted), column 'b'", "empty; fill missing values in"]),
    "missing-target": (lines(row_3="2,3,"), {}, ["row 3 ", "column 'y'", "is empty; fill missing values in"]),
    "nan": (lines(row_3="nan,2,ot"), {}, ["row 3 ", "column 'a'", "'nan' is no finite number; fill missing values in"]),
    "infinity": (lines(row_3="-Infinity,2,ot"), {}, ["row 3 ", "column 'a'", "'-Infinity' is no finite number"]),
    "too-large": (lines(row_3="1e999,2,ot"), {}, ["row 3 ", "column 'a'", "'1e999' is too large"]),
    "text": (lines(row_3="two,2,ot"), {}, ["row 3 ", "column 'a'", "'two' is no number; code it as one"]),
    "decimal-comma": (lines(row_3='"2,5",2,ot'), {}, ["row 3 ", "'2,5' is no number; write a point before decimals"]),
    "underscore": (lines(row_3="1_000,2,ot"), {}, ["'1_000' is no number"]),
    "arabic-digits": (lines(row_3="٣,2,ot"), {}, ["'٣' is no number"]),
    "column-twice": (lines().replace("a,b,y", "a,a,y"), {}, ["row 0", "column 'a' occurs twice in the header; rename"]),
    "column-without-a-name": (lines().replace("a,b,y", ",b,y"), {}, ["row 0", "column 1 of 3 has no name"]),
    "column-with-a-line-break": (lines().replace("a,b,y", '"a\nc",b,y'), {}, ["column 1 is called 'a\\nc'"]),
    "equal-columns": (
        "\n".join(["a,b,y", *(f"{i},{i}.0,{i % 2}" for i in range(30))]),
        {},
        ["column 'b': its numbers are those of an earlier column", "remove one of the two"],
    ),
    "leak": ("\n".join(["a,b,y", *(f"{i},{i * i},{i}" for i in range(30))]), {}, ["column 'a'", "those of the target"]),
    "leak-of-classes": (
        "\n".join(["a,b,y", *(f"{i},{i % 2 + 1},{i % 2 + 1}" for i in range(30))]),
        {},
        ["column 'b'", "those of the target"],
    ),
    "constant-target": (numbers("0.5"), {}, ["column 'y': the target is the same number in all rows"]),
    "one-class": (numbers("x"), {}, ["column 'y': every row is of the class 'x'; a classification has at least two"]),
    "one-class-of-numbers": (numbers("7"), {}, ["column 'y': every row is of the class '7'"]),
    "constant-features": ("\n".join(["a,y", *(f"1,{i % 2}" for i in range(30))]), {}, ["no feature varies"]),
    "few-rows": (lines(9), {}, ["x.csv has 9 rows", "at least 10"]),
    "rare-class": (lines(row_3="2,3,tek"), {}, ["none of the validation rows is of the class 'tek', which has 1 row;"]),
    "unequal-lines": (lines(row_3="2,3"), {}, ["row 3 ", "2 cells, but 3 in the header"]),
    "text-in-a-regression": (lines(), {"classes": False}, ["row 1 ", "column 'y'", "'ağaç' is no number"]),
    "text-among-numbers": (numbers("{tenth}").replace("5,0.5", "5,?"), {}, ["row 6 ", "column 'y'", "'?' is no finite"]),
    "not-utf-8": (lines().encode("iso-8859-9"), {}, ["row 1 ", "is not UTF-8"]),
    "target-twice": (lines(), {"targets": ["y", "y"]}, ["--target names the column 'y' twice"]),
    "classes-of-two-targets": (lines(), {"targets": ["y", "a"], "classes": True}, ["a classification has one target"]),
    "half-an-autoencoder": (lines(), {"targets": ["a"], "features": ["a", "b"]}, ["'a' is a feature and a target"]),
    "split-is-target": (lines(), {"split": "y"}, ["'y' names the splits"]),
    "only-targets": ("y\n1\n2\n", {}, ["all columns are targets"]),
    "size": (lines(row_3="1e308,2,ot"), {}, ["row 3 ", "column 'a'", "'1e308' is too large; numbers are at most 1e+15"]),
    "small": ("\n".join(["a,b,y", *(f"{i},{i}e-310,{i % 2}" for i in range(30))]), {}, ["row 30 ", "column 'b'", "1e-15"]),
    "large-target": (numbers("{tenth}1e200"), {}, ["row 1 ", "column 'y'", "scale the column"]),
    "whole": (lines(row_3="9007199254740993,2,ot"), {}, ["row 3 ", "above 2^53", "subtract an offset"]),
    "spellings": (lines(row_3="2,3,7", row_4="3,4,007"), {"classes": True}, ["row 4 ", "'007' and '7' are two spellings"]),
    "missing-class": (lines(row_3="2,3,NA"), {}, ["row 3 ", "column 'y'", "'NA' stands for a missing value", "renamed"]),
    "mixed-target": (lines(), {"classes": False}, ["--classification makes each text a class"]),
    "override": (lines(row_3="2,3,o\u202et"), {}, ["row 3 ", "column 'y'", "control character"]),
    "quotation-mark": ('a,b,y\n1,2,"x\n', {}, ["not CSV"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_is_explained(tmp_path: Path, case: str) -> None:
    content, request, said = REFUSED[case]
    message = error_of(tmp_path, content, **request)
    for words in said:
        assert words in message
    assert is_harmless(message)


def test_json_lines_are_no_table(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("{}\n")
    with pytest.raises(DataError, match="read from CSV, not from JSON Lines"):
        read_table(path, Request(targets=["y"]), "x")


def test_rows_that_repeat_or_contradict_are_reported(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="the header not counted") as found:
        imported(tmp_path, lines(row_3="0,0,ağaç", row_4="1,0.14285714285714285,ot", row_5="0,0,ağaç"))
    said = [str(one.message) for one in found]
    assert any("row 3 (the header not counted): all numbers are those of row 1; 2 such rows count each" in one for one in said)
    assert any(
        "row 4 (the header not counted): the target is another, but all features are those of row 2" in one for one in said
    )


def test_constant_features_are_reported(tmp_path: Path) -> None:
    content = "\n".join(["a,b,c,y", *(f"{i},5,5,{i % 2}" for i in range(30))])
    with pytest.warns(UserWarning, match="the same number in all rows: b, c; such columns tell nothing"):
        assert imported(tmp_path, content).columns.features == ["a", "b", "c"]


def files(folder: Path, **contents: str) -> dict[str, Path]:
    for name, content in contents.items():
        (folder / f"{name}.csv").write_text(content, encoding="utf-8")
    return {name: folder / f"{name}.csv" for name in contents}


def part(first: int, count: int) -> str:
    return "\n".join(["a,y", *(f"{i},{'xy'[i % 2]}" for i in range(first, first + count)), ""])


def test_splits_of_files(tmp_path: Path) -> None:
    given = files(tmp_path, train=part(0, 40), validation=part(100, 10), test=part(200, 10))
    found = read_tables(given, Request(targets=["y"]), "x", 0.2)
    assert [len(found.tables[split]) for split in SPLITS] == [40, 10, 10]
    assert found.tables["test"].features[0, 0] == 200.0


def test_validation_rows_are_taken_from_the_training_rows(tmp_path: Path) -> None:
    given = files(tmp_path, train=part(0, 40), test=part(200, 10))
    found = read_tables(given, Request(targets=["y"]), "x", 0.25)
    assert [len(found.tables[split]) for split in SPLITS] == [30, 10, 10]
    both = np.concatenate([found.tables[split].features[:, 0] for split in ("train", "validation")])
    assert sorted(both) == list(range(40))


@pytest.mark.parametrize(
    ("test", "said"),
    [
        (part(39, 10), "row 1 of the test rows: it is row"),
        (part(200, 10).replace("a,y", "b,y"), "have other columns: the column 'a' is in one of them only"),
        ("a,y\n200,x\n201,x\n", "none of the test rows is of the class 'y'"),
        ("a,y\n200,z\n201,x\n202,y\n", "none of the train rows is of the class 'z'"),
        ("a,y\n", "test.csv has no rows"),
    ],
)
def test_files_that_do_not_fit_together(tmp_path: Path, test: str, said: str) -> None:
    with pytest.raises(DataError) as error:
        read_tables(files(tmp_path, train=part(0, 40), test=test), Request(targets=["y"]), "x", 0.25)
    assert said in str(error.value)


def test_equal_features_with_other_targets_in_two_files_are_reported(tmp_path: Path) -> None:
    given = files(tmp_path, train=part(0, 40), test=part(39, 10).replace("39,y", "39,x"))
    with pytest.warns(UserWarning, match="1 row has the features of a row of an earlier split, with another target"):
        read_tables(given, Request(targets=["y"]), "x", 0.25)


def test_a_clean_file_gives_no_warning(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        imported(tmp_path, lines())


def test_codes_are_called_as_written_and_joiners_are_parts_of_names(tmp_path: Path) -> None:
    assert imported(tmp_path, numbers("00{third}")).columns.classes == ["000", "001", "002"]
    assert "o\u200ct" in imported(tmp_path, lines().replace("ot", "o\u200ct")).columns.classes
    assert imported(tmp_path, numbers("{third}"), classes=False).reason == "because of --regression"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    made = Bench(tmp_path_factory.mktemp("bench"))
    (made.folder / "x.csv").write_text(lines(200), encoding="utf-8")
    (made.folder / "r.csv").write_text(numbers("{tenth}5", 200).replace(",0.05", ",0.07"), encoding="utf-8")
    return made


def test_an_imported_table_is_verified_described_divided_and_run(bench: Bench) -> None:
    done = bench.run("data", "import", "bitki", "x.csv", "--target", "y", "--title", "Bitkiler")
    assert done.code == 0, done.err
    assert "classification, 3 classes: the cells of 'y' are names; --regression takes them for numbers" in done.err
    assert "120 train, 41 validation, 39 test rows, loss cross-entropy" in done.err
    manifest = load(bench.folder / ".optbench" / "datasets" / "bitki").manifest
    assert (manifest.title, manifest.loss) == ("Bitkiler", "cross-entropy")
    checked = bench.run("data", "verify", "bitki", "--json")
    assert checked.code == 0, checked.err
    assert {row["model"] for row in checked.rows if "model" in row} == {
        "majority class",
        "logistic regression",
        "nearest neighbour",
        "random forest",
    }
    (about,) = bench.run("data", "info", "bitki", "--json").rows
    assert about["classes"] == {"ağaç": 67, "ot": 66, "çiçek": 67}
    for dataset in ("bitki", "bitki[split=2]"):
        ended = bench.run(
            "run", "-o", "adam", "-m", "single-layer", "-d", dataset, "--epochs", "2", "--seeds", "0", "--no-report"
        )
        assert ended.code == 0, ended.err
    refused = bench.run("data", "embed", "bitki", "--embedder", "e5-small")
    assert refused.code == 2
    assert is_one_line(refused.err, "error: bitki is a table of numbers and has no texts to embed")
    listed = {row["name"]: row for row in bench.run("list", "datasets", "--json").rows}
    assert (listed["bitki"]["kind"], listed["bitki"]["task"]) == ("table", "3 classes")
    assert (listed["qa-tr"]["kind"], listed["qa-tr"]["task"]) == ("texts", "2 classes")


def test_a_loss_of_choice(bench: Bench) -> None:
    loss = "cross-entropy[report=balanced-accuracy]"
    assert bench.run("data", "import", "--name", "balanced", "x.csv", "--target", "y", "--loss", loss).code == 0
    assert load(bench.folder / ".optbench" / "datasets" / "balanced").manifest.loss == loss
    assert any("balanced accuracy" in row for row in bench.run("data", "verify", "balanced", "--json").rows)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "a dataset needs a name"),
        (("t",), "name a FILE to divide, with --target COLUMN, or a file for each of --train and --test"),
        (("t", "x.csv"), "needs --target COLUMN; 'optbench data freeze' divides a file of questions"),
        (("t", "x.csv", "y.csv", "--target", "y"), "is one argument too many"),
        (("t", "x.csv", "--train", "x.csv", "--target", "y"), "are two sources of rows"),
        (("t", "--train", "train.csv", "--test", "test.csv", "--features", "a"), "--features is for tables"),
        (("t", "--train", "train.csv", "--test", "test.csv", "--regression"), "--classification/--regression is for tables"),
        (("t", "--train", "x.csv", "--target", "y"), "a file for each of --train and --test"),
        (("t", "x.csv", "--target", "y", "--validation-share", "0.2"), "--validation-share"),
        (("t", "x.csv", "--target", "y", "--title", "one\ntwo"), "line"),
        (("t", "x.csv", "--target", "y", "--loss", "squared"), "is for numbers as targets"),
        (("t", "x.csv", "--target", "y", "--loss", "crossentropy"), "did you mean 'cross-entropy'?"),
        (("t", "r.csv", "--target", "y", "--loss", "cross-entropy"), "is for classes"),
        (("t", "x.csv", "--target", "y", "--validation-share", "0.3"), "--validation-share divides the rows of --train"),
        (("t", "x.csv", "--target", "y", "--title", "a\nb"), "has a line break; write it on one line"),
        (("t", "none.csv", "--target", "y"), "none.csv cannot be read"),
        (("tiny", "x.csv", "--target", "y"), "already exists"),
        (("digits", "x.csv", "--target", "y"), "is the name of an installed dataset"),
        (("t", "train.csv", "--target", "label"), "column 'question'"),
        (("t", "--train", "x.csv", "--test", "x.csv"), "a table of numbers is imported with"),
    ],
)
def test_a_refused_import_of_a_table_is_one_line_and_no_dataset(bench: Bench, words: tuple[str, ...], said: str) -> None:
    done = bench.run("data", "import", *words)
    assert (done.code, done.out) == (2, "")
    assert is_one_line(done.err, "error: ")
    assert said in done.err
    assert not (bench.folder / ".optbench" / "datasets" / "t").exists()
