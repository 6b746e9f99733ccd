"""Guards around hook implementations, with which they are registered: pluggy calls the guard, the guard the plugin's function.

An implementation that returns components is called once and its answer remembered, so that the hooks can be called again after
each plugin without its classes being created twice. An implementation or wrapper of a hook that only notifies plugins cannot
raise: its error becomes a warning that names the plugin, and the others are called as if it were not there.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator
from functools import wraps
from typing import Any

import pluggy

from optbench.core.errors import PluginError
from optbench.core.hookspecs import PROJECT
from optbench.registry.declarations import KINDS, as_list
from optbench.registry.discovery import one_line

_RETURNS_COMPONENTS = frozenset(hook for hook, _ in KINDS.values())
Function = Callable[..., Any]


class Implementations:
    """The guarded hook implementations of one plugin, as attributes: what is registered with pluggy in the plugin's place."""


class Guards:
    """Makes the guards of all plugins, and reports the errors of those that are notified."""

    def __init__(self) -> None:
        self.read: Callable[[Any], Any] = lambda answer: answer
        """Converts each answer to the current notification; an answer that it rejects is the plugin's error."""
        self._reported: set[tuple[str, str]] = set()

    def around(self, plugin: Any, name: str, manager: pluggy.PluginManager) -> Implementations:
        """Return the hook implementations of a plugin's module, each in its guard.

        Args:
            plugin: the module, or another object that the entry point names.
            name: the plugin's name, for warnings.
            manager: the manager that the implementations are to be registered with.
        """
        guarded = Implementations()
        for attribute in dir(plugin):
            options: Any = manager.parse_hookimpl_opts(plugin, attribute)
            if options is not None:
                function = getattr(plugin, attribute)
                guard = self._guard(function, options.get("specname") or attribute, name, options)
                setattr(guarded, attribute, guard)
        return guarded

    def _guard(self, function: Function, hook: str, name: str, options: Any) -> Function:
        wrapper = options.get("wrapper") or options.get("hookwrapper")
        if hook in _RETURNS_COMPONENTS:
            if wrapper:
                return function
            guard = _called_once(function, hook)
        elif wrapper:
            guard = self._wrapper(function, hook, name, old_style=bool(options.get("hookwrapper")))
        else:
            guard = self._listener(function, hook, name)
        setattr(guard, f"{PROJECT}_impl", options)
        return guard

    def _listener(self, function: Function, hook: str, name: str) -> Function:
        @wraps(function)
        def guard(*args: Any) -> Any:
            try:
                answer = function(*args)
                return None if answer is None else self.read(answer)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: BLE001  # a plugin may raise anything, SystemExit too
                return self._report(hook, name, error)

        return guard

    def _wrapper(self, function: Function, hook: str, name: str, *, old_style: bool) -> Function:
        """Return a generator function that gives the inner answers on where the plugin's own fails.

        A wrapper that returns None leaves the answers as they are.
        """

        @wraps(function)
        def guard(*args: Any) -> Generator[None, Any, Any]:
            try:
                generator = function(*args)
                _until_yield(generator)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: BLE001  # a plugin may raise anything, SystemExit too
                self._report(hook, name, error)
                return (yield)
            sent = yield
            inner = list(sent.get_result() if old_style else sent)
            try:
                returned = _returned(generator, sent)
                outer = sent.get_result() if old_style else returned
                answers = inner if outer is None else [self.read(answer) for answer in outer]
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: BLE001  # a plugin may raise anything, SystemExit too
                self._report(hook, name, error)
                answers = inner
            if old_style:
                sent.force_result(answers)
            return answers

        return guard

    def _report(self, hook: str, name: str, error: BaseException) -> None:
        """Warn of a plugin's error in a hook, the first time only: a hook may be called after each of a thousand runs."""
        if (hook, name) not in self._reported:
            self._reported.add((hook, name))
            warnings.warn(f"{hook} of plugin {name!r}: {one_line(error)}", stacklevel=2)


def _called_once(function: Function, hook: str) -> Function:
    answers: list[list[Any]] = []

    @wraps(function)
    def guard(*args: Any) -> list[Any]:
        if not answers:
            answers.append(as_list(function(*args), hook))
        return list(answers[0])

    return guard


def _until_yield(generator: Generator[None, Any, Any]) -> None:
    try:
        next(generator)
    except StopIteration:
        raise PluginError("the hook wrapper did not yield") from None


def _returned(generator: Generator[None, Any, Any], sent: Any) -> Any:
    """Send the inner answers to a plugin's wrapper and return what it returns."""
    try:
        generator.send(sent)
    except StopIteration as stop:
        return stop.value
    generator.close()
    raise PluginError("the hook wrapper yielded twice")
