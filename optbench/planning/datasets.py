"""Datasets by name: registered by a plugin, imported into the current folder, or any folder."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from optbench.core.errors import UsageError, nearest
from optbench.data import manifest as manifests
from optbench.data.loader import FrozenDataset, divided, load
from optbench.registry import Registry

DATASETS = Path(".optbench/datasets")
"""The folder of imported datasets, under the current one."""
_DIGITS = 9


def find_dataset(registry: Registry, name: str) -> FrozenDataset:
    """Return the registered or imported dataset of that name, or the dataset in the folder of that name.

    A name followed by `[split=K]` is another division of the same rows into training, validation and test.

    Raises:
        UsageError: there is none; the message names the nearest.
        DataError: its manifest breaks a rule.
    """
    base, split = _split(name)
    dataset = _frozen(registry, base)
    return divided(dataset, split) if split else dataset


def _split(name: str) -> tuple[str, int]:
    """Divide a reference into the name or folder and the number of the division.

    Raises:
        UsageError: what is in brackets is not a division.
    """
    base, bracket, inner = name.removesuffix("]").rpartition("[")
    with suppress(OSError):  # a name may be too long for a file
        if Path(name).is_dir():
            return name, 0
    if not (bracket and name.endswith("]")):
        return name, 0
    key, _, value = inner.partition("=")
    if key != "split" or not value.isdecimal() or len(value) > _DIGITS:
        raise UsageError(
            f"{name[:200]!r}: a dataset has one parameter, split, a whole number from 0 (the frozen division) to "
            f"{10**_DIGITS - 1}; an example is qa-tr[split=3]"
        )
    return base, int(value)


def _frozen(registry: Registry, name: str) -> FrozenDataset:
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
    name = dataset.manifest.name
    named = name in dataset_names(registry) and _frozen(registry, name).folder == dataset.folder
    if not dataset.split:
        return name if named else str(dataset.folder.resolve())
    return dataset.name if named else f"{dataset.folder.resolve()}[split={dataset.split}]"
