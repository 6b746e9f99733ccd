"""Hyper-parameters: fields of a frozen dataclass whose ranges stand beside them.

Ranges are checked when a spec is made, not in `__post_init__`: a schedule may end at `lr = 0`.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from optbench.core.errors import UsageError, nearest

T = TypeVar("T")
PART: Mapping[str, bool] = {"part": True}
"""Metadata of a field that is no hyper-parameter, such as the optimizer within a wrapper."""
_UNIONS = (typing.Union, types.UnionType)


@dataclass(frozen=True)
class Range:
    """An interval; `closed` says which of its ends belong to it."""

    low: float = -math.inf
    high: float = math.inf
    closed: str = ""  # any of "[" and "]"

    def __contains__(self, value: float) -> bool:
        above = value >= self.low if "[" in self.closed else value > self.low
        below = value <= self.high if "]" in self.closed else value < self.high
        return above and below

    def __str__(self) -> str:
        left, right = ("[" if "[" in self.closed else "("), ("]" if "]" in self.closed else ")")
        return f"{left}{self.low:g}, {self.high:g}{right}"


def within(default: T, interval: Range) -> T:
    """Declare a hyper-parameter with its default and the range of it (of each of its items, for a tuple)."""
    made: T = field(default=default, metadata={"range": interval})
    return made


def positive(default: T) -> T:
    """Declare a number above 0, or a tuple of such; where the default is None, None stays allowed."""
    return within(default, Range(0.0))


def non_negative(default: T) -> T:
    """Declare a number not below 0, or a tuple of such."""
    return within(default, Range(0.0, closed="["))


def fraction(default: T) -> T:
    """Declare a number in [0, 1), such as a decay rate, or a tuple of such."""
    return within(default, Range(0.0, 1.0, closed="["))


def count(default: T) -> T:
    """Declare a whole number of at least 1, or a tuple of such."""
    return within(default, Range(1, closed="["))


def values(thing: Any) -> dict[str, Any]:
    """Return the hyper-parameters of `thing` by name; empty for what is no dataclass."""
    return {} if isinstance(thing, type) else {name: getattr(thing, name) for name in fields_of(thing)}


def changed(thing: Any) -> dict[str, Any]:
    """Return the hyper-parameters that differ from their defaults."""
    return {name: getattr(thing, name) for name, f in fields_of(thing).items() if getattr(thing, name) != _default(f)}


def build(cls: type[T], given: dict[str, Any], **parts: Any) -> T:
    """Make `cls` from its hyper-parameters, each checked against its type and range.

    Args:
        cls: what to make.
        given: hyper-parameters by name; the others take their defaults.
        parts: what else it is made of, such as the optimizer within a wrapper.

    Raises:
        UsageError: an unknown hyper-parameter, a value of another type, or one outside its range.
    """
    name = getattr(cls, "name", cls.__name__)
    fields = fields_of(cls)
    hints = types_of(cls)
    made: dict[str, Any] = {}
    for key, value in given.items():
        if key not in fields:
            known = ", ".join(fields) or "none"
            raise UsageError(f"{name} has no hyper-parameter {key!r}{nearest(key, fields)} (it has: {known})")
        try:
            made[key] = _convert(f"{name}: {key}", value, hints.get(key, Any))
        except UsageError as error:
            interval = fields[key].metadata.get("range")
            raise UsageError(f"{error}; its range is {interval}") if interval else error from None
    try:
        thing = cls(**made, **parts)
    except Exception as error:
        raise UsageError(f"{name} refuses {made}: {error}") from error
    for key, value in values(thing).items():
        if value is not None or fields[key].default is not None:
            _check_range(f"{name}: {key}", value, fields[key].metadata.get("range"))
    return thing


def fields_of(thing: Any) -> dict[str, dataclasses.Field[Any]]:
    """The fields that are hyper-parameters, by name; none for what is no dataclass."""
    found = dataclasses.fields(thing) if dataclasses.is_dataclass(thing) else ()
    return {f.name: f for f in found if not f.metadata.get("part")}


def _check_range(where: str, value: Any, interval: Range | None) -> None:
    for item in value if isinstance(value, tuple) else (value,):
        number = isinstance(item, int | float) and not isinstance(item, bool)
        if number and not math.isfinite(item):
            raise UsageError(f"{where} = {item} is not finite; give a number in {interval or Range()}")
        if interval is not None and (not number or item not in interval):
            raise UsageError(f"{where} = {item!r} is outside its range {interval}")


def _convert(where: str, value: Any, hint: Any) -> Any:
    """Bring a value as written (by a person, in TOML, in JSON) to the declared type; `1` is a float where one is asked for."""
    if hint is Any:
        return tuple(value) if isinstance(value, list) else value
    origin = typing.get_origin(hint)
    if origin in _UNIONS:
        return _convert_union(where, value, typing.get_args(hint))
    if origin is typing.Literal:
        if value in typing.get_args(hint):
            return value
        raise UsageError(f"{where} = {value!r} is none of {', '.join(map(repr, typing.get_args(hint)))}")
    if origin is tuple:
        hints = typing.get_args(hint)
        items = value if isinstance(value, list | tuple) else [value]
        if hints[1:] == (...,):
            hints = hints[:1] * len(items)
        if len(items) != len(hints):
            raise UsageError(f"{where} = {value!r} has {len(items)} items, it takes {len(hints)}")
        return tuple(map(_convert, itertools.repeat(where), items, hints))
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint in (bool, int, float, str) and type(value) is not hint:
        raise UsageError(f"{where} = {value!r} is no {hint.__name__}")
    return value


def _convert_union(where: str, value: Any, hints: tuple[Any, ...]) -> Any:
    for hint in hints:
        if hint is type(None):
            if value is None:
                return None
            continue
        try:
            return _convert(where, value, hint)
        except UsageError:
            continue
    wanted = " or ".join("none" if h is type(None) else getattr(h, "__name__", str(h)) for h in hints)
    raise UsageError(f"{where} = {value!r} is no {wanted}")


def types_of(cls: Any) -> dict[str, Any]:
    """The types of a class's annotations, by name; none where they cannot be had."""
    try:
        return typing.get_type_hints(cls)
    except NameError:  # an annotation that only a type checker can resolve: the value is taken as it is written
        return {}


def _default(f: dataclasses.Field[Any]) -> Any:
    return f.default_factory() if f.default_factory is not dataclasses.MISSING else f.default
