from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import optbench
from optbench import GeneratedDataset
from optbench.core.errors import UsageError
from optbench.data.loader import FrozenDataset
from optbench.data.manifest import SPLITS
from optbench.datasets import drawing
from optbench.planning.datasets import find_dataset
from optbench.registry import Registry

DIGESTS = {
    "imbalanced": "b51e542bcc1422b2",
    "label-noise": "1dae7ede3dcde043",
    "label-noise[share=0.0]": "608a670ff2485d31",
    "sparse-zipf": "c5b7c34c5afda581",
    "spirals": "42b752791ef62222",
    "teacher": "6a2e00674a431239",
    "teacher[kappa=1e6]": "8a455ee0c073e058",
    "xor-parity": "f6013e052b850e23",
}
"""The first digits of the digests: of every generated dataset with its defaults, and of some with other hyper-parameters."""
PRINT_DIGESTS = """
import json, sys
from optbench.planning.datasets import find_dataset
from optbench.registry import Registry
registry = Registry(autoload=False)
print(json.dumps({name: find_dataset(registry, name).digest[:16] for name in sys.argv[1:]}))
"""
PROCESSORS = {
    "haswell": {"OPENBLAS_CORETYPE": "Haswell"},
    "nehalem": {"OPENBLAS_CORETYPE": "Nehalem"},
    "no vector instructions": {"OPENBLAS_CORETYPE": "Nehalem", "NPY_DISABLE_CPU_FEATURES": "dispatched"},
}
EPOCH = {"seeds": [0], "epochs": 1, "workers": 1}


@pytest.fixture(params=DIGESTS)
def generated(request: pytest.FixtureRequest, registry: Registry) -> FrozenDataset:
    return find_dataset(registry, request.param)


def component(dataset: FrozenDataset) -> GeneratedDataset:
    found = dataset.component
    assert isinstance(found, GeneratedDataset)
    return found


def test_every_generated_dataset_has_its_digest_here(registry: Registry) -> None:
    names = {name for name in registry.names("dataset") if issubclass(registry.find("dataset", name).cls, GeneratedDataset)}
    ours = {name for name in names if registry.find("dataset", name).cls.__module__.startswith("optbench.")}
    assert ours == {name for name in DIGESTS if "[" not in name}


