"""A plugin in a folder, found as if it were installed."""

from __future__ import annotations

import importlib
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import InvalidName, canonicalize_name

from optbench.core.errors import UsageError
from optbench.registry import GROUP


@dataclass(frozen=True)
class _Project:
    """A distribution's name, version, entry points and the folders of its modules."""

    name: str
    version: str
    entry_points: Mapping[str, str]
    path: tuple[Path, ...]


@contextmanager
def as_if_installed(folder: Path) -> Iterator[str]:
    """Let a folder be found as a distribution, with the metadata that an installer would write; yield its name.

    Raises:
        UsageError: the folder has no plugin; the message says what is missing.
    """
    project = _project(folder)
    lines = [f"[{GROUP}]", *(f"{key} = {value}" for key, value in project.entry_points.items())]
    before = list(sys.path)
    with tempfile.TemporaryDirectory() as metadata:
        # The version in the folder's name is not used: importlib.metadata reads it from METADATA.
        info = Path(metadata) / f"{canonicalize_name(project.name).replace('-', '_')}-0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {project.name}\nVersion: {project.version}\n", encoding="utf-8"
        )
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        sys.path[:0] = [metadata, *map(str, project.path)]
        importlib.invalidate_caches()
        try:
            yield project.name
        finally:
            sys.path[:] = before


def _project(folder: Path) -> _Project:
    file = folder / "pyproject.toml"
    if not file.is_file():
        if (folder / "__init__.py").is_file():
            return _Project(folder.name, "0", {folder.name: folder.name}, (folder.parent,))
        raise UsageError(f"{folder} has neither a pyproject.toml nor an __init__.py; 'optbench plugin new' creates a plugin")
    try:
        table: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8")).get("project", {})
        entries = dict(table.get("entry-points", {}).get(GROUP, {}))
        name, version = str(table["name"]), str(table.get("version", "0"))
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise UsageError(f"{file} cannot be read: {type(error).__name__}: {error}") from error
    try:
        canonicalize_name(name, validate=True)
    except InvalidName:
        raise UsageError(
            f"{file}: {name[:200]!r} is not a valid project name: a name consists of letters, digits and, between them, '.', "
            "'-' or '_'; correct it in [project]"
        ) from None
    if not entries:
        raise UsageError(f"{file} has no entry point in the group {GROUP!r}; add [project.entry-points.{GROUP}]")
    return _Project(name, version, entries, (folder, folder / "src"))
