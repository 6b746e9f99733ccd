"""Which source computes a run, as a digest: a changed helper must not bring back a stale result.

From the modules of a plugin's class (and of its bases) all imports are followed that stay in the plugin's own distribution,
be it one package or several modules; names imported from optbench's public face lead to the modules that define them. What lies
outside (NumPy, say) is in the fingerprint instead.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import optbench
from optbench.core.specs import digest_of

CORE = ("training.loop", "core.numerics", "core.seeding", "training.sketch", "training.run_job", "data.embedded")
"""Our own modules that compute every run."""


def digest(classes: Iterable[type]) -> str:
    """Return the digest of all source that computes a run made of `classes`."""
    modules = frozenset(base.__module__ for cls in classes for base in cls.__mro__ if base.__module__ != "builtins")
    return _digest(modules | {f"optbench.{name}" for name in CORE})


@cache
def _digest(roots: frozenset[str]) -> str:
    seen: dict[str, str] = {}
    waiting = sorted(roots)
    while waiting:
        name = waiting.pop()
        if name not in seen and (module := _module(name)):
            seen[name], followed = module
            waiting += sorted(followed)
    return digest_of(seen)


@cache
def _module(name: str) -> tuple[str, frozenset[str]] | None:
    """The digest of a module and the modules that it leads to: read once, however many runs it computes."""
    path = _source(name)
    if path is None:
        return None
    text = path.read_bytes()
    return hashlib.sha256(text).hexdigest(), frozenset(_followed(name, text, is_package=path.name == "__init__.py"))


@cache
def _source(name: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(name)
    except Exception:  # noqa: BLE001  # to find a.b, a is imported, and may raise anything
        return None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    return Path(spec.origin)


def _followed(name: str, text: bytes, *, is_package: bool) -> set[str]:
    """The modules imported by module `name` that belong to the same distribution, or to optbench's public face."""
    top = name.partition(".")[0]
    package = name if is_package else name.rpartition(".")[0]
    found = set()
    for module, attribute in _imports(text, package):
        if module == "optbench" and attribute in optbench.PUBLIC:
            found.add(f"optbench.{optbench.PUBLIC[attribute]}")
        elif module != "optbench" and _together(top, module.partition(".")[0]):
            # `from pkg import name` may mean a module; where it does not, no source is found under that name.
            # The packages that a module lies in are imported with it.
            found |= {module, f"{module}.{attribute}"} if attribute else {module}
    return {module for module in found if not _is_machinery(module)}


@cache
def _together(one: str, other: str) -> bool:
    """Whether the top-level module `other` computes with `one`: they are of one distribution, or it is ours."""
    if other in (one, "optbench"):
        return True
    if one == "optbench" or _folder(one) is None or _folder(one) != _folder(other):
        return False
    owners = _owners()
    mine, theirs = set(owners.get(one, ())), set(owners.get(other, ()))
    # Modules side by side that no distribution lists: an editable install.
    return bool(mine & theirs) if mine or theirs else True


@cache
def _folder(top: str) -> Path | None:
    path = _source(top)
    return path and (path.parent.parent if path.name == "__init__.py" else path.parent)


@cache
def _owners() -> Mapping[str, list[str]]:
    try:
        return packages_distributions()
    except Exception:  # noqa: BLE001  # somebody's metadata is damaged
        return {}


def _is_machinery(module: str) -> bool:
    """Whether a module of ours only declares or measures things, so that a change in it cannot change what is computed."""
    return module in {"optbench.core.hookspecs", "optbench.core.errors", "optbench.results", "optbench.training.update_cost"}


def _imports(text: bytes, package: str) -> Iterator[tuple[str, str]]:
    """Yield (module, name or "") for every import statement, wherever it stands, with relative ones resolved."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):  # a module for another Python, which this one imports in vain
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                parts = package.split(".")
                parent = ".".join(parts[: len(parts) - node.level + 1])
                module = f"{parent}.{module}" if module else parent
            yield from ((module, alias.name) for alias in node.names)
