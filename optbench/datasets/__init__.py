"""The datasets that come with optbench, registered through the same entry-point group as those of plugins."""

from __future__ import annotations

from optbench import Dataset, hookimpl
from optbench.datasets.texts import QaTr, QaTr2


@hookimpl
def optbench_datasets() -> list[type[Dataset]]:
    """Return the shipped datasets."""
    return [QaTr, QaTr2]
