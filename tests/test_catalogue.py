from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from tiny import tiny_splits

from optbench.core.errors import UsageError
from optbench.core.specs import Choice
from optbench.curation.encoding import keep_beside
from optbench.curation.importing import write
from optbench.data.loader import FrozenDataset
from optbench.data.manifest import Slot, VectorFile
from optbench.data.vectors import ROLES, pack
from optbench.planning.catalogue import Catalogue
from optbench.registry import KINDS, Registry

SHIPPED, BESIDE, MISSING = "shipped", "beside", "missing"


def vectors() -> tuple[VectorFile, bytes]:
    """Vectors of two numbers for every text of the tiny dataset."""
    rows = [row for split in tiny_splits().values() for row in split]
    texts = {role: list(dict.fromkeys(getattr(row, role) for row in rows)) for role in ROLES}
    content = pack(texts, {role: np.ones((len(texts[role]), 2), np.float32) for role in ROLES})
    entry = VectorFile(
        file=f"vectors/{SHIPPED}.npz",
        sha256=hashlib.sha256(content).hexdigest(),
        dimension=2,
        model="someone/small",
        model_sha256="0" * 64,
        prompts={"question": "", "answer": ""},
        normalised=False,
    )
    return entry, content


@pytest.fixture
def with_vectors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FrozenDataset:
    """A dataset that ships one set of vectors, lacks another, and has a third beside the store."""
    monkeypatch.chdir(tmp_path)
    slot = Slot(model="a/b", dimension=2, prompts={"question": "", "answer": ""}, normalised=True)
    dataset = write(tmp_path / "with", tiny_splits(), {"name": "with", "slots": {MISSING: slot}}, vectors={SHIPPED: vectors()})
    keep_beside(dataset, BESIDE, *vectors())
    return dataset


@pytest.fixture
def catalogue(registry: Registry, with_vectors: FrozenDataset) -> Catalogue:
    return Catalogue(registry, [with_vectors])


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("dataset", "suite", "wrapper")])
def test_every_available_entry_can_be_selected_and_its_choice_instantiated_again(catalogue: Catalogue, kind: str) -> None:
    for entry in catalogue.entries(kind):
        assert entry.origin
        assert entry.summary
        if entry.missing:
            continue
        (instance,) = catalogue.select(kind, [entry.name])
        assert instance.label == instance.choice.name == entry.name
        assert catalogue.instantiate(kind, instance.choice) == instance
        assert instance.distributions == frozenset()


def test_vectors_are_embedders_of_their_dataset_alone(
    catalogue: Catalogue, registry: Registry, with_vectors: FrozenDataset
) -> None:
    names = [entry.name for entry in catalogue.entries("embedder")]
    assert names == [*registry.names("embedder"), BESIDE, SHIPPED, MISSING]
    assert [entry.name for entry in Catalogue(registry).entries("embedder")] == registry.names("embedder")
    origins = {entry.name: entry.origin for entry in catalogue.entries("embedder")}
    assert origins[SHIPPED] == origins[BESIDE] == origins[MISSING] == "dataset with"
    assert origins["hashing"].startswith("optbench ")
    assert {entry.name for entry in catalogue.entries("embedder") if entry.replaceable} == {BESIDE, MISSING}


def test_all_means_what_is_available_and_in_all(catalogue: Catalogue) -> None:
    of_tables = {"raw", "standardized"}  # the plan leaves out those that are not for a dataset
    selected = {instance.label for instance in catalogue.select("embedder", None)}
    assert selected == {BESIDE, "hashing", SHIPPED, "tfidf"} | of_tables


def test_what_is_missing_comes_with_its_remedy(catalogue: Catalogue) -> None:
    (entry,) = catalogue.missing("embedder")
    assert entry.missing == f"vectors not available; 'optbench data embed with --embedder {MISSING}' creates them"
    with pytest.raises(UsageError, match=f"^{MISSING}: vectors not available; 'optbench data embed with"):
        catalogue.select("embedder", [MISSING])


def test_vectors_can_be_named_with_their_digest(catalogue: Catalogue, with_vectors: FrozenDataset) -> None:
    sha256 = with_vectors.manifest.vectors[SHIPPED].sha256
    assert catalogue.select("embedder", [f"{SHIPPED}[sha256='{sha256}']", SHIPPED]) == catalogue.select("embedder", [SHIPPED])
    for params in ({"sha256": "0" * 64}, {"sha256": 5}):
        with pytest.raises(
            UsageError, match=rf"with SHA-256 [05]+ are not available; those of dataset with have {sha256[:16]}"
        ):
            catalogue.instantiate("embedder", Choice(SHIPPED, params))


def test_wrappers_join_choice_label_and_classes(catalogue: Catalogue, registry: Registry) -> None:
    (instance,) = catalogue.select("optimizer", ["adam[lr=0.01]|clip[norm=1]|cosine"])
    assert instance.label == "adam[lr=0.01]|clip[norm=1]|cosine"
    assert [wrapper.name for wrapper in instance.choice.wrappers] == ["clip", "cosine"]
    found = [registry.find("optimizer", "adam"), *(registry.find("wrapper", name) for name in ("clip", "cosine"))]
    assert instance.classes == tuple(component.cls for component in found)
    assert instance.component.inner.inner == catalogue.select("optimizer", ["adam[lr=0.01]"])[0].component
