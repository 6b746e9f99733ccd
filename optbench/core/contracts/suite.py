"""The contract of a suite of workloads."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar


class Suite:
    """Named workloads that a plugin brings together: a TOML file, described in docs/suites.md."""

    name: ClassVar[str]
    file: ClassVar[Path]
