"""The registry of all components: plugins are loaded and checked, and classes found by kind and name."""

from __future__ import annotations

import os
import reprlib
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from importlib.metadata import EntryPoint
from typing import Any, Literal

import pluggy

from optbench.core import hookspecs
from optbench.core.contracts import OPTBENCH_CONTRACT
from optbench.core.errors import PluginError, UsageError, nearest
from optbench.core.names import plural
from optbench.registry.declarations import CHANGES, KINDS, Component, check_class, classes_in
from optbench.registry.discovery import Plugin, discover, one_line
from optbench.registry.guards import Guards

_Identity = tuple[str, str, str]


class Registry:
    """All plugins of this environment and their components.

    Plugins are registered with pluggy one after the other, and after each one the hooks that return components are called. What
    is new in the answers, an error included, is attributed to the plugin that was registered last.

    Args:
        blocked: names of plugins or distributions to exclude (`-p no:NAME`).
        autoload: whether to load third-party plugins; None follows `OPTBENCH_DISABLE_PLUGIN_AUTOLOAD`.
    """

    def __init__(self, blocked: Iterable[str] = (), *, autoload: bool | None = None) -> None:
        self.plugins: list[Plugin] = []
        """All plugins that are installed, whatever their status."""
        self.clashes: list[str] = []
        """A message for each component whose name another component of its kind has."""
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._guards = Guards()
        self._modules: dict[str, Any] = {}
        self._classes: dict[str, list[Any]] = {kind: [] for kind in KINDS}
        self._owners: dict[tuple[str, _Identity], list[Plugin]] = defaultdict(list)
        self._components: dict[str, dict[str, Component]] = {kind: {} for kind in KINDS}
        blocked = tuple(blocked)
        load_third_party = not os.environ.get("OPTBENCH_DISABLE_PLUGIN_AUTOLOAD") if autoload is None else autoload
        with redirect_stdout(sys.stderr):  # the standard output of a command may be JSON Lines
            for plugin, entry_point in discover():
                self.plugins.append(plugin)
                if plugin.is_called(blocked) or not (plugin.is_built_in or load_third_party):
                    plugin.status = "blocked"
                else:
                    self._load(plugin, entry_point)
        self._collect()

    def names(self, kind: str) -> list[str]:
        """Return the names of all components of a kind, sorted."""
        return sorted(self._components[kind])

    def components(self, kind: str) -> list[Component]:
        """Return all components of a kind, sorted by name."""
        return [self._components[kind][name] for name in self.names(kind)]

    def find(self, kind: str, name: str) -> Component:
        """Return the component of that kind and name.

        Raises:
            UsageError: there is none; the message names the nearest.
        """
        known = self._components[kind]
        if name not in known:
            raise UsageError(
                f"no {kind} named {name!r}{nearest(name, known)}; 'optbench list {plural(kind)}' shows all {len(known)}",
            )
        return known[name]

    def refuse_clashes(self) -> None:
        """Raise PluginError where two plugins register a component of one name, which would be ambiguous."""
        if self.clashes:
            raise PluginError("; ".join(self.clashes))

    def broken(self) -> list[Plugin]:
        """Return the plugins that failed or were refused."""
        return [plugin for plugin in self.plugins if plugin.status in ("failed", "refused")]

    def notify(self, hook: str, /, *, read: Callable[[Any], Any] = lambda answer: answer, **arguments: Any) -> list[Any]:
        """Call a hook of all plugins and return their answers other than None, in the order in which pluggy calls them.

        A plugin that raises costs one warning, which names it; the other plugins are notified nevertheless.

        Args:
            hook: the hook's name, such as `optbench_run_done`.
            read: converts and checks each answer; an error that it raises is the plugin's. It is applied to answers that a hook
                wrapper returns too, and so must accept what it returned itself.
            arguments: what the hook's specification names.
        """
        self._guards.read = read
        with redirect_stdout(sys.stderr):
            return list(getattr(self._manager.hook, hook)(**arguments))

    def _load(self, plugin: Plugin, entry_point: EntryPoint) -> None:
        status: Literal["failed", "refused"] = "failed"
        try:
            module = entry_point.load()
            contract = getattr(module, "OPTBENCH_CONTRACT", OPTBENCH_CONTRACT)
            status = "refused"
            _check_contract(contract)
            self._register(plugin, module)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  # a plugin may raise anything, SystemExit too
            plugin.status, plugin.error = status, one_line(error)

    def _register(self, plugin: Plugin, module: Any) -> None:
        """Register a plugin with pluggy and attribute to it the components that are new, or else leave all as it was."""
        for name, other in self._modules.items():
            if other is module:
                raise PluginError(f"it is the module of plugin {name!r}; remove one of the two entry points")
        implementations = self._guards.around(module, plugin.name, self._manager)
        try:
            self._manager.register(implementations, plugin.name)
            self._manager.check_pending()
            answers = {kind: self._answers(kind) for kind in KINDS}
        except BaseException:
            if self._manager.is_registered(implementations):
                self._manager.unregister(implementations)
            raise
        self._modules[plugin.name] = module
        for kind, classes in answers.items():
            self._attribute(plugin, kind, classes)
        self._classes = answers

    def _answers(self, kind: str) -> list[Any]:
        """Call the hook of a kind, and return all classes that plugins and their hook wrappers return."""
        hook, _ = KINDS[kind]
        classes = list(classes_in(getattr(self._manager.hook, hook)(), hook))
        known = set(map(id, self._classes[kind]))
        for cls in classes:
            if id(cls) not in known:
                check_class(cls, kind)
        return classes

    def _attribute(self, plugin: Plugin, kind: str, classes: Iterable[Any]) -> None:
        known = Counter(map(_identity, self._classes[kind]))
        for identity, count in Counter(map(_identity, classes)).items():
            self._owners[kind, identity] += [plugin] * (count - known[identity])

    def _collect(self) -> None:
        """Make components of the classes that the last call of each hook returned."""
        order = {plugin.name: place for place, plugin in enumerate(self.plugins)}
        for kind, classes in self._classes.items():
            owners = {identity: iter(plugins) for (of, identity), plugins in self._owners.items() if of == kind}
            components = [Component(cls, next(owners[_identity(cls)])) for cls in classes]
            for component in sorted(components, key=lambda component: order[component.plugin.name]):
                self._add(kind, component)

    def _add(self, kind: str, component: Component) -> None:
        known = self._components[kind]
        if component.name in known:
            self.clashes.append(_clash(kind, known[component.name], component))
            return
        known[component.name] = component
        component.plugin.provides.setdefault(kind, []).append(component.name)


def _check_contract(contract: Any) -> None:
    if type(contract) is not int or contract != OPTBENCH_CONTRACT:
        remedy = f"; {CHANGES}" if type(contract) is int and contract == 1 else ""
        raise PluginError(
            f"built for contract {reprlib.repr(contract)}, this optbench has contract {OPTBENCH_CONTRACT}{remedy}"
        )


def _identity(cls: Any) -> _Identity:
    """What stays the same where a hook wrapper creates its class again in each call."""
    return cls.__module__, cls.__qualname__, cls.name


def _clash(kind: str, first: Component, second: Component) -> str:
    one, two = (f"{p.distribution} {p.version} ({p.entry_point})" for p in (first.plugin, second.plugin))
    remedy = " or ".join(f"'-p no:{component.plugin.name}'" for component in (first, second))
    return f"two {plural(kind)} are named {first.name!r}: one from {one}, one from {two}; exclude one of them with {remedy}"
