"""The checks of a plugin, by its name or its folder."""

from __future__ import annotations

import itertools
import os
import sys
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from functools import cached_property, partial
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np
from packaging.utils import canonicalize_name
from threadpoolctl import threadpool_limits

from optbench.core.contracts import OPTBENCH_CONTRACT
from optbench.core.errors import MissingExtra, UsageError, nearest
from optbench.kit.checks import rules_of
from optbench.kit.finding import Finding
from optbench.kit.folders import as_if_installed
from optbench.kit.rules import Subject, one_line
from optbench.registry import GROUP, KINDS, Plugin, Registry

_MOST = 3  # violations of one rule that are reported


@dataclass(frozen=True, eq=False)
class Check:
    """A rule of the contract, applied to one component or plugin.

    Where a check that it needs has found a violation it is skipped: what would be found has the same cause.
    """

    kind: str
    name: str
    check: str
    promise: str
    remedy: str
    violations: Callable[[], Iterable[str]]
    needs: tuple[Check, ...] = ()

    def run(self) -> Finding:
        """Return the outcome, computed once; an exception of the plugin is a violation, and what it prints is discarded."""
        return self._finding

    @cached_property
    def _finding(self) -> Finding:
        about = (self.kind, self.name, self.check, self.promise)
        cause = next((one for one in self.needs if one.run().status == "violation"), None)
        if cause:
            return Finding(*about, "skipped", f"because of the violation of {cause.check!r}")
        try:
            with (
                quiet(),
                Path(os.devnull).open("w", encoding="utf-8") as nowhere,
                redirect_stdout(nowhere),
                redirect_stderr(nowhere),
            ):
                violations = list(itertools.islice(self.violations(), _MOST))
        except KeyboardInterrupt:
            raise
        except MissingExtra as error:
            return Finding(*about, "skipped", str(error))
        except BaseException as error:  # noqa: BLE001  # third-party code may raise anything, SystemExit too
            violations = [one_line(error)]
        return Finding(*about, "violation", "; ".join(violations), self.remedy) if violations else Finding(*about, "holds")


def installed_checks(package: str, blocked: Collection[str] = (), without: Collection[tuple[str, str]] = ()) -> list[Check]:
    """Return the checks of all components of a plugin.

    Args:
        package: the name of an installed distribution or plugin.
        blocked: names of plugins or distributions to leave out, such as one that has a component of the same name.
        without: kinds and names of components whose results no check of another component may need.

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
    return [
        *itertools.chain.from_iterable(_plugin_checks(registry, plugin) for plugin in plugins),
        *_component_checks(registry, plugins, without),
    ]


@contextmanager
def checks_of(package: str, blocked: Collection[str] = (), without: Collection[tuple[str, str]] = ()) -> Iterator[list[Check]]:
    """Yield the checks of all components of a plugin; they can be run until the context ends.

    Args:
        package: the name of an installed distribution or plugin, or a folder with a `pyproject.toml` or an `__init__.py`.
        blocked: names of plugins or distributions to leave out.
        without: as in `installed_checks`.

    Raises:
        UsageError: there is no such plugin, and the message names the nearest; or it is left out itself.
    """
    # The folder goes on the path before anything is imported: another version of the same modules may be installed.
    if Path(package).is_dir() and canonicalize_name(package) not in map(canonicalize_name, _installed()):
        with as_if_installed(Path(package).resolve()) as distribution:
            yield installed_checks(distribution, blocked, without)
    else:
        yield installed_checks(package, blocked, without)


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
    clashes = [clash for clash in registry.clashes if f"({plugin.entry_point})" in clash]
    missing = [] if clashes or plugin.provides else ["it registers none"]
    errors = {name: [plugin.error] if plugin.error and _stage(plugin) == name else [] for name in _STAGES}
    about = ("plugin", plugin.name)
    needs: tuple[Check, ...] = ()
    for name, (promise, remedy) in _STAGES.items():
        check = Check(*about, name, promise, remedy, partial(list, errors[name]), needs)
        needs = (*needs, check)
        yield check
    yield Check(*about, "unique names", "No other plugin has a component of its name.", _NAMES, lambda: clashes, needs)
    yield Check(*about, "registers components", "It registers at least one.", _REGISTERS, lambda: missing, needs)


_STAGES = {
    "loads": ("It can be imported.", "import the module alone to see the whole error"),
    "contract": (
        f"It is built for contract {OPTBENCH_CONTRACT}.",
        f"change what docs/contract-{OPTBENCH_CONTRACT}.md says, then set OPTBENCH_CONTRACT = {OPTBENCH_CONTRACT}",
    ),
    "hooks": (
        "Its hooks return lists of classes that can be registered.",
        "return a list of classes, such as [Mine], from a function marked @hookimpl, each as the detail says",
    ),
}
"""What a plugin passes through until its components are registered, with what holds after it and what to do where it fails."""
_NAMES = "give the component another name"
_REGISTERS = "return a list of classes from a function marked @hookimpl, such as optbench_optimizers"


def _stage(plugin: Plugin) -> str:
    """The one of `_STAGES` at which a plugin failed."""
    if plugin.status == "failed":
        return "loads"
    return "contract" if plugin.error.startswith("built for contract") else "hooks"


def _component_checks(registry: Registry, plugins: list[Plugin], without: Collection[tuple[str, str]]) -> Iterator[Check]:
    found = [(kind, one) for kind in KINDS for one in registry.components(kind) if one.plugin in plugins]
    siblings = tuple((kind, one.cls) for kind, one in found if (kind, one.name) not in without)
    for kind, one in found:
        subject = Subject(kind, one.cls, one.plugin, siblings)
        checks: dict[str, Check] = {}
        rules = rules_of(kind, one.cls)
        for place, rule in enumerate(rules):
            needs = tuple(checks[name] for name in rule.needs(rules[:place]))
            checks[rule.name] = Check(
                kind, subject.name, rule.name, rule.promise, rule.remedy, partial(rule.violations, subject), needs
            )
        yield from checks.values()


def _names(plugin: Plugin) -> tuple[str, str, str]:
    """The names by which a plugin can be asked for: its own, its distribution's, its entry point's."""
    return plugin.name, plugin.distribution, plugin.entry_point.partition("=")[0].strip()
