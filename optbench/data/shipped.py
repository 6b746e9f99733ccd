"""The dataset that comes with optbench, registered through the same entry-point group as any other."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from optbench import Dataset, hookimpl


class QaTr(Dataset):
    """Turkish question-answer pairs about computing, science and everyday knowledge, each answer right (+1) or wrong (-1)."""

    name: ClassVar[str] = "qa-tr"
    folder: ClassVar[Path] = Path(__file__).parent / "frozen" / "qa-tr"


@hookimpl
def optbench_datasets() -> list[type[Dataset]]:
    """Return the shipped dataset."""
    return [QaTr]
