"""Which datasets are selected, and which of the selected losses and embedders are for each."""

from __future__ import annotations

from collections.abc import Iterator

from optbench.core.errors import UsageError
from optbench.data.loader import FrozenDataset
from optbench.planning import defaults
from optbench.planning.catalogue import Catalogue
from optbench.planning.datasets import find_dataset
from optbench.planning.entries import Instance
from optbench.planning.selections import Selections
from optbench.registry import Registry


def losses_for(catalogue: Catalogue, dataset: FrozenDataset, selections: Selections) -> list[Instance]:
    """Return the selected losses, or the dataset's own.

    Raises:
        UsageError: a loss is not for such a dataset.
    """
    losses = catalogue.select("loss", [dataset.manifest.loss] if selections.losses is None else selections.losses)
    for loss in losses:
        if why := loss.component.incompatibility(dataset.task):
            raise UsageError(f"loss {loss.label!r} cannot be used with dataset {dataset.name!r}: it {why}")
    return losses


def embedders_for(catalogue: Catalogue, dataset: FrozenDataset, selections: Selections) -> list[Instance]:
    """Return the selected embedders, or all of those for such a dataset.

    Raises:
        UsageError: an embedder that was named is not for such a dataset.
    """
    embedders = catalogue.select("embedder", selections.embedders)
    fitting = [embedder for embedder in embedders if embedder.component.takes == dataset.kind]
    if selections.embedders is not None and len(fitting) < len(embedders):
        other = next(embedder for embedder in embedders if embedder not in fitting)
        known = ", ".join(one.name for one in catalogue.entries("embedder") if one.takes == dataset.kind)
        raise UsageError(
            f"embedder {other.label!r} takes {_SAID[other.component.takes]}, and dataset {dataset.name!r} has "
            f"{_SAID[dataset.kind]}; use one of {known}"
        )
    return fitting


_SAID = {"texts": "texts", "table": "rows of numbers"}


def datasets_of(registry: Registry, selections: Selections) -> Iterator[FrozenDataset]:
    """Yield the selected datasets, after reading all of their rows.

    Raises:
        UsageError: there is no dataset of a name.
        DataError: a file is not the one that was frozen, or breaks a rule.
    """
    for name in defaults.DATASETS if selections.datasets is None else selections.datasets:
        dataset = find_dataset(registry, name)
        dataset.validate()
        yield dataset
