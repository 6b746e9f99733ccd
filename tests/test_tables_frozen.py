"""The shipped tables: made again from scikit-learn, they are the same; their files describe them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from optbench.core.errors import UsageError
from optbench.curation.bundled import RECIPES, remake
from optbench.curation.table_writing import table_companions, table_figures
from optbench.data.embedded import assemble
from optbench.data.loader import FrozenDataset, load
from optbench.data.manifest import SPLITS
from optbench.embedders.raw import Raw
from optbench.embedders.standardized import Standardized
from optbench.registry import Registry

FACTS = {  # rows, features, classes, target columns
    "autoencoder-digits": (1797, 64, 0, 64),
    "breast-cancer": (569, 30, 2, 1),
    "diabetes": (442, 10, 0, 1),
    "digits": (1797, 64, 10, 1),
    "digits-parity": (1797, 64, 2, 1),
    "wine": (178, 13, 3, 1),
}
DIGESTS = {
    "autoencoder-digits": "fdc645deb17ae65f",
    "breast-cancer": "a3acd116531bfe10",
    "diabetes": "d423b6cb78f621ed",
    "digits": "9f64311715b5f4cd",
    "digits-parity": "85c6439155ac85c3",
    "wine": "3cdd525834b40ef1",
}


@pytest.fixture(params=sorted(FACTS))
def shipped(request: pytest.FixtureRequest, registry: Registry) -> FrozenDataset:
    return load(registry.find("dataset", request.param).cls.folder)


def test_all_recipes_are_tried() -> None:
    assert set(FACTS) == set(RECIPES) == set(DIGESTS)


def test_a_shipped_table_is_what_its_source_describes(shipped: FrozenDataset) -> None:
    rows, features, classes, targets = FACTS[shipped.name]
    assert sum(shipped.sizes.values()) == rows
    assert shipped.tables["train"].features.shape[1] == features
    assert (len(shipped.task.classes), shipped.task.columns) == (classes, targets)
    assert shipped.digest.startswith(DIGESTS[shipped.name])
    for field in ("title", "made", "licence", "url", "citation", "figures"):
        assert getattr(shipped.manifest, field)
    shares = {name: count / rows for name, count in shipped.sizes.items()}
    assert shares == pytest.approx({"train": 0.6, "validation": 0.2, "test": 0.2}, abs=0.01)


def test_classes_have_equal_shares_in_all_splits(shipped: FrozenDataset) -> None:
    counts = {
        name: np.bincount(table.targets[:, 0].astype(int)) / len(table)
        for name, table in shipped.tables.items()
        if shipped.task.classes
    }
    for shares in counts.values():
        assert shares == pytest.approx(counts["train"], abs=0.02)


def test_it_is_the_same_when_it_is_made_again(shipped: FrozenDataset, tmp_path: Path) -> None:
    again = remake(shipped.name, tmp_path / "again")
    assert again.digest == shipped.digest
    for name in SPLITS:
        assert (again.folder / f"{name}.csv").read_bytes() == (shipped.folder / f"{name}.csv").read_bytes()
    # Figures may depend on the version of scikit-learn in their last digits; all else may not.
    same = again.manifest.model_copy(update={"figures": shipped.manifest.figures})
    assert same == shipped.manifest
    for model, figures in shipped.manifest.figures.items():
        assert again.manifest.figures[model] == (pytest.approx(figures, abs=0.03) if "all" in figures else figures)


def test_card_and_croissant_are_generated_from_what_is_loaded(shipped: FrozenDataset) -> None:
    for name, content in table_companions(shipped.manifest, shipped.tables).items():
        assert (shipped.folder / name).read_bytes() == content


def test_figures_are_measured_again_on_loaded_rows(registry: Registry) -> None:
    wine = load(registry.find("dataset", "wine").cls.folder)
    assert table_figures(wine.tables, wine.manifest).keys() == wine.manifest.figures.keys()


@pytest.mark.parametrize("embedder", [Raw(), Standardized()])
def test_a_network_sees_features_and_a_column_of_ones(shipped: FrozenDataset, embedder: Raw | Standardized) -> None:
    data = assemble(shipped, embedder, np.float64)
    _, features, classes, targets = FACTS[shipped.name]
    assert data.x.shape[1] == features + 1
    assert (data.x[:, -1] == 1.0).all()
    assert data.y.shape[1] == targets
    train = data.x[data.train, :-1]
    if isinstance(embedder, Standardized):
        varying = train.std(axis=0) > 0.0
        assert train.mean(axis=0) == pytest.approx(np.zeros(features), abs=1e-9)
        assert train[:, varying].std(axis=0) == pytest.approx(np.ones(varying.sum()))
    if not classes:
        assert data.y[data.train].mean(axis=0) == pytest.approx(np.zeros(targets), abs=1e-9)
        assert np.mean(data.y[data.train] ** 2) == pytest.approx(1.0)


def test_the_targets_of_the_autoencoder_are_its_inputs(registry: Registry) -> None:
    dataset = load(registry.find("dataset", "autoencoder-digits").cls.folder)
    for table in dataset.tables.values():
        assert np.array_equal(table.features, table.targets)


def test_the_page_of_datasets_has_the_numbers_of_the_manifests(shipped: FrozenDataset) -> None:
    page = (Path(__file__).parents[1] / "docs" / "datasets.md").read_text(encoding="utf-8")
    (line,) = [line for line in page.splitlines() if line.startswith(f"| `{shipped.name}` |")]
    task, rows, features, loss, raw, standardized, models = (cell.strip() for cell in line.strip("|").split("|")[1:])
    assert (int(rows), int(features)) == FACTS[shipped.name][:2]
    assert task.split()[0] == str(len(shipped.task.classes) or shipped.task.columns)
    assert loss == f"`{shipped.manifest.loss}`"
    figures = shipped.manifest.figures
    conditions = figures["condition number of the training inputs"]
    assert (float(raw), float(standardized)) == pytest.approx((conditions["raw"], conditions["standardized"]), rel=0.05)
    assert models.split(":")[0] in figures["measure of simple models"]
    named = {"majority": "majority class", "32 of them": "32 principal components"}
    for words in models.partition(": ")[2].split(", "):
        name, _, value = words.rpartition(" ")
        assert figures[named.get(name, name)]["all"] == pytest.approx(float(value), abs=0.005)


def test_what_does_not_come_from_scikit_learn_cannot_be_made_again(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'digit' is not made from .* did you mean 'digits'\?"):
        remake("digit", tmp_path / "x")
    remake("wine", tmp_path / "wine")
    with pytest.raises(UsageError, match="already exists; choose another folder, or replace it with --force"):
        remake("wine", tmp_path / "wine")
