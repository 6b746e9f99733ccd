"""Which methods there are: discover plugins, check them, refuse what breaks the rules, and find a class by its name."""

from __future__ import annotations

import os
import re
import reprlib
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Literal

import pluggy

from optbench.core import hookspecs
from optbench.core.contracts import OPTBENCH_CONTRACT, Architecture, Dataset, Embedder, Optimizer, Wrapper
from optbench.core.errors import OptbenchError, PluginError, UsageError, nearest
from optbench.core.hyperparameters import build, values
from optbench.core.specs import canonical

GROUP = "optbench"
_OURS = "optbench"
_NAME = re.compile(r"[a-z0-9]+([-_.][a-z0-9]+)*")
KINDS: Mapping[str, tuple[str, type]] = {
    "optimizer": ("optbench_optimizers", Optimizer),
    "wrapper": ("optbench_wrappers", Wrapper),
    "architecture": ("optbench_architectures", Architecture),
    "embedder": ("optbench_embedders", Embedder),
    "dataset": ("optbench_datasets", Dataset),
}
"""Each kind of method, the hook that brings it and the class that it must derive from."""


@dataclass
class Plugin:
    """One entry point of the group, and what became of it."""

    name: str
    distribution: str
    version: str
    entry_point: str
    status: Literal["ok", "blocked", "failed", "refused"] = "ok"
    error: str = ""
    provides: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Component:
    """A class that was registered, with where it came from."""

    cls: type[Any]
    plugin: Plugin

    @property
    def name(self) -> str:
        """The name by which users select it."""
        name: str = self.cls.name
        return name

    @property
    def summary(self) -> str:
        """The first line of its docstring."""
        text = self.cls.__doc__
        return text.strip().partition("\n")[0] if isinstance(text, str) else ""

    @property
    def defaults(self) -> dict[str, Any]:
        """Its hyper-parameters with their defaults."""
        return values(_with_defaults(self.cls))


class Registry:
    """All plugins of this environment.

    Args:
        blocked: names of plugins or distributions to leave out (`-p no:NAME`).
        autoload: False leaves out all but our own; None asks `OPTBENCH_DISABLE_PLUGIN_AUTOLOAD`.
    """

    def __init__(self, blocked: Iterable[str] = (), *, autoload: bool | None = None) -> None:
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._blocked = frozenset(map(_normal, blocked))
        self._autoload = not os.environ.get("OPTBENCH_DISABLE_PLUGIN_AUTOLOAD") if autoload is None else autoload
        self.plugins: list[Plugin] = []
        self._methods: dict[str, dict[str, Component]] = {axis: {} for axis in KINDS}
        self.clashes: list[str] = []
        for plugin, entry_point in _entry_points():
            self.plugins.append(plugin)
            with redirect_stdout(sys.stderr):  # what a plugin prints must not end up between the lines of --json
                self._load(plugin, entry_point)

    def names(self, axis: str) -> list[str]:
        """Return the names of all methods of a kind, sorted."""
        return sorted(self._methods[axis])

    def components(self, axis: str) -> list[Component]:
        """Return all methods of a kind, sorted by name."""
        return [self._methods[axis][name] for name in self.names(axis)]

    def find(self, axis: str, name: str) -> Component:
        """Return the method of that name.

        Raises:
            UsageError: there is none; the message names the nearest.
        """
        known = self._methods[axis]
        if name not in known:
            raise UsageError(
                f"no {axis} named {name!r}{nearest(name, known)}; 'optbench list {axis}s' shows all {len(known)}",
            )
        return known[name]

    @cached_property
    def hook(self) -> Any:
        """The hooks, to be called."""
        return self._manager.hook

    def refuse_clashes(self) -> None:
        """Raise PluginError where two plugins bring a method of the same name: nobody could say which one ran."""
        if self.clashes:
            raise PluginError("; ".join(self.clashes))

    def tell(self, hook: str, read: Callable[[Any], Any], **given: Any) -> list[Any]:
        """Call every plugin's `hook` and return what `read` makes of each answer.

        A plugin that only listens must not stop anyone's runs: one that raises is a warning.
        """
        found = []
        for implementation in getattr(self.hook, hook).get_hookimpls():
            try:
                with redirect_stdout(sys.stderr):
                    answer = implementation.function(*(given[name] for name in implementation.argnames))
                found.append(read(answer))
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: BLE001  # SystemExit too
                warnings.warn(f"{hook} of plugin {implementation.plugin_name!r}: {_one_line(error)}", stacklevel=2)
        return found

    def broken(self) -> list[Plugin]:
        """Return the plugins that could not be used."""
        return [plugin for plugin in self.plugins if plugin.status in ("failed", "refused")]

    def _load(self, plugin: Plugin, entry_point: EntryPoint) -> None:
        ours = plugin.distribution == _OURS
        if self._blocked & {_normal(plugin.name), _normal(plugin.distribution)} or not (ours or self._autoload):
            plugin.status = "blocked"
            return
        try:
            module = entry_point.load()
            built_for = getattr(module, "OPTBENCH_CONTRACT", OPTBENCH_CONTRACT)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  # whatever a stranger's import raises, SystemExit too
            plugin.status, plugin.error = "failed", _one_line(error)
            return
        if type(built_for) is not int or built_for != OPTBENCH_CONTRACT:
            plugin.status = "refused"
            plugin.error = f"built for contract {reprlib.repr(built_for)}, this optbench has contract {OPTBENCH_CONTRACT}"
            return
        try:
            self._manager.register(module, plugin.name)
            self._manager.check_pending()
            classes = {axis: list(self._classes(axis, plugin.name)) for axis in KINDS}
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  # a misspelt hook, one that raises, a class that breaks the contract
            plugin.status, plugin.error = "refused", _one_line(error)
            if self._manager.get_plugin(plugin.name) is not None:
                self._manager.unregister(name=plugin.name)
            return
        for axis, found in classes.items():
            for cls in found:
                self._add(axis, Component(cls, plugin))

    def _classes(self, axis: str, plugin_name: str) -> Iterator[type[Any]]:
        hook, base = KINDS[axis]
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            if implementation.plugin_name != plugin_name:
                continue
            for cls in implementation.function():
                _check_class(cls, hook, base)
                yield cls

    def _add(self, axis: str, method: Component) -> None:
        known = self._methods[axis]
        if method.name in known:
            one, two = known[method.name].plugin, method.plugin
            remedy = " or ".join(f"'-p no:{p.name}'" for p in (one, two))
            self.clashes.append(
                f"two {axis}s are named {method.name!r}: one from {one.distribution} {one.version} ({one.entry_point}), "
                f"one from {two.distribution} {two.version} ({two.entry_point}); leave one of them out with {remedy}",
            )
            return
        known[method.name] = method
        method.plugin.provides.setdefault(axis, []).append(method.name)


