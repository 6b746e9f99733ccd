"""Search spaces of hyper-parameters, and the values at which one has no effect: both are declared with the field."""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

DIGITS = 4
"""Significant digits of a drawn number: nobody needs more, and settings stay readable."""


class Space(ABC):
    """Where a search looks for the value of a hyper-parameter."""

    log: ClassVar[bool] = False
    """Whether its scale is logarithmic, so that a value near an end suggests a wider range."""

    @abstractmethod
    def at(self, u: float) -> Any:
        """Return the value at a point of [0, 1)."""

    @abstractmethod
    def place(self, value: Any) -> float:
        """Return the point of [0, 1] at which a value is, the nearest end for one outside."""

    @abstractmethod
    def __contains__(self, value: Any) -> bool:
        """Whether it has the value or, for numbers, the value is between its ends."""


@dataclass(frozen=True)
class _Interval(Space):
    low: float
    high: float

    def at(self, u: float) -> float:
        """Return the number at a point of [0, 1), with 4 significant digits of what is drawn."""
        return min(max(self._value(u), self.low), self.high)

    def place(self, value: float) -> float:
        """Return the point at which a number is; see `Space.place`."""
        return min(max(self._point(value), 0.0), 1.0) if self.low <= value <= self.high else float(value > self.high)

    def __contains__(self, value: Any) -> bool:
        return isinstance(value, int | float) and self.low <= value <= self.high

    @abstractmethod
    def _value(self, u: float) -> float: ...

    @abstractmethod
    def _point(self, value: float) -> float: ...

    def __str__(self) -> str:
        return f"[{self.low:g}, {self.high:g}]{', log-uniform' if self.log else ''}"


@dataclass(frozen=True)
class Uniform(_Interval):
    """Uniform between two numbers."""

    def _value(self, u: float) -> float:
        return _rounded(self.low + u * (self.high - self.low))

    def _point(self, value: float) -> float:
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class LogUniform(_Interval):
    """Uniform in the logarithm, between two numbers above 0: learning rates, eps."""

    log: ClassVar[bool] = True

    def _value(self, u: float) -> float:
        return _rounded(math.exp(math.log(self.low) + u * math.log(self.high / self.low)))

    def _point(self, value: float) -> float:
        return math.log(value / self.low) / math.log(self.high / self.low)


@dataclass(frozen=True)
class OneMinusLog(_Interval):
    """1 minus the value is uniform in the logarithm, between two numbers below 1: decay rates.

    Both .9 and .99 differ from the next by a factor in how many steps they remember. Only the upper end is an edge beyond which
    a better value may be; at the lower one, such as 0, a method forgets everything, so `log` is False.
    """

    def _value(self, u: float) -> float:
        return 1.0 - _rounded((1 - self.low) * math.exp(u * math.log((1 - self.high) / (1 - self.low))))

    def _point(self, value: float) -> float:
        return math.log((1 - value) / (1 - self.low)) / math.log((1 - self.high) / (1 - self.low))

    def __str__(self) -> str:
        return f"{super().__str__()}, log-uniform in 1 - value"


@dataclass(frozen=True)
class Choices(Space):
    """One of several values, with equal chances: whole numbers, names, true and false."""

    values: tuple[Any, ...]

    def at(self, u: float) -> Any:
        """Return the value at a point of [0, 1)."""
        return self.values[min(int(u * len(self.values)), len(self.values) - 1)]

    def place(self, value: Any) -> float:
        """Return the middle of the part of [0, 1] that belongs to a value."""
        return (self.values.index(value) + 0.5) / len(self.values)

    def __contains__(self, value: Any) -> bool:
        return value in self.values

    def __str__(self) -> str:
        return ", ".join(map(str, self.values))


Declared = Space | Callable[[Any], Space]
"""A space, or what makes it from the default."""


def uniform(low: float, high: float) -> Space:
    """Return the uniform space between two numbers.

    Raises:
        ValueError: `low` is not below `high`.
    """
    _require(low < high, f"uniform({low}, {high}): the lower end is below the upper one")
    return Uniform(low, high)


def log_uniform(low: float, high: float) -> Space:
    """Return the space between two numbers above 0 in which the logarithm is uniform.

    Raises:
        ValueError: `low` is not above 0 and below `high`.
    """
    _require(0 < low < high, f"log_uniform({low}, {high}): both ends are above 0, the lower one first")
    return LogUniform(low, high)


def one_minus_log(low: float, high: float) -> Space:
    """Return the space between two numbers below 1 in which the logarithm of 1 minus the value is uniform.

    Raises:
        ValueError: `high` is not below 1 and above `low`.
    """
    _require(low < high < 1, f"one_minus_log({low}, {high}): both ends are below 1, the lower one first")
    return OneMinusLog(low, high)


def choices(*values: Any) -> Space:
    """Return the space of these values.

    Raises:
        ValueError: there are fewer than two.
    """
    _require(len(values) > 1, f"choices{values}: name two values or more")
    return Choices(values)


def scaled(low: float, high: float) -> Declared:
    """Return the log-uniform space between the default times `low` and the default times `high`.

    Raises:
        ValueError: the factors are not above 0, the lower one first, or (when it is declared) the default is not above 0.
    """
    _require(0 < low < high, f"scaled({low}, {high}): both factors are above 0, the lower one first")

    def around(default: Any) -> Space:
        _require(
            isinstance(default, int | float) and default > 0, f"scaled({low}, {high}): the default {default} is not above 0"
        )
        return LogUniform(_rounded(default * low), _rounded(default * high))

    return around


@dataclass(frozen=True)
class Neutral:
    """The value of a hyper-parameter at which what it controls is switched off.

    Attributes:
        value: the value, such as 0.0.
        words: what is missing then, such as "no momentum".
    """

    value: Any
    words: str


def resolve(space: Declared | None, default: Any) -> Space | None:
    """Return the space of a field with this default.

    Raises:
        ValueError: it is no space, or the default is not in it.
    """
    if space is None:
        return None
    found = space(default) if callable(space) else space
    _require(
        isinstance(found, Space),
        f"space={space!r} is no search space; use scaled(1e-3, 1e3), log_uniform, one_minus_log, uniform or choices",
    )
    _require(default in found, f"the default {default} is outside its search space {found}")
    return found


def spaces_of(component: Any) -> dict[str, Space]:
    """Return the declared search spaces of a component or its class by hyper-parameter, in the order of the fields."""
    return {f.name: space for f in _fields(component) if (space := f.metadata.get("space")) is not None}


def neutrals_of(component: Any) -> dict[str, Neutral]:
    """Return the declared neutral values of a component or its class by hyper-parameter, in the order of the fields."""
    return {f.name: neutral for f in _fields(component) if (neutral := f.metadata.get("neutral")) is not None}


def _fields(component: Any) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(component) if dataclasses.is_dataclass(component) else ()


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _require(condition: bool, message: str) -> None:  # reads as an assertion
    if not condition:
        raise ValueError(message)
