"""What a rule of the contract is, and the component it is checked on."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from optbench.core.contracts import Wrapper
from optbench.core.hyperparameters import build
from optbench.registry import Plugin, Registry

_HERE = Path(__file__).parent

Violations = Iterator[str]
"""One sentence for each violation; none if the rule holds."""


@dataclass(frozen=True)
class Subject:
    """A component that is checked."""

    kind: str
    cls: type[Any]
    plugin: Plugin
    siblings: tuple[tuple[str, type[Any]], ...] = ()
    """The kind and class of each component of the plugin, this one included: one further process computes all their digests."""
    example: Any = None
    """The instance to check, in place of the one with default hyper-parameters."""

    @property
    def name(self) -> str:
        """The name by which users select it."""
        name: str = self.cls.name
        return name

    @cached_property
    def instance(self) -> Any:
        """The instance to check."""
        return make(self.cls) if self.example is None else self.example

    @property
    def docstring(self) -> str:
        """The docstring of the class on one line, empty if it has none; the one that `dataclass` generates does not count."""
        text = self.cls.__doc__ or ""
        return "" if text.startswith(f"{self.cls.__name__}(") else " ".join(text.split())

    def mentions(self, word: str) -> bool:
        """Whether `word` occurs in the docstring as a whole word."""
        return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", self.docstring) is not None


def make(cls: type[Any], params: Mapping[str, Any] | None = None, inner: str = "sgd") -> Any:
    """Return an instance of a component's class.

    Args:
        cls: the class.
        params: hyper-parameters by name; the others take their defaults.
        inner: the built-in optimizer that a wrapper goes around.
    """
    parts = {"inner": built_in("optimizer", inner)()} if issubclass(cls, Wrapper) else {}
    return build(cls, dict(params or {}), **parts)


@cache
def built_in(kind: str, name: str) -> type[Any]:
    """Return the built-in component of that name, whatever else is installed."""
    return Registry(autoload=False).find(kind, name).cls


@dataclass(frozen=True)
class Rule:
    """A part of the contract that can be checked."""

    name: str
    promise: str
    """What holds."""
    remedy: str
    """What to do where it does not."""
    violations: Callable[[Subject], Violations]
    basic: bool = False
    """Whether the rules that follow it need it: where it is violated they are skipped, so that one cause gives one finding."""
    after: tuple[str, ...] = ()
    """The names of further rules that this one needs."""

    def needs(self, earlier: Iterable[Rule]) -> tuple[str, ...]:
        """Return the names of those rules before it that this one needs."""
        return tuple(one.name for one in earlier if one.basic or one.name in self.after)


def rule(
    name: str, remedy: str, *, basic: bool = False, after: tuple[str, ...] = ()
) -> Callable[[Callable[[Subject], Violations]], Rule]:
    """Make a rule of a function that yields violations; its docstring is the promise."""

    def decorate(violations: Callable[[Subject], Violations]) -> Rule:
        return Rule(name, " ".join((violations.__doc__ or "").split()), remedy, violations, basic, after)

    return decorate


def one_line(error: BaseException) -> str:
    """Return an exception on one line, with the last place outside the kit that it passed through."""
    text = " ".join(str(error).split())
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not Path(f.filename).is_relative_to(_HERE)]
    where = f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}: " if frames else ""
    return f"{where}{type(error).__name__}: {text}" if text else f"{where}{type(error).__name__}"