def _check_class(cls: Any, hook: str, base: type) -> None:
    if not (isinstance(cls, type) and issubclass(cls, base)):
        raise PluginError(f"{hook} returned {cls!r}, which is no subclass of optbench.{base.__name__}")
    if base is Optimizer and issubclass(cls, Wrapper):
        raise PluginError(f"{hook} returned {cls!r}, which goes around an optimizer; return it from optbench_wrappers")
    name = getattr(cls, "name", None)
    if not (isinstance(name, str) and _NAME.fullmatch(name)):
        raise PluginError(f"{cls.__qualname__}.name is {name!r}; a name is lower-case letters and digits, joined by - _ or .")
    if base is Dataset:
        if not isinstance(getattr(cls, "folder", None), str | Path):
            raise PluginError(f"{cls.__qualname__}.folder is no path")
    else:
        try:
            made = _with_defaults(cls)
            canonical(values(made))
        except OptbenchError as error:
            raise PluginError(f"{cls.__qualname__} cannot be made with its defaults: {error}") from error
        except (TypeError, ValueError) as error:
            raise PluginError(f"a default of {cls.__qualname__} is no plain number, text, bool or tuple: {error}") from error
        _check_declared(cls, made)


def _with_defaults(cls: type[Any]) -> Any:
    """An instance of a class, its hyper-parameters checked; a wrapper is made around nothing."""
    parts = {"inner": Optimizer()} if issubclass(cls, Wrapper) else {}
    return build(cls, {}, **parts)


def _check_declared(cls: type[Any], made: Any) -> None:
    """What the harness relies on without asking again: else a plan of everybody's would stumble over it."""
    for name in {"needs", "provides"} & set(dir(made)):
        value = getattr(made, name)
        if not (isinstance(value, frozenset) and all(isinstance(word, str) for word in value)):
            raise PluginError(
                f"{cls.__qualname__}.{name} is {value!r}; it is a frozenset of words, such as frozenset({{'hvp'}})"
            )
    if isinstance(made, Optimizer):
        if made.batch not in ("mini", "full"):
            raise PluginError(f"{cls.__qualname__}.batch is {made.batch!r}; it is 'mini' or 'full'")
        if not (isinstance(made.rates, tuple) and all(isinstance(rate, str) for rate in made.rates)):
            raise PluginError(f"{cls.__qualname__}.rates is {made.rates!r}; it is a tuple of names, such as ('lr',)")


def _entry_points() -> Iterator[tuple[Plugin, EntryPoint]]:
    """Walk the group ourselves: pluggy's own loader stops at the first broken plugin and skips doubled names silently."""
    found: dict[str, list[tuple[EntryPoint, str]]] = {}
    for entry in entry_points(group=GROUP):
        name, version = _about(entry)
        found.setdefault(name, []).append((entry, version))
    # Ours first, so that a clash is reported against the stranger.
    for distribution in sorted(found, key=lambda name: (name != _OURS, name)):
        single = len(found[distribution]) == 1
        for entry, version in sorted(found[distribution], key=lambda pair: pair[0].name):
            name = distribution if single else f"{distribution}:{entry.name}"
            yield Plugin(name, distribution, version, f"{entry.name} = {entry.value}"), entry


def _about(entry: EntryPoint) -> tuple[str, str]:
    """The name and version of an entry point's distribution; its metadata may be damaged."""
    try:
        found = entry.dist.metadata if entry.dist else None
        name, version = (" ".join(str(found[key] or "").split()) if found else "" for key in ("Name", "Version"))
    except Exception:  # noqa: BLE001  # importlib.metadata raises what its Python's version happens to raise
        name = version = ""
    return name or entry.module, version or "unknown"


def _normal(name: str) -> str:
    """Names of distributions are equal whatever joins their words (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _one_line(error: BaseException) -> str:
    try:
        text = " ".join(str(error).split())
    except Exception:  # noqa: BLE001  # its __str__ is a stranger's too
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
