"""Discovery of plugins: the entry points of the group `optbench`, each with its distribution.

pluggy's own `load_setuptools_entrypoints` is not used: it stops at the first plugin that cannot be imported, and it silently
skips the second of two entry points of one name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Literal

from packaging.utils import canonicalize_name

from optbench.core.errors import PluginError

GROUP = "optbench"
BUILT_IN = "optbench"
"""The distribution of the built-in components."""


@dataclass
class Plugin:
    """An entry point of the group and the outcome of loading it."""

    name: str
    """The distribution's name, followed by `:` and the entry point's where the distribution has several."""
    distribution: str
    version: str
    entry_point: str
    """As in the metadata: `name = module`."""
    status: Literal["ok", "blocked", "failed", "refused"] = "ok"
    """`blocked`: excluded by the user; `failed`: cannot be imported; `refused`: does not follow the contract."""
    error: str = ""
    provides: dict[str, list[str]] = field(default_factory=dict)
    """The names of its components, by kind."""

    @property
    def is_built_in(self) -> bool:
        """Whether the plugin is part of optbench."""
        return self.distribution == BUILT_IN

    def is_called(self, names: Iterable[str]) -> bool:
        """Return whether one of `names` is the name of the plugin or of its distribution, up to case and `-`, `_`, `.`."""
        own = {canonicalize_name(self.name), canonicalize_name(self.distribution)}
        return not own.isdisjoint(map(canonicalize_name, names))


def discover() -> Iterator[tuple[Plugin, EntryPoint]]:
    """Yield all plugins that are installed, the built-in ones first, then sorted by name; nothing is imported."""
    by_distribution: dict[str, list[tuple[EntryPoint, str]]] = {}
    for entry in entry_points(group=GROUP):
        name, version = _metadata(entry)
        by_distribution.setdefault(name, []).append((entry, version))
    # The built-in plugins are first, so that a clash of names is reported as the third-party plugin's error.
    for distribution in sorted(by_distribution, key=lambda name: (name != BUILT_IN, name)):
        entries = by_distribution[distribution]
        for entry, version in sorted(entries, key=lambda pair: pair[0].name):
            name = distribution if len(entries) == 1 else f"{distribution}:{entry.name}"
            yield Plugin(name, distribution, version, f"{entry.name} = {entry.value}"), entry


def one_line(error: BaseException) -> str:
    """Return an error in one line: its type and message, or the message alone where it is that of one of our own checks."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # noqa: BLE001  # the error's class may be the plugin's own
        text = ""
    if type(error) is PluginError:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _metadata(entry: EntryPoint) -> tuple[str, str]:
    """Return the name and version of an entry point's distribution; its metadata may be damaged."""
    try:
        metadata = entry.dist.metadata if entry.dist else None
        name, version = (" ".join(str(metadata[key] or "").split()) if metadata else "" for key in ("Name", "Version"))
    except Exception:  # noqa: BLE001  # which error importlib.metadata raises depends on the version of Python
        name = version = ""
    return name or entry.module, version or "unknown"
