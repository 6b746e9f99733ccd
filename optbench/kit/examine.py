"""From the name of a plugin to what holds and what does not."""

from __future__ import annotations

import importlib
import itertools
import re
import sys
import tempfile
import tomllib
import traceback
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal

import numpy as np
from threadpoolctl import threadpool_limits

from optbench.core.errors import MissingExtra, UsageError, nearest
from optbench.kit.checks import RULES
from optbench.kit.rules import Subject
from optbench.registry import GROUP, KINDS, Plugin, Registry

_MOST = 3  # violations of one rule that are told
_HERE = Path(__file__).parent
_PROJECT = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")  # the core metadata specification, Name


@dataclass(frozen=True)
class Finding:
    """What became of one check; `found` says what is wrong, and `remedy` what to do."""

    kind: str
    name: str
    check: str
    promise: str
    status: Literal["holds", "violation", "skipped"]
    found: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Check:
    """Something that is promised, by whom, and how to find out whether it holds."""

    kind: str
    name: str
    check: str
    promise: str
    remedy: str
    violations: Callable[[], Iterable[str]]

    def run(self) -> Finding:
        """Return what was found; what the plugin raises is a violation."""
        about = (self.kind, self.name, self.check, self.promise)
        try:
            with quiet():
                found = list(itertools.islice(self.violations(), _MOST))
        except KeyboardInterrupt:
            raise
        except MissingExtra as error:
            return Finding(*about, "skipped", str(error))
        except BaseException as error:  # noqa: BLE001  # a stranger's code may raise anything, SystemExit too
            found = [_told(error)]
        return Finding(*about, "violation", "; ".join(found), self.remedy) if found else Finding(*about, "holds")


def installed_checks(package: str, blocked: Collection[str] = ()) -> list[Check]:
    """Return the checks of all methods of a plugin.

    Args:
        package: the name of an installed distribution or plugin.
        blocked: names of plugins or distributions to leave out, such as one that brings a method of the same name.

    Raises:
        UsageError: there is no such plugin, and the message names the nearest; or it is to be left out itself.
    """
    wanted = _normal(package)
    with quiet():
        registry = Registry(blocked, autoload=True)
    plugins = [plugin for plugin in registry.plugins if wanted in map(_normal, _names(plugin))]
    if not plugins:
        known = {name for plugin in registry.plugins for name in _names(plugin)}
        raise UsageError(
            f"no plugin named {package!r} is installed{nearest(package, known)}; 'optbench plugins' lists those that are, and "
            "the folder of one that is not can be given too"
        )
    if all(plugin.status == "blocked" for plugin in plugins):
        raise UsageError(f"{package!r} is left out with '-p no:NAME'; ask for its checks without that option")
    plugins = [plugin for plugin in plugins if plugin.status != "blocked"]
    return [check for plugin in plugins for check in (*_of_plugin(registry, plugin), *_of_methods(registry, plugin))]


@contextmanager
def checks_of(package: str, blocked: Collection[str] = ()) -> Iterator[list[Check]]:
    """Give the checks of all methods of a plugin; while the context lasts, they can be run.

    Args:
        package: the name of an installed distribution or plugin, or a folder with a `pyproject.toml` or an `__init__.py`.
        blocked: names of plugins or distributions to leave out.

    Raises:
        UsageError: there is no such plugin, and the message names the nearest; or it is to be left out itself.
    """
    # A folder is looked at before anything is imported: what is installed may be another version of the same modules.
    if Path(package).is_dir() and _normal(package) not in map(_normal, _installed()):
        with _as_if_installed(Path(package).resolve()) as distribution:
            yield installed_checks(distribution, blocked)
    else:
        yield installed_checks(package, blocked)


def _installed() -> Iterator[str]:
    """The names of all entry points of the group, and of their distributions as far as their metadata say them."""
    for entry in entry_points(group=GROUP):
        yield entry.name
        with suppress(Exception):  # importlib.metadata raises what its Python's version happens to raise
            yield str((entry.dist.name if entry.dist else None) or "")


