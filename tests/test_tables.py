"""Tables of numbers: their canonical CSV, their digest, their division."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from optbench.core.contracts import GeneratedDataset, TableRows, Task
from optbench.core.errors import DataError
from optbench.curation.croissant import croissant
from optbench.curation.table_writing import write_table
from optbench.curation.writing import split_file
from optbench.data.columns import Columns
from optbench.data.embedded import assemble
from optbench.data.generated import generated_table
from optbench.data.loader import FrozenDataset, divided, load
from optbench.data.manifest import SPLITS, Manifest
from optbench.data.table import digest_of_rows, divide, names, parse, write_csv
from optbench.embedders.raw import Raw

TWO = Columns(features=["a", "b"], targets=["y"])
CLASSES = Columns(features=["a", "b"], targets=["y"], classes=["no", "yes"])
finite = st.floats(allow_nan=False, allow_infinity=False)


def rows_of(features: np.ndarray, targets: np.ndarray) -> TableRows:
    return TableRows(np.asarray(features, np.float64), np.asarray(targets, np.float64))


def some_rows(count: int, seed: int = 0, classes: int = 2) -> TableRows:
    rng = np.random.Generator(np.random.PCG64(seed))
    return rows_of(rng.random((count, 2)), np.arange(count).reshape(-1, 1) % classes)


@pytest.fixture
def table(tmp_path: Path) -> FrozenDataset:
    tables = divide(some_rows(100), "table", classes=True)
    return write_table(tmp_path / "table", tables, CLASSES, {"name": "table", "loss": "cross-entropy"})


@given(arrays(np.float64, st.tuples(st.integers(1, 5), st.just(3)), elements=finite))
def test_numbers_are_the_same_after_writing_and_reading(cells: np.ndarray) -> None:
    rows = TableRows(np.ascontiguousarray(cells[:, :2]), np.ascontiguousarray(cells[:, 2:]))
    content = write_csv(rows, TWO)
    again = parse(content, "x.csv", TWO)
    assert np.array_equal(again.features, rows.features)
    assert np.array_equal(again.targets, rows.targets)
    assert digest_of_rows(again) == digest_of_rows(rows)
    assert write_csv(again, TWO) == content


name = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8)


@given(st.lists(name, min_size=2, max_size=4, unique=True))
def test_any_printable_name_of_a_column_is_read_again(found: list[str]) -> None:
    columns = Columns(features=found[1:], targets=found[:1])
    rows = rows_of(np.arange(2.0 * len(found[1:])).reshape(2, -1), [[0.5], [1.5]])
    again = parse(write_csv(rows, columns), "x.csv", columns)
    assert np.array_equal(again.features, rows.features)
    assert np.array_equal(again.targets, rows.targets)


def test_a_column_that_is_feature_and_target_is_written_once() -> None:
    columns = Columns(features=["a", "b"], targets=["a", "b"])
    rows = rows_of([[1.0, 2.5]], [[1.0, 2.5]])
    assert names(columns) == ["a", "b"]
    assert write_csv(rows, columns) == b"a,b\n1,2.5\n"
    assert np.array_equal(parse(b"a,b\n1,2.5\n", "x.csv", columns).targets, rows.targets)


def test_the_digest_is_that_of_shapes_and_bits() -> None:
    rows = rows_of([[1.0, -0.0], [2.0, 3.0]], [[0.0], [1.0]])
    by_hand = hashlib.sha256()
    by_hand.update(b"(2, 2)" + np.array([1.0, 0.0, 2.0, 3.0], "<f8").tobytes())
    by_hand.update(b"(2, 1)" + np.array([0.0, 1.0], "<f8").tobytes())
    assert digest_of_rows(rows) == by_hand.hexdigest()
    others = [
        rows_of([[1.0, 0.0], [2.0, 3.0]], [[1.0], [0.0]]),
        rows_of([[2.0, 3.0], [1.0, 0.0]], [[1.0], [0.0]]),
        rows_of([[math.nextafter(1.0, 2.0), 0.0], [2.0, 3.0]], [[0.0], [1.0]]),
        rows_of([[1.0], [0.0], [2.0], [3.0]], [[0.0], [1.0]]),
    ]
    assert len({digest_of_rows(one) for one in [rows, *others]}) == 5


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the header is not that of the manifest's columns"),
        (b"a,b\n1,2\n", "the header is not that of the manifest's columns"),
        (b"a,b,y\n", "x.csv has no rows"),
        (b"a,b,y\n \n", "x.csv has no rows"),
        (b"a,b,y\n1,2\n", "x.csv has rows of 2 numbers, but 3 columns"),
        (b"a,b,y\n1,2,0\n1,2\n", "x.csv is not a table of numbers"),
        (b"a,b,y\n1,,0\n", "x.csv is not a table of numbers"),
        (b"a,b,y\n1,x,0\n", "x.csv is not a table of numbers"),
        (b"a,b,y\n1,\xff,0\n", "x.csv is not a table of numbers"),
        (b"a,b,y\n1,2,0\n1,nan,0\n", "x.csv, row 2 (the header not counted), column 'b': nan"),
        (b"a,b,y\n1,2,0\n-inf,2,0\n", "x.csv, row 2 (the header not counted), column 'a': -inf"),
        (b"a,b,y\n1,2,2\n", "x.csv, row 1 (the header not counted): 2; the target is a whole number from 0 to 1"),
        (b"a,b,y\n1,2,0.5\n", "x.csv, row 1 (the header not counted): 0.5; the target is a whole number from 0 to 1"),
    ],
)
def test_what_is_not_a_frozen_table_is_explained(content: bytes, said: str) -> None:
    with pytest.raises(DataError) as error:
        parse(content, "x.csv", CLASSES)
    assert str(error.value).startswith(said) or said in str(error.value)


values = st.integers(0, 3).map(float)


@given(arrays(np.float64, st.tuples(st.integers(1, 40), st.just(3)), elements=values), st.text(max_size=3))
def test_a_division_keeps_all_rows_and_never_separates_equal_features(cells: np.ndarray, salt: str) -> None:
    rows = TableRows(cells[:, :2], cells[:, 2:])
    splits = divide(rows, salt, classes=True)
    assert list(splits) == list(SPLITS)
    together = np.vstack([np.hstack([one.features, one.targets]) for one in splits.values()])
    assert sorted(map(tuple, together)) == sorted(map(tuple, cells))
    seen = [{tuple(row) for row in one.features} for one in splits.values()]
    assert not any(one & two for one, two in itertools.combinations(seen, 2))


@given(st.permutations(range(30)), st.sampled_from([True, False]))
def test_a_division_does_not_depend_on_the_order_of_rows(order: list[int], classes: bool) -> None:
    rows = some_rows(30)
    rows.features[:6] = rows.features[6:12]  # groups of equal features, some with different targets
    rows.targets[:3] = 1.0
    one, two = (
        {
            split: sorted(map(tuple, np.hstack([part.features, part.targets])))
            for split, part in divide(given, "salt", classes=classes).items()
        }
        for given in (rows, TableRows(rows.features[order], rows.targets[order]))
    )
    assert one == two


@given(st.integers(15, 200), st.integers(1, 5))
def test_each_class_is_divided_60_20_20(count: int, classes: int) -> None:
    rows = some_rows(count, classes=classes)
    splits = divide(rows, "salt", classes=True)
    for number in range(classes):
        of_class = {split: int((one.targets == number).sum()) for split, one in splits.items()}
        total = sum(of_class.values())
        for split, share in {"train": 0.6, "validation": 0.2, "test": 0.2}.items():
            assert abs(of_class[split] - share * total) <= 1.0


def test_another_salt_is_another_division() -> None:
    rows = some_rows(50)
    assert digest_of_rows(divide(rows, "a", classes=True)["test"]) != digest_of_rows(divide(rows, "b", classes=True)["test"])


def test_a_division_into_two_splits() -> None:
    splits = divide(some_rows(50), "a", {"train": 0.8, "validation": 0.2}, classes=True)
    assert {split: len(rows) for split, rows in splits.items()} == {"train": 40, "validation": 10}


def test_a_table_is_divided_anew(table: FrozenDataset) -> None:
    one, two = divided(table, 1), divided(table, 2)
    assert one.name == "table[split=1]"
    assert len({table.digest, one.digest, two.digest}) == 3
    assert dict(one.sizes) == dict(table.sizes)
    assert pickle.loads(pickle.dumps(one)).tables["test"].features.tolist() == one.tables["test"].features.tolist()


def test_a_written_table_is_loaded(table: FrozenDataset) -> None:
    assert (table.kind, table.task) == ("table", Task(("no", "yes")))
    expected = divide(some_rows(100), "table", classes=True)
    for split in SPLITS:
        assert np.array_equal(table.tables[split].features, expected[split].features)
        assert np.array_equal(table.tables[split].targets, expected[split].targets)
    with pytest.raises(DataError, match="is a table of numbers"):
        _ = table.splits


def edited(table: FrozenDataset, **changes: object) -> FrozenDataset:
    path = table.folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return load(table.folder)


def test_a_changed_file_is_named(table: FrozenDataset) -> None:
    path = table.folder / "test.csv"
    path.write_bytes(path.read_bytes().replace(b",0\n", b",1\n", 1))
    with pytest.raises(DataError, match=r"test\.csv is not the file that was frozen"):
        load(table.folder).validate()


def test_numbers_of_another_digest_are_refused(table: FrozenDataset) -> None:
    splits = json.loads((table.folder / "manifest.json").read_text())["splits"]
    splits["train"]["numbers"] = "0" * 64
    with pytest.raises(DataError, match=r"train\.csv: its numbers have another digest than that in the manifest; restore"):
        edited(table, splits=splits).validate()


def test_a_class_without_a_training_row_is_refused(table: FrozenDataset) -> None:
    columns = {"features": ["a", "b"], "targets": ["y"], "classes": ["no", "yes", "perhaps"]}
    with pytest.raises(DataError, match=r"train\.csv: no training row is of the class 'perhaps'"):
        edited(table, columns=columns).validate()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"columns": None}, "a dataset has 'columns' if, and only if, its kind is 'table'"),
        ({"columns": {"features": [], "targets": ["y"]}}, "columns.features"),
        ({"columns": {"features": ["a", "a"], "targets": ["y"]}}, "one of the features is named twice"),
        (
            {"columns": {"features": ["a", "b\n"], "targets": ["y"]}},
            "one of the features has no name, or one with a line break",
        ),
        ({"columns": {"features": ["a", ""], "targets": ["y"]}}, "one of the features has no name"),
        ({"columns": {"features": ["a"], "targets": ["a"], "classes": ["x", "y"]}}, "which is no feature"),
        ({"columns": {"features": ["a"], "targets": ["y"], "classes": ["x"]}}, "at least two classes"),
        ({"columns": {"features": ["a"], "targets": ["y", "z"], "classes": ["x", "w"]}}, "one target column"),
    ],
)
def test_a_manifest_of_a_table_that_breaks_a_rule_is_an_error(
    table: FrozenDataset, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(DataError) as error:
        edited(table, **changes)
    assert said in str(error.value)


@dataclass(frozen=True, kw_only=True)
class Noise(GeneratedDataset):
    name: ClassVar[str] = "noise"
    title: ClassVar[str] = "Noise"
    licence: ClassVar[str] = "CC0-1.0"
    difficulty: ClassVar[str] = "None."
    seed: int = 0

    @property
    def task(self) -> Task:
        return Task(("no", "yes"))

    def generate(self) -> dict[str, TableRows]:
        rows = some_rows(100, self.seed)
        rows.features[0] = -0.0
        return divide(rows, "noise", classes=True)


class Raising(Noise):
    def generate(self) -> dict[str, TableRows]:
        return [][self.seed]


class Listed(Noise):
    def generate(self) -> dict[str, TableRows]:
        return list(super().generate().items())  # type: ignore[return-value]  # a plugin is not checked by mypy


class OfOneClass(Noise):
    @property
    def task(self) -> Task:
        return Task(("no",))


class Restless(Noise):
    calls: ClassVar[list[int]] = []

    def generate(self) -> dict[str, TableRows]:
        self.calls.append(len(self.calls))
        return divide(some_rows(100, len(self.calls)), "noise", classes=True)


def test_a_generated_table_has_the_digest_of_its_file(tmp_path: Path) -> None:
    dataset = generated_table(Noise(seed=3), "noise[seed=3]", "cross-entropy")
    columns = dataset.manifest.table_columns
    written = write_table(tmp_path / "noise", dataset.tables, columns, {"name": "noise", "loss": "cross-entropy"})
    assert written.digest == dataset.digest
    for split in SPLITS:
        one, two = (found.tables[split].features for found in (written, dataset))
        assert one.tobytes() == two.tobytes()  # no -0.0, which equals 0.0 but has another sign bit


@pytest.mark.parametrize(
    ("cls", "message"),
    [
        (Raising, "'noise' cannot be generated, its code raises IndexError: list index out of range"),
        (Listed, "'noise' has a Task as task and generates a list"),
        (OfOneClass, "'noise' has a task that no table can have: .* at least two classes"),
    ],
)
def test_what_a_component_does_wrong_is_an_error_of_its_data(cls: type[Noise], message: str) -> None:
    with pytest.raises(DataError, match=message):
        generated_table(cls(), "noise", "cross-entropy")


def test_targets_that_are_constant_in_the_training_rows_are_not_divided_by_a_rounding_error() -> None:
    def rows(*targets: float) -> TableRows:
        return TableRows(np.arange(2.0 * len(targets)).reshape(-1, 2), np.array([targets]).T)

    @dataclass(frozen=True, kw_only=True)
    class Constant(Noise):
        task: ClassVar[Task] = Task()

        def generate(self) -> dict[str, TableRows]:
            return {"train": rows(*[0.1] * 90), "validation": rows(0.2), "test": rows(0.3)}

    y = assemble(generated_table(Constant(), "constant", "squared"), Raw(), "float64").y.ravel()
    assert np.abs(y).max() < 1.0


def test_identifiers_of_columns_differ() -> None:
    table = Columns(features=["a b", "a_b", "a_b_1", "split"], targets=["y"])
    rows = TableRows(np.zeros((3, 4)), np.zeros((3, 1)))
    splits = {split: split_file(split, write_csv(rows, table), 3, digest_of_rows(rows)) for split in SPLITS}
    described = croissant(Manifest(name="t", kind="table", columns=table, splits=splits), dict.fromkeys(SPLITS, names(table)))
    found = [field["@id"] for one in described["recordSet"] for field in one["field"]]
    assert len(set(found)) == len(found)


def test_a_table_that_is_generated_differently_is_an_error() -> None:
    dataset = generated_table(Restless(), "restless", "cross-entropy")
    copies = [
        generated_table(Restless(seed=seed), "restless", "cross-entropy") for seed in range(1, 5)
    ]  # more than are kept in memory
    assert len({copy.digest for copy in copies}) == 4
    with pytest.raises(DataError, match="generates other train rows here than where the run was planned"):
        dataset.validate()
