"""Datasets by name: registered by a plugin, imported into the current folder, or any folder."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from optbench.core.errors import UsageError, nearest
from optbench.data import manifest as manifests
from optbench.data.loader import FrozenDataset, load
from optbench.registry import Registry

DATASETS = Path(".optbench/datasets")
"""The folder of imported datasets, under the current one."""


def find_dataset(registry: Registry, name: str) -> FrozenDataset:
    """Return the registered or imported dataset of that name, or the dataset in the folder of that name.

    Raises:
        UsageError: there is none; the message names the nearest.
        DataError: its manifest breaks a rule.
    """
    if name in registry.names("dataset"):
        return load(Path(registry.find("dataset", name).cls.folder))
    with suppress(OSError):  # a name may be too long for a file
        imported = DATASETS / name
        if name == Path(name).name and (imported / manifests.NAME).exists():
            return load(imported)
        if name and Path(name).is_dir():
            return load(Path(name))
    known = dataset_names(registry)
    raise UsageError(
        f"no dataset named {name[:200]!r}{nearest(name, known)}, and no such folder; known: {', '.join(known)}; "
        "'optbench data import' creates one from files",
    )


def dataset_names(registry: Registry) -> list[str]:
    """Return the names of all registered and imported datasets, sorted."""
    imported = [path.parent.name for path in DATASETS.glob(f"*/{manifests.NAME}") if not path.parent.name.startswith(".")]
    return sorted({*registry.names("dataset"), *imported})


def reference(dataset: FrozenDataset, registry: Registry) -> str:
    """Return what `find_dataset` finds a dataset by: its name, or its folder where another dataset or none has the name."""
    named = dataset.name in dataset_names(registry) and find_dataset(registry, dataset.name) == dataset
    return dataset.name if named else str(dataset.folder.resolve())