@contextmanager
def quiet() -> Iterator[None]:
    """Compute as a worker does: one BLAS thread, no word about overflow; what a plugin prints goes to standard error."""
    with threadpool_limits(1), np.errstate(all="ignore"), warnings.catch_warnings(), redirect_stdout(sys.stderr):
        warnings.simplefilter("ignore")
        yield


def _of_plugin(registry: Registry, plugin: Plugin) -> Iterator[Check]:
    """What must hold before there is a method to examine."""
    faults = [plugin.error] if plugin.error else []
    clashes = [clash for clash in registry.clashes if f"({plugin.entry_point})" in clash]
    lacks = [] if faults or clashes or plugin.provides else ["it registers none"]
    yield Check("plugin", plugin.name, "loads", "It can be imported, and its hooks be called.", _LOADS, lambda: faults)
    yield Check("plugin", plugin.name, "names are free", "No other plugin brings a method of its name.", _FREE, lambda: clashes)
    yield Check("plugin", plugin.name, "brings a method", "It registers at least one.", _BRINGS, lambda: lacks)


_LOADS = "import the module by itself to see the whole error; hooks, classes and OPTBENCH_CONTRACT are those of this optbench"
_FREE = "give the method another name"
_BRINGS = "return a list of classes from a function marked @hookimpl, such as optbench_optimizers"


def _of_methods(registry: Registry, plugin: Plugin) -> Iterator[Check]:
    methods = [(axis, method.cls) for axis in KINDS for method in registry.components(axis) if method.plugin is plugin]
    for axis, cls in methods:
        subject = Subject(axis, cls, plugin, tuple(methods))
        for rule in RULES[axis]:
            yield Check(axis, subject.name, rule.name, rule.holds, rule.remedy, partial(rule.violations, subject))


def _told(error: BaseException) -> str:
    """An exception in one line, with the last place outside the kit that it came through."""
    text = " ".join(str(error).split())
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not Path(f.filename).is_relative_to(_HERE)]
    where = f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}: " if frames else ""
    return f"{where}{type(error).__name__}: {text}" if text else f"{where}{type(error).__name__}"


@contextmanager
def _as_if_installed(folder: Path) -> Iterator[str]:
    """Let a folder be found as a distribution, with the metadata that an installer would write; give its name."""
    name, version, entries, path = _described(folder)
    lines = [f"[{GROUP}]", *(f"{key} = {value}" for key, value in entries.items())]
    before = list(sys.path)
    with tempfile.TemporaryDirectory() as beside:
        info = Path(beside) / f"{_normal(name).replace('-', '_')}-0.dist-info"  # the version is read from the metadata
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        sys.path[:0] = [beside, *map(str, path)]
        importlib.invalidate_caches()
        try:
            yield name
        finally:
            sys.path[:] = before


def _described(folder: Path) -> tuple[str, str, dict[str, str], list[Path]]:
    """The name, version and entry points of what lies in a folder, and where its modules are."""
    file = folder / "pyproject.toml"
    if not file.is_file():
        if (folder / "__init__.py").is_file():
            return folder.name, "0", {folder.name: folder.name}, [folder.parent]
        raise UsageError(f"{folder} has neither a pyproject.toml nor an __init__.py; 'optbench plugin new' makes a plugin")
    try:
        project: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8")).get("project", {})
        entries = dict(project.get("entry-points", {}).get(GROUP, {}))
        name, version = str(project["name"]), str(project.get("version", "0"))
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise UsageError(f"{file} cannot be read: {type(error).__name__}: {error}") from error
    if not _PROJECT.fullmatch(name):
        raise UsageError(
            f"{file}: a project cannot be called {name[:200]!r}: a name is letters, digits, and between them '.', '-' or '_'; "
            "correct it in [project]"
        )
    if not entries:
        raise UsageError(f"{file} names no entry point in the group {GROUP!r}; [project.entry-points.{GROUP}] lists them")
    return name, version, entries, [folder, folder / "src"]


def _names(plugin: Plugin) -> tuple[str, str, str]:
    """What a plugin can be called: its own name, its distribution's, its entry point's."""
    return plugin.name, plugin.distribution, plugin.entry_point.partition("=")[0].strip()


def _normal(name: str) -> str:
    """Names of distributions are equal whatever joins their words (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
