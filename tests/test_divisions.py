"""Other divisions of a dataset's rows: `qa-tr[split=3]`."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest
from tiny import tiny_splits

from optbench.core.errors import DataError, UsageError
from optbench.curation.exporting import export
from optbench.curation.importing import write
from optbench.data.loader import FrozenDataset, divided
from optbench.data.rows import Row
from optbench.planning.datasets import find_dataset, reference
from optbench.planning.plan import make_plan, rebuild
from optbench.planning.selections import Selections
from optbench.registry import Registry


def groups(dataset: FrozenDataset) -> list[set[str]]:
    return [{row.group for row in rows} for rows in dataset.splits.values()]


def test_the_same_rows_are_divided_anew_by_group(registry: Registry) -> None:
    frozen, other = (find_dataset(registry, name) for name in ("qa-tr", "qa-tr[split=3]"))
    assert sorted(other.rows, key=str) == sorted(frozen.rows, key=str)
    train, validation, test = groups(other)
    assert not train & validation
    assert not train & test
    assert not validation & test
    assert groups(frozen)[2] != test
    for name, rows in other.splits.items():
        assert abs(len(rows) - len(frozen.splits[name])) <= 8


def test_each_number_is_a_division_of_its_own_and_0_the_frozen_one(registry: Registry) -> None:
    found = [find_dataset(registry, f"qa-tr[split={split}]") for split in range(4)]
    assert found[0] == find_dataset(registry, "qa-tr")
    assert len({dataset.digest for dataset in found}) == 4
    assert [dataset.name for dataset in found] == ["qa-tr", "qa-tr[split=1]", "qa-tr[split=2]", "qa-tr[split=3]"]
    assert find_dataset(registry, "qa-tr[split=02]") == found[2]
    assert pickle.loads(pickle.dumps(found[3])).splits == found[3].splits


def test_a_run_on_a_division_is_planned_and_rebuilt_with_the_vectors_of_its_dataset(registry: Registry) -> None:
    selections = Selections(
        optimizers=["gd"], architectures=["single-layer"], embedders=["minilm"], datasets=["qa-tr[split=1]"], seeds=[0]
    )
    (planned,) = make_plan(registry, selections)
    assert planned.spec.dataset == planned.labels.dataset == "qa-tr[split=1]"
    assert rebuild(registry, planned.spec, planned.labels).spec == planned.spec


def test_a_folder_is_divided_too(registry: Registry, tmp_path: Path) -> None:
    dataset = write(tmp_path / "mine", tiny_splits(), {"name": "mine"})
    found = find_dataset(registry, f"{dataset.folder}[split=1]")
    assert found.name == "mine[split=1]"
    assert find_dataset(registry, reference(found, registry)) == found


def test_a_folder_of_the_name_of_a_generated_dataset_is_found_by_its_path(registry: Registry, tmp_path: Path) -> None:
    written = export(find_dataset(registry, "spirals"), tmp_path / "spirals")
    assert written.name == "spirals"
    assert find_dataset(registry, reference(written, registry)) == written


@pytest.mark.parametrize("inner", ["split=-1", "split=x", "fold=1", "", "split=1,2", "split=1e3", "split=" + "9" * 5000])
def test_what_is_no_division_is_an_error(registry: Registry, inner: str) -> None:
    with pytest.raises(UsageError, match="a dataset of files has one parameter, split"):
        find_dataset(registry, f"qa-tr[{inner}]")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("spirals[split=-1]", "split is a whole number from 0"),
        ("spirals[split=x]", "split is a whole number from 0"),
        ("spirals[split=1,2]", "is 2 datasets; name one value for each parameter"),
        ("spirals[turns=2]|clip", "wrappers go around optimizers, not around a dataset"),
    ],
)
def test_what_is_no_generated_dataset_is_an_error(registry: Registry, name: str, message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        find_dataset(registry, name)


def test_too_few_groups_cannot_be_divided(tmp_path: Path) -> None:
    splits = {name: [Row(f"{name} {label}?", "x", label) for label in (1, -1)] for name in ("train", "validation", "test")}
    splits = {name: [Row(row.question, row.answer, row.label, group="g") for row in rows] for name, rows in splits.items()}
    dataset = write(tmp_path / "few", splits, {"name": "few"})
    with pytest.raises(DataError, match="too few groups to be divided anew: none is left for validation, test"):
        divided(dataset, 1)