@pytest.mark.parametrize("processor", PROCESSORS)
def test_the_digest_is_the_same_on_every_processor(processor: str) -> None:
    environment = os.environ | PROCESSORS[processor]
    if "NPY_DISABLE_CPU_FEATURES" in environment:
        environment["NPY_DISABLE_CPU_FEATURES"] = " ".join(vector_instructions())
    done = subprocess.run(
        [sys.executable, "-c", PRINT_DIGESTS, *DIGESTS], env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == DIGESTS


def vector_instructions() -> list[str]:
    """The instructions that NumPy would use on this processor, and that it can do without."""
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    return [name for name in __cpu_dispatch__ if __cpu_features__[name]]


def test_a_second_instance_generates_the_same_bits(generated: FrozenDataset) -> None:
    again = component(generated).generate()
    for split in SPLITS:
        assert np.array_equal(again[split].features, generated.tables[split].features)
        assert np.array_equal(again[split].targets, generated.tables[split].targets)


def test_shapes_and_classes(generated: FrozenDataset) -> None:
    assert generated.sizes == drawing.SIZES
    rows = [generated.tables[split] for split in SPLITS]
    assert len({one.features.shape[1] for one in rows}) == 1
    for one in rows:
        assert one.targets.shape == (len(one.features), generated.task.columns)
        if generated.task.classes:
            assert set(one.targets.ravel()) == set(range(len(generated.task.classes)))


def test_no_row_is_in_two_splits_or_there_twice(generated: FrozenDataset) -> None:
    rows = [one.tobytes() for split in SPLITS for one in generated.tables[split].features + 0.0]
    assert len(set(rows)) == len(rows)


def test_runs_in_float32_see_the_same_table(generated: FrozenDataset) -> None:
    for split in SPLITS:
        features = generated.tables[split].features
        assert np.array_equal(features, features.astype(np.float32))


def test_it_describes_itself(generated: FrozenDataset) -> None:
    described = component(generated)
    assert described.title
    assert described.licence == "CC-BY-4.0"
    assert re.search(r" (19|20)\d\d, ", described.citation)
    assert re.fullmatch(r"[^.]+\.", described.difficulty)
    assert described.__doc__


def test_a_network_trains_with_its_loss(generated: FrozenDataset, tmp_path: Path) -> None:
    results = optbench.run(
        ["sgd"], ["two-layer-mlp[hidden=4]"], ["raw"], [generated.name], store=tmp_path / "runs.sqlite", **EPOCH
    )
    assert [result.status for result in results] == ["ok"]
    assert results[0].labels.loss == type(component(generated)).loss
    assert np.isfinite(results[0].curves["val_loss"]).all()


@pytest.mark.parametrize("kappa", [1.0, 100.0, 1e6, 1e10])
def test_the_inputs_of_the_teacher_have_their_condition_number(registry: Registry, kappa: float) -> None:
    features = find_dataset(registry, f"teacher[kappa={kappa!r}]").tables["train"].features
    eigenvalues = np.linalg.eigvalsh(np.cov(features.T, ddof=0))
    assert eigenvalues[-1] / eigenvalues[0] == pytest.approx(kappa, rel=0.1)
    assert eigenvalues.mean() == pytest.approx(1.0, rel=1e-6)
    assert abs(features.mean(axis=0)).max() < 1e-6


def test_the_teacher_gives_the_same_targets_at_every_condition_number(registry: Registry) -> None:
    one, other = (find_dataset(registry, f"teacher[kappa={kappa}]") for kappa in (1, 1e6))
    for split in SPLITS:
        assert np.array_equal(one.tables[split].targets, other.tables[split].targets)


def test_a_scaling_of_columns_does_not_undo_the_condition_number(registry: Registry) -> None:
    features = find_dataset(registry, "teacher[kappa=1e6]").tables["train"].features
    assert np.linalg.cond(np.corrcoef(features.T)) > 1e5


def test_one_row_in_twenty_is_positive(registry: Registry) -> None:
    for rows in find_dataset(registry, "imbalanced").tables.values():
        assert rows.targets.mean() == pytest.approx(0.05, abs=1e-12)


def test_labels_are_wrong_among_the_training_rows_only(registry: Registry) -> None:
    noisy, clean = (find_dataset(registry, f"label-noise[share={share}]").tables for share in (0.2, 0.0))
    wrong = {split: np.mean(noisy[split].targets != clean[split].targets) for split in SPLITS}
    assert wrong == {"train": 0.2, "validation": 0.0, "test": 0.0}
    for split in SPLITS:
        assert np.array_equal(noisy[split].features, clean[split].features)


def test_words_have_zipfs_frequencies_and_the_common_ones_say_nothing(registry: Registry) -> None:
    tables = find_dataset(registry, "sparse-zipf").tables
    x = np.concatenate([tables[split].features for split in SPLITS])
    y = np.concatenate([tables[split].targets for split in SPLITS])[:, 0]
    assert (x.sum(axis=1) == 100.0).all()
    assert x.shape[1] == 3000
    ranks, found = np.arange(1, 3001), x.mean(axis=0)
    slope = np.polyfit(np.log(ranks), np.log(np.maximum(found, 1e-9)), 1, w=np.sqrt(found))[0]
    assert slope == pytest.approx(-1.0, abs=0.1)
    correlations = [abs(np.corrcoef(column, y)[0, 1]) for column in x[:, :100].T]
    assert np.mean(correlations) < 1.0 / np.sqrt(len(y))
    preferred = np.where(y == 1.0, x[:, 101::2].sum(axis=1), x[:, 100::2].sum(axis=1)).sum()
    assert preferred / x[:, 100:].sum() == pytest.approx(0.64, abs=0.01)


@pytest.mark.parametrize("bits", [2, 3, 5])
def test_the_class_is_the_parity_of_the_first_bits(registry: Registry, bits: int) -> None:
    for rows in find_dataset(registry, f"xor-parity[bits={bits}]").tables.values():
        assert np.array_equal((rows.features[:, :bits] < 0).sum(axis=1) % 2 == 0, rows.targets[:, 0] == 1.0)


def test_fewer_bits_say_nothing_about_the_parity(registry: Registry) -> None:
    rows = find_dataset(registry, "xor-parity[bits=3]").tables["train"]
    sign = 2.0 * rows.targets[:, 0] - 1.0
    for some in itertools.chain(itertools.combinations(range(3), 1), itertools.combinations(range(3), 2)):
        assert abs(np.mean(rows.features[:, some].prod(axis=1) * sign)) < 4.0 / np.sqrt(len(rows))


def test_the_second_spiral_is_the_first_turned_by_half_a_turn(registry: Registry) -> None:
    rows = find_dataset(registry, "spirals[turns=1]").tables["train"]
    x = rows.features * (1.0 - 2.0 * rows.targets)
    angle = np.arctan2(x[:, 1], x[:, 0]) % (2.0 * np.pi)
    radius = np.hypot(*x.T)
    inside = (radius > 0.3) & (radius < 1.1)  # the noise carries the ends of the spiral across angle 0
    assert abs(radius - 0.2 - angle / (2.0 * np.pi))[inside].max() < 0.15


def test_a_value_outside_its_range_is_refused(registry: Registry) -> None:
    with pytest.raises(UsageError, match=r"teacher: kappa = 0\.5 is outside its range \[1, 1e\+10\]"):
        find_dataset(registry, "teacher[kappa=0.5]")


@pytest.mark.parametrize(("ours", "numpys"), [(drawing.tanh, np.tanh), (drawing.sine, np.sin)])
def test_functions_written_with_four_operations_are_those_of_numpy(ours, numpys) -> None:
    x = np.linspace(-19.0, 19.0, 381)
    np.testing.assert_allclose(ours(x), numpys(x), rtol=0, atol=2e-8)
    small = x[abs(x) < 7.0]
    np.testing.assert_allclose(ours(small), numpys(small), rtol=0, atol=1e-13)


def test_linear_is_the_product_of_matrices() -> None:
    rng = optbench.data_stream(0)
    x, w = drawing.normals(rng, 50, 7), drawing.normals(rng, 7, 3)
    np.testing.assert_allclose(drawing.linear(x, w), x @ w, rtol=1e-12)


def test_drawn_numbers_have_their_distribution() -> None:
    rng = optbench.data_stream(0)
    drawn = drawing.normals(rng, 200, 100)
    assert abs(drawn.mean()) < 0.03
    assert drawn.var() == pytest.approx(1.0, abs=0.03)
    assert abs(drawing.signs(rng, 200, 100).mean()) < 0.03
    order = drawing.order(rng, 100)
    assert sorted(order) == list(range(100)) != order
