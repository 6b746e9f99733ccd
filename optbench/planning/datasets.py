"""Where datasets are found: registered by a plugin, imported into the current folder, or in a folder."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from optbench.core.errors import UsageError, nearest
from optbench.data import manifest as manifests
from optbench.data.loader import FrozenDataset, load
from optbench.registry import Registry

DATASETS = Path(".optbench/datasets")
"""Where `optbench data import` puts datasets, under the current folder, and where they are looked for by name."""


def find_dataset(registry: Registry, name: str) -> FrozenDataset:
    """Return the dataset that is registered, imported, or lies in the folder, of that name.

    Raises:
        UsageError: there is none; the message names the nearest.
        DataError: its manifest breaks a rule.
    """
    if name in registry.names("dataset"):
        return load(Path(registry.find("dataset", name).cls.folder))
    with suppress(OSError):  # a name may be longer than a file's can be
        imported = DATASETS / name
        if name == Path(name).name and (imported / manifests.NAME).exists():
            return load(imported)
        if name and Path(name).is_dir():
            return load(Path(name))
    known = dataset_names(registry)
    raise UsageError(
        f"no dataset named {name[:200]!r}{nearest(name, known)}, and no such folder; known: {', '.join(known)}; "
        "'optbench data import' makes one from files",
    )


def dataset_names(registry: Registry) -> list[str]:
    """Return the names of registered and imported datasets."""
    imported = [path.parent.name for path in DATASETS.glob(f"*/{manifests.NAME}") if not path.parent.name.startswith(".")]
    return sorted({*registry.names("dataset"), *imported})


def reference(dataset: FrozenDataset, registry: Registry) -> str:
    """Return the name by which a dataset is found again, or its folder."""
    named = dataset.name in dataset_names(registry) and find_dataset(registry, dataset.name) == dataset
    return dataset.name if named else str(dataset.folder.resolve())
