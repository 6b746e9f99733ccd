"""The contract of a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar


class Dataset:
    """A dataset that a plugin ships: a folder with a `manifest.json`, as written by `optbench data import`."""

    name: ClassVar[str]
    folder: ClassVar[Path]
