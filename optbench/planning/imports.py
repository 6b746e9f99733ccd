"""Which modules the source of a module imports, and which of these belong to its own distribution."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path


def top_level(module: str) -> str:
    """Return the name of the outermost package that a module lies in."""
    return module.partition(".")[0]


def imported_modules(source: bytes, package: str) -> Iterator[str]:
    """Yield the name of every module that is imported anywhere in a source, with relative names resolved.

    `from a import b` yields a, and a.b because b may be a module.

    Args:
        source: the source of a module.
        package: the package that the module lies in, or is.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):  # written for another version of Python
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                parts = package.split(".")
                parent = ".".join(parts[: len(parts) - node.level + 1])
                module = f"{parent}.{module}" if module else parent
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


@cache
def installed_file(name: str) -> Path | None:
    """Return the source file of an installed module, or None where there is none."""
    try:
        spec = importlib.util.find_spec(name)
    except Exception:  # noqa: BLE001  # to find a.b, a is imported, and may raise anything
        return None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    return Path(spec.origin)


@cache
def same_distribution(one: str, other: str) -> bool:
    """Return whether two top-level modules belong to one distribution."""
    if one == other:
        return True
    if _folder(one) is None or _folder(one) != _folder(other):
        return False
    owners = _owners()
    first, second = set(owners.get(one, ())), set(owners.get(other, ()))
    # No distribution lists the modules of an editable install: there, modules in one folder belong together.
    return bool(first & second) if first or second else True


@cache
def _folder(top: str) -> Path | None:
    path = installed_file(top)
    return path and (path.parent.parent if path.name == "__init__.py" else path.parent)


@cache
def _owners() -> Mapping[str, list[str]]:
    try:
        return packages_distributions()
    except Exception:  # noqa: BLE001  # the metadata of some distribution is damaged
        return {}
