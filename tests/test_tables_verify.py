"""`optbench data verify` and `export` of tables; baselines and condition numbers."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from processes import Bench, is_one_line
from test_tables import CLASSES, Noise, Restless, some_rows

from optbench.core.contracts import Split, TableRows
from optbench.core.errors import DataError, UsageError
from optbench.curation.exporting import export, plain_name
from optbench.curation.table_baselines import condition_number, condition_numbers, measure_name, table_baselines
from optbench.curation.table_rules import table_findings, table_measurements
from optbench.curation.table_writing import write_table
from optbench.data.columns import Columns
from optbench.data.generated import generated_table
from optbench.data.loader import FrozenDataset, divided, load
from optbench.data.manifest import SPLITS, is_dataset_name
from optbench.data.table import divide
from optbench.planning.datasets import find_dataset
from optbench.registry import Registry

ABOUT = {"name": "table", "loss": "cross-entropy"}
NUMBERS = Columns(features=["a", "b"], targets=["y"])


def with_rows(folder: Path, tables: dict[Split, TableRows], columns: Columns = CLASSES) -> FrozenDataset:
    return write_table(folder, tables, columns, ABOUT, measure=False)


def failed(dataset: FrozenDataset) -> dict[str, str]:
    return {finding.rule: finding.measured for finding in table_findings(dataset) if not finding.holds}


@pytest.fixture
def tables() -> dict[Split, TableRows]:
    return divide(some_rows(200), "table", classes=True)


def test_a_good_table_breaks_no_rule(tmp_path: Path, tables: dict[Split, TableRows]) -> None:
    assert failed(with_rows(tmp_path / "t", tables)) == {}


def test_few_rows(tmp_path: Path) -> None:
    dataset = with_rows(tmp_path / "t", divide(some_rows(100), "table", classes=True))
    assert list(failed(dataset)) == ["each split has at least 30 rows"]


def test_a_row_in_two_splits(tmp_path: Path, tables: dict[Split, TableRows]) -> None:
    tables["test"].features[4] = tables["train"].features[2]
    tables["test"].targets[4] = tables["train"].targets[2]
    assert failed(with_rows(tmp_path / "t", tables)) == {
        "no row is in two splits": "1 rows are; the first is row 5 of test, which is row 3 of train"
    }


def test_equal_features_with_another_target_are_told_of(tmp_path: Path, tables: dict[Split, TableRows]) -> None:
    tables["test"].features[4] = tables["train"].features[2]
    tables["test"].targets[4] = 1.0 - tables["train"].targets[2]
    dataset = with_rows(tmp_path / "t", tables)
    assert failed(dataset) == {}
    (disjoint,) = [one for one in table_findings(dataset) if one.rule == "no row is in two splits"]
    assert disjoint.measured.endswith("the features of 1 rows are in an earlier split too, with another target")


def test_classes_that_are_divided_badly(tmp_path: Path, tables: dict[Split, TableRows]) -> None:
    tables["test"].targets[:] = 1.0
    found = failed(with_rows(tmp_path / "t", tables))
    assert found["each class is in each split"] == "no no in test"
    assert found["the share of a class differs by at most 0.1 from that of the training rows"].startswith("0.500: train 50.0%")


def test_targets_that_do_not_vary(tmp_path: Path, tables: dict[Split, TableRows]) -> None:
    tables["validation"].targets[:] = 1.0
    assert failed(with_rows(tmp_path / "t", tables, NUMBERS)) == {"targets vary in each split": "constant in validation"}


def test_rows_that_are_generated_differently() -> None:
    few = "train 60 (60.0%), validation 20 (20.0%), test 20 (20.0%)"
    assert failed(generated_table(Noise(), "noise", "cross-entropy")) == {"each split has at least 30 rows": few}
    found = failed(generated_table(Restless(seed=9), "restless", "cross-entropy"))
    assert found["rows that are generated again are the same"] == "train, validation, test: other numbers"


def test_measurements_name_constant_and_equal_features(tmp_path: Path) -> None:
    rows = some_rows(100)
    columns = Columns(features=["a", "b", "c", "d"], targets=["y"], classes=["no", "yes"])
    rows = TableRows(np.column_stack([rows.features, np.ones(100), rows.features[:, 0]]), rows.targets)
    found = table_measurements(with_rows(tmp_path / "t", divide(rows, "t", classes=True), columns))
    assert found["features that are constant in the training rows"] == "1: c"
    assert found["features that equal an earlier one in the training rows"] == "1: d"


@pytest.mark.parametrize("factor", [1.0, 1e-6])
def test_the_condition_number_is_that_of_known_singular_values(factor: float) -> None:
    rng = np.random.Generator(np.random.PCG64(1))
    left, right = (np.linalg.qr(rng.standard_normal((size, 4)))[0] for size in (50, 6))
    x = left @ np.diag([100.0, 10.0, 5.0, 2.0]) @ right.T * factor  # of rank 4, so that two of six values are 0
    assert condition_number(x) == pytest.approx(50.0)
    assert condition_number(np.eye(3)) == 1.0


def test_condition_numbers_are_of_what_a_network_sees(registry: Registry) -> None:
    from optbench.data.embedded import assemble
    from optbench.embedders.raw import Raw
    from optbench.embedders.standardized import Standardized

    wine = find_dataset(registry, "wine")
    found = condition_numbers(wine)
    for embedder in (Raw(), Standardized()):
        data = assemble(wine, embedder, np.float64)
        assert found[embedder.name] == pytest.approx(np.linalg.cond(data.x[data.train]), rel=1e-6)
    assert wine.manifest.figures["condition number of the training inputs"] == pytest.approx(found, rel=1e-3)


def test_the_baselines_of_shipped_tables_are_those_in_their_manifests(registry: Registry) -> None:
    for name in ("wine", "diabetes", "autoencoder-digits"):
        dataset = find_dataset(registry, name)
        for model, quality in table_baselines(dataset).items():
            assert dataset.manifest.figures[model] == {"all": pytest.approx(quality, abs=0.03)}


def test_baselines_by_hand(tmp_path: Path) -> None:
    rng = np.random.Generator(np.random.PCG64(2))
    features = rng.random((400, 2))
    targets = features @ [[2.0], [-3.0]] + 5.0
    dataset = with_rows(tmp_path / "numbers", divide(TableRows(features, targets), "t", classes=False), NUMBERS)
    found = table_baselines(dataset)
    y, y_test = (dataset.tables[split].targets for split in ("train", "test"))
    by_hand = 1.0 - np.sum((y_test - y.mean()) ** 2) / np.sum((y_test - y_test.mean()) ** 2)
    assert found["mean"] == pytest.approx(by_hand)
    assert found["ridge regression"] > 0.999
    assert measure_name(dataset.manifest) == "R²"
    rare = TableRows(features, (features[:, :1] > 0.9).astype(float))
    about = {"name": "rare", "loss": "cross-entropy[report=balanced-accuracy]"}
    balanced = write_table(tmp_path / "rare", divide(rare, "t", classes=True), CLASSES, about)
    assert table_baselines(balanced)["majority class"] == 0.5
    assert measure_name(balanced.manifest) == "balanced accuracy"
    assert balanced.manifest.figures["measure of simple models"] == "balanced accuracy on the test rows"


def test_an_autoencoder_is_compared_with_principal_components(tmp_path: Path) -> None:
    rng = np.random.Generator(np.random.PCG64(3))
    flat = rng.standard_normal((300, 8)) @ rng.standard_normal((8, 40))
    columns = Columns(features=[f"x{i}" for i in range(40)], targets=[f"x{i}" for i in range(40)])
    dataset = with_rows(tmp_path / "flat", divide(TableRows(flat, flat), "t", classes=False), columns)
    found = table_baselines(dataset)
    assert found["8 principal components"] == pytest.approx(1.0)
    assert found["nearest neighbour"] < 1.0


@pytest.mark.parametrize("factor", [1e308, 1e-310])
def test_sizes_and_a_loss_that_does_not_fit_fail(tmp_path: Path, factor: float) -> None:
    rng = np.random.Generator(np.random.PCG64(4))
    rows = TableRows(rng.uniform(-1.0, 1.0, (200, 2)) * factor, rng.random((200, 1)))
    bench = Bench(tmp_path)
    with_rows(bench.folder / "t", divide(rows, "t", classes=False), NUMBERS)  # with the loss of a classification
    done = bench.run("data", "verify", "./t", "--json")
    assert done.code == 1, done.err
    wrong = [row["rule"] for row in done.rows if row["status"] == "failed"]
    assert any("in size" in rule for rule in wrong)
    assert "the loss exists and is for such a task" in wrong


def test_texts_have_no_baselines_of_tables(dataset: FrozenDataset) -> None:
    with pytest.raises(DataError, match="is a dataset of texts"):
        table_baselines(dataset)


@pytest.mark.parametrize(
    "name", ["wine", "wine[split=2]", "diabetes[split=1]", "spirals", "teacher[kappa=1e6]", "xor-parity[split=1]"]
)
def test_an_exported_table_has_the_same_rows_and_the_same_digest(registry: Registry, tmp_path: Path, name: str) -> None:
    dataset = find_dataset(registry, name)
    written = export(dataset, tmp_path / "out")
    again = load(written.folder)
    assert again.digest == dataset.digest
    for split, part in itertools.product(SPLITS, ("features", "targets")):
        assert getattr(again.tables[split], part).tobytes() == (getattr(dataset.tables[split], part) + 0.0).tobytes()
    assert again.manifest.figures
    assert again.manifest.loss == dataset.manifest.loss
    assert failed(again) == failed(dataset)
    assert find_dataset(registry, str(tmp_path / "out")).digest == dataset.digest


def test_texts_are_exported_with_their_vectors(registry: Registry, tmp_path: Path) -> None:
    dataset = find_dataset(registry, "qa-tr-2")
    written = export(dataset, tmp_path / "out")
    for path in dataset.folder.rglob("*.*"):
        assert (written.folder / path.relative_to(dataset.folder)).read_bytes() == path.read_bytes()
    other = divided(dataset, 1)
    again = load(export(other, tmp_path / "other").folder)
    assert (again.digest, again.splits) == (other.digest, other.splits)
    assert list(again.manifest.vectors) == ["e5-small"]


def test_an_existing_folder_is_replaced_only_if_it_is_a_dataset(registry: Registry, tmp_path: Path) -> None:
    dataset = find_dataset(registry, "wine")
    export(dataset, tmp_path / "out")
    with pytest.raises(UsageError, match="already exists; choose another folder, or replace it with --force"):
        export(dataset, tmp_path / "out")
    assert export(dataset, tmp_path / "out", replace=True).digest == dataset.digest
    (tmp_path / "mine").mkdir()
    assert export(dataset, tmp_path / "mine", replace=True).digest == dataset.digest
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("x")
    for path in (tmp_path / "full", tmp_path / "full" / "thesis.tex"):
        with pytest.raises(UsageError, match="is not a dataset, and --force replaces only those"):
            export(dataset, path, replace=True)
    with pytest.raises(UsageError, match=r"cannot be written: .*; choose another folder"):
        export(dataset, tmp_path / "full" / "thesis.tex" / "x")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("teacher[kappa=1e+06]", "teacher-kappa-1e06"),
        ("qa-tr-2[split=3]", "qa-tr-2-split-3"),
        ("teacher[kappa=1e-06,split=2]", "teacher-kappa-1e-06-split-2"),
        ("x[a=(1,-2.5),b='ş']", "x-a-1-2.5-b"),
        ("a" * 80, "a" * 64),
    ],
)
def test_names_without_brackets(name: str, expected: str) -> None:
    assert plain_name(name) == expected
    assert is_dataset_name(expected)


def test_the_commands(tmp_path_factory: pytest.TempPathFactory) -> None:
    bench = Bench(tmp_path_factory.mktemp("bench"))
    done = bench.run("data", "export", "teacher[kappa=1e6]", "teacher")
    assert done.code == 0, done.err
    assert "use it with 'optbench run -d ./teacher'" in done.err
    checked = bench.run("data", "verify", "./teacher")
    assert checked.code == 0, checked.err
    assert load(bench.folder / "teacher").digest in checked.err
    assert "R² of simple models fitted to the standardized training rows" in checked.err
    ended = bench.run(
        "run", "-o", "sgd", "-m", "single-layer", "-d", "./teacher", "--epochs", "1", "--seeds", "0", "--no-report"
    )
    assert ended.code == 0, ended.err
    assert bench.run("data", "remake", "wine", "wine").code == 0
    assert is_one_line(bench.run("data", "remake", "qa-tr", "x").err, "error: 'qa-tr' is not made from a table of scikit-learn")
    assert is_one_line(bench.run("data", "export", "nope", "x").err, "error: no dataset named 'nope'")
    checks = {row["check"]: row for row in bench.run("doctor", "--json").rows}
    assert checks["dataset digits"]["detail"] == "1076 train, 362 validation, 359 test"
