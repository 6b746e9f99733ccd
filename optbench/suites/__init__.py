"""The suites that come with optbench, registered through the same entry-point group as those of plugins."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from optbench import Suite, hookimpl

_HERE = Path(__file__).parent


class Core(Suite):
    """Twelve workloads of different character: what a claim about an optimizer should rest on."""

    name: ClassVar[str] = "core"
    file: ClassVar[Path] = _HERE / "core.toml"


class Quick(Suite):
    """A few workloads with few epochs, for a first look in about a minute."""

    name: ClassVar[str] = "quick"
    file: ClassVar[Path] = _HERE / "quick.toml"


@hookimpl
def optbench_suites() -> list[type[Suite]]:
    """Return the built-in suites."""
    return [Core, Quick]
