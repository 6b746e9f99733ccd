"""The checks of a plugin, by its name or its folder."""

from __future__ import annotations

import itertools
import sys
import traceback
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import Literal

import numpy as np
from packaging.utils import canonicalize_name
from threadpoolctl import threadpool_limits

from optbench.core.errors import MissingExtra, UsageError, nearest
from optbench.kit.checks import RULES
from optbench.kit.folders import as_if_installed
from optbench.kit.rules import Subject
from optbench.registry import GROUP, KINDS, Plugin, Registry

_MOST = 3  # violations of one rule that are reported
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Finding:
    """The outcome of one check.

    `detail` says what is wrong, or why the check was skipped; `remedy` says what to do about a violation.
    """

    kind: str
    name: str
    check: str
    promise: str
    status: Literal["holds", "violation", "skipped"]
    detail: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Check:
    """A rule of the contract, applied to one component or plugin."""

    kind: str
    name: str
    check: str
    promise: str
    remedy: str
    violations: Callable[[], Iterable[str]]

    def run(self) -> Finding:
        """Return the outcome; an exception of the plugin is a violation."""
        about = (self.kind, self.name, self.check, self.promise)
        try:
            with quiet():
                violations = list(itertools.islice(self.violations(), _MOST))
        except KeyboardInterrupt:
            raise
        except MissingExtra as error:
            return Finding(*about, "skipped", str(error))
        except BaseException as error:  # noqa: BLE001  # third-party code may raise anything, SystemExit too
            violations = [_one_line(error)]
        return Finding(*about, "violation", "; ".join(violations), self.remedy) if violations else Finding(*about, "holds")


def installed_checks(package: str, blocked: Collection[str] = ()) -> list[Check]:
    """Return the checks of all components of a plugin.

    Args:
        package: the name of an installed distribution or plugin.
        blocked: names of plugins or distributions to leave out, such as one that has a component of the same name.

    Raises:
        UsageError: there is no such plugin, and the message names the nearest; or it is left out itself.
    """
    wanted = canonicalize_name(package)
    with quiet():
        registry = Registry(blocked, autoload=True)
    plugins = [plugin for plugin in registry.plugins if wanted in map(canonicalize_name, _names(plugin))]
    if not plugins:
        known = {name for plugin in registry.plugins for name in _names(plugin)}
        raise UsageError(
            f"no plugin named {package!r} is installed{nearest(package, known)}; 'optbench plugins' lists those that are; "
            "give the folder of one that is not"
        )
    if all(plugin.status == "blocked" for plugin in plugins):
        raise UsageError(f"{package!r} is left out with '-p no:NAME'; run its checks without that option")
    plugins = [plugin for plugin in plugins if plugin.status != "blocked"]
    return [check for plugin in plugins for check in (*_plugin_checks(registry, plugin), *_component_checks(registry, plugin))]


@contextmanager
def checks_of(package: str, blocked: Collection[str] = ()) -> Iterator[list[Check]]:
    """Yield the checks of all components of a plugin; they can be run until the context ends.

    Args:
        package: the name of an installed distribution or plugin, or a folder with a `pyproject.toml` or an `__init__.py`.
        blocked: names of plugins or distributions to leave out.

    Raises:
        UsageError: there is no such plugin, and the message names the nearest; or it is left out itself.
    """
    # The folder goes on the path before anything is imported: another version of the same modules may be installed.
    if Path(package).is_dir() and canonicalize_name(package) not in map(canonicalize_name, _installed()):
        with as_if_installed(Path(package).resolve()) as distribution:
            yield installed_checks(distribution, blocked)
    else:
        yield installed_checks(package, blocked)


def _installed() -> Iterator[str]:
    """The names of all entry points of the group, and of their distributions where their metadata can be read."""
    for entry in entry_points(group=GROUP):
        yield entry.name
        with suppress(Exception):  # which exception importlib.metadata raises depends on Python's version
            yield str((entry.dist.name if entry.dist else None) or "")


@contextmanager
def quiet() -> Iterator[None]:
    """Compute as a worker does: one BLAS thread, no floating-point warnings; what a plugin prints goes to standard error."""
    with threadpool_limits(1), np.errstate(all="ignore"), warnings.catch_warnings(), redirect_stdout(sys.stderr):
        warnings.simplefilter("ignore")
        yield


def _plugin_checks(registry: Registry, plugin: Plugin) -> Iterator[Check]:
    """What must hold before there is a component to check."""
    errors = [plugin.error] if plugin.error else []
    clashes = [clash for clash in registry.clashes if f"({plugin.entry_point})" in clash]
    missing = [] if errors or clashes or plugin.provides else ["it registers none"]
    yield Check("plugin", plugin.name, "loads", "It can be imported, and its hooks can be called.", _LOADS, lambda: errors)
    yield Check("plugin", plugin.name, "unique names", "No other plugin has a component of its name.", _NAMES, lambda: clashes)
    yield Check("plugin", plugin.name, "registers components", "It registers at least one.", _REGISTERS, lambda: missing)


_LOADS = "import the module alone to see the whole error; use the hooks, classes and OPTBENCH_CONTRACT of this optbench"
_NAMES = "give the component another name"
_REGISTERS = "return a list of classes from a function marked @hookimpl, such as optbench_optimizers"


def _component_checks(registry: Registry, plugin: Plugin) -> Iterator[Check]:
    components = [(kind, one.cls) for kind in KINDS for one in registry.components(kind) if one.plugin is plugin]
    for kind, cls in components:
        subject = Subject(kind, cls, plugin, tuple(components))
        for rule in RULES[kind]:
            yield Check(kind, subject.name, rule.name, rule.promise, rule.remedy, partial(rule.violations, subject))


def _one_line(error: BaseException) -> str:
    """An exception on one line, with the last place outside the kit that it passed through."""
    text = " ".join(str(error).split())
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not Path(f.filename).is_relative_to(_HERE)]
    where = f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}: " if frames else ""
    return f"{where}{type(error).__name__}: {text}" if text else f"{where}{type(error).__name__}"


def _names(plugin: Plugin) -> tuple[str, str, str]:
    """The names by which a plugin can be asked for: its own, its distribution's, its entry point's."""
    return plugin.name, plugin.distribution, plugin.entry_point.partition("=")[0].strip()
