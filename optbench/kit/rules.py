"""What a rule of the contract is, and what it is held against."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from optbench.core.contracts import Wrapper
from optbench.core.hyperparameters import build
from optbench.registry import Plugin, Registry

Violations = Iterator[str]
"""What was found wrong, one sentence each; nothing if the rule holds."""


@dataclass(frozen=True)
class Subject:
    """A method that is examined."""

    axis: str
    cls: type[Any]
    plugin: Plugin
    siblings: tuple[tuple[str, type[Any]], ...] = ()
    """All methods of the plugin by kind, this one among them: one further process serves them together."""

    @property
    def name(self) -> str:
        """The name by which users select it."""
        name: str = self.cls.name
        return name

    @cached_property
    def thing(self) -> Any:
        """The method with its default hyper-parameters."""
        return made(self.cls)

    @property
    def docstring(self) -> str:
        """What the class says of itself; what `dataclass` writes for a class that says nothing does not count."""
        text = self.cls.__doc__ or ""
        return "" if text.startswith(f"{self.cls.__name__}(") else " ".join(text.split())

    def says(self, word: str) -> bool:
        """Whether the docstring has `word` in it, as a word."""
        return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", self.docstring) is not None


def made(cls: type[Any], given: Mapping[str, Any] | None = None, inner: str = "sgd") -> Any:
    """Make a method of its default hyper-parameters but for those given; a wrapper goes around a built-in optimizer."""
    parts = {"inner": built_in("optimizer", inner)()} if issubclass(cls, Wrapper) else {}
    return build(cls, dict(given or {}), **parts)


@cache
def built_in(axis: str, name: str) -> type[Any]:
    """Return the method of that name that comes with optbench, whatever else is installed."""
    return Registry(autoload=False).find(axis, name).cls


@dataclass(frozen=True)
class Rule:
    """A part of the contract that can be checked: what holds, and what to do where it does not."""

    name: str
    holds: str
    remedy: str
    violations: Callable[[Subject], Violations]


def rule(name: str, remedy: str) -> Callable[[Callable[[Subject], Violations]], Rule]:
    """Make a rule of a function that yields violations; its docstring says what holds."""

    def made(violations: Callable[[Subject], Violations]) -> Rule:
        return Rule(name, " ".join((violations.__doc__ or "").split()), remedy, violations)

    return made
