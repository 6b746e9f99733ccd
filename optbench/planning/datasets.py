"""Datasets by name: registered by a plugin, imported into the current folder, or any folder."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from optbench.core.contracts import GeneratedDataset
from optbench.core.errors import UsageError, nearest
from optbench.data import manifest as manifests
from optbench.data.generated import GeneratedTable, generated_table
from optbench.data.loader import FrozenDataset, divided, load
from optbench.planning.entries import registered
from optbench.planning.selectors import parse_selection
from optbench.registry import Registry

DATASETS = Path(".optbench/datasets")
"""The folder of imported datasets, under the current one."""
_DIGITS = 9


def find_dataset(registry: Registry, name: str) -> FrozenDataset:
    """Return the registered or imported dataset of that name, or the dataset in the folder of that name.

    A name followed by `[split=K]` is another division of the same rows into training, validation and test. A generated dataset
    has hyper-parameters too, such as `teacher[kappa=1e6]`.

    Raises:
        UsageError: there is none; the message names the nearest.
        DataError: its manifest breaks a rule.
    """
    base, params = _parts(registry, name)
    split = _number(params.pop("split", 0), name)
    dataset = _generated(registry, base, params) if _is_generated(registry, base) else _frozen(registry, base)
    return divided(dataset, split) if split else dataset


def _parts(registry: Registry, name: str) -> tuple[str, dict[str, Any]]:
    """Divide a reference into the name or folder and its parameters.

    Raises:
        UsageError: what is in brackets is no parameter of the dataset.
    """
    base, bracket, _ = name.partition("[")
    if bracket and _is_generated(registry, base):
        selection = parse_selection(name)
        choices = list(selection.combinations())
        if selection.wrappers:
            raise UsageError(f"{name[:200]!r}: wrappers go around optimizers, not around a dataset")
        if len(choices) != 1:
            raise UsageError(f"{name[:200]!r} is {len(choices)} datasets; name one value for each parameter")
        return base, dict(choices[0])
    base, bracket, inner = name.removesuffix("]").rpartition("[")
    with suppress(OSError):  # a name may be too long for a file
        if Path(name).is_dir():
            return name, {}
    if not (bracket and name.endswith("]")):
        return name, {}
    key, _, value = inner.partition("=")
    if key != "split" or not value.isdecimal() or len(value) > _DIGITS:
        raise UsageError(
            f"{name[:200]!r}: a dataset of files has one parameter, split, a whole number from 0 (the frozen division) to "
            f"{10**_DIGITS - 1}; one value alone, such as {base[:100]}[split=3]"
        )
    return base, {"split": int(value)}


def _number(split: Any, name: str) -> int:
    if type(split) is not int or not 0 <= split < 10**_DIGITS:
        raise UsageError(f"{name[:200]!r}: split is a whole number from 0 (the frozen division) to {10**_DIGITS - 1}")
    return split


def _is_generated(registry: Registry, name: str) -> bool:
    return name in registry.names("dataset") and issubclass(registry.find("dataset", name).cls, GeneratedDataset)


def _generated(registry: Registry, name: str, params: Mapping[str, Any]) -> FrozenDataset:
    instance = registered(registry.find("dataset", name)).instantiate(params)
    return generated_table(instance.component, instance.label, instance.component.loss)


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
        f"no dataset named {name[:200]!r} and no such folder{nearest(name, known)}; known: {', '.join(known)}; "
        "'optbench data import' creates one from files",
    )


def dataset_names(registry: Registry) -> list[str]:
    """Return the names of all registered and imported datasets, sorted."""
    imported = [path.parent.name for path in DATASETS.glob(f"*/{manifests.NAME}") if not path.parent.name.startswith(".")]
    return sorted({*registry.names("dataset"), *imported})


def reference(dataset: FrozenDataset, registry: Registry) -> str:
    """Return what `find_dataset` finds a dataset by: its name, or its folder where another dataset or none has the name."""
    name = dataset.manifest.name
    if isinstance(dataset, GeneratedTable):
        return dataset.name
    frozen = name in dataset_names(registry) and not _is_generated(registry, name)
    named = frozen and _frozen(registry, name).folder == dataset.folder
    base = name if named else str(dataset.folder.resolve())
    return f"{base}[split={dataset.split}]" if dataset.split else base


def generators(dataset: FrozenDataset, registry: Registry) -> frozenset[str]:
    """Return the third-party distribution whose code generates a dataset; none for files and for what comes with optbench."""
    if not isinstance(dataset, GeneratedTable):
        return frozenset()
    plugin = registry.find("dataset", dataset.component.name).plugin
    return frozenset() if plugin.is_built_in else frozenset({plugin.distribution})
