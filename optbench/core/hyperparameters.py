"""Hyper-parameters: the fields of a frozen dataclass, each declared with its range.

Types and ranges are checked by `build`, not in `__post_init__`, because a schedule may end at `lr = 0`.
"""

from __future__ import annotations

import dataclasses
import json
import math
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from optbench.core.errors import UsageError, nearest
from optbench.core.spaces import Declared, Neutral, Space, resolve

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")
PART: Mapping[str, bool] = {"part": True}
"""Metadata of a field that is no hyper-parameter, such as the optimizer inside a wrapper."""


@dataclass(frozen=True)
class Range:
    """An interval; `closed` contains "[" and "]" for the ends that belong to it."""

    low: float = -math.inf
    high: float = math.inf
    closed: str = ""

    def __contains__(self, value: float) -> bool:
        above = value >= self.low if "[" in self.closed else value > self.low
        below = value <= self.high if "]" in self.closed else value < self.high
        return above and below

    def __str__(self) -> str:
        left, right = ("[" if "[" in self.closed else "("), ("]" if "]" in self.closed else ")")
        return f"{left}{self.low:g}, {self.high:g}{right}"


def within(default: T, interval: Range, *, space: Declared | None = None, neutral: Neutral | None = None) -> T:
    """Declare a hyper-parameter with its default and its range (of each item, for a tuple).

    Args:
        default: the published value.
        interval: what is accepted.
        space: where a search looks for better values, such as `scaled(1e-3, 1e3)`; None where it is not searched.
        neutral: the value at which it has no effect, such as `Neutral(0.0, "no momentum")`; None where there is none.

    Raises:
        ValueError: the default is outside the space, or an end of the space outside the range.
    """
    metadata = {"range": interval, "space": _checked_space(default, interval, space), "neutral": neutral}
    declared: T = field(default=default, metadata=metadata)
    return declared


def positive(default: T, *, space: Declared | None = None, neutral: Neutral | None = None) -> T:
    """Declare a number above 0, or a tuple of such numbers; where the default is None, None is allowed."""
    return within(default, Range(0.0), space=space, neutral=neutral)


def non_negative(default: T, *, space: Declared | None = None, neutral: Neutral | None = None) -> T:
    """Declare a number of at least 0, or a tuple of such numbers."""
    return within(default, Range(0.0, closed="["), space=space, neutral=neutral)


def fraction(default: T, *, space: Declared | None = None, neutral: Neutral | None = None) -> T:
    """Declare a number in [0, 1), such as a decay rate, or a tuple of such numbers."""
    return within(default, Range(0.0, 1.0, closed="["), space=space, neutral=neutral)


def between(default: T, low: float, high: float, *, space: Declared | None = None, neutral: Neutral | None = None) -> T:
    """Declare a number in [low, high], or a tuple of such numbers."""
    return within(default, Range(low, high, closed="[]"), space=space, neutral=neutral)


def count(default: T, *, space: Declared | None = None, neutral: Neutral | None = None) -> T:
    """Declare a whole number of at least 1, or a tuple of such numbers."""
    return within(default, Range(1, closed="["), space=space, neutral=neutral)


def option(default: T, *, space: Declared | None = None, neutral: Neutral | None = None) -> T:
    """Declare a hyper-parameter without a range, such as true or false, that has a space or a neutral value."""
    declared: T = field(default=default, metadata={"space": resolve(space, default), "neutral": neutral})
    return declared


def _checked_space(default: Any, interval: Range, space: Declared | None) -> Space | None:
    found = resolve(space, default)
    for u in (0.0, 1.0) if found is not None else ():
        if found is not None and isinstance(end := found.at(u), int | float) and end not in interval:
            raise ValueError(f"the search space {found} reaches {end}, which is outside the range {interval}")
    return found


def fields_of(component: Any) -> dict[str, dataclasses.Field[Any]]:
    """Return the fields of a component or its class that are hyper-parameters, by name; empty unless it is a dataclass."""
    fields = dataclasses.fields(component) if dataclasses.is_dataclass(component) else ()
    return {f.name: f for f in fields if not f.metadata.get("part")}


def values(component: Any) -> dict[str, Any]:
    """Return the hyper-parameters of a component by name; empty unless it is a dataclass."""
    return {} if isinstance(component, type) else {name: getattr(component, name) for name in fields_of(component)}


def changed(component: Any) -> dict[str, Any]:
    """Return the hyper-parameters that differ from their defaults."""
    return {name: value for name, f in fields_of(component).items() if (value := getattr(component, name)) != _default(f)}


def types_of(cls: Any) -> dict[str, Any]:
    """Return the types of a class's annotations by name; empty where one cannot be resolved at run time."""
    try:
        return typing.get_type_hints(cls)
    except NameError:  # imported for type checkers only
        return {}


def build(cls: type[T], given: Mapping[str, Any], **parts: Any) -> T:
    """Return an instance of `cls`, with each hyper-parameter checked against its type and range.

    Values may come from a command line, TOML or JSON: an int is accepted for a float, a list for a tuple, and a single value
    for a tuple of one. The type of a hyper-parameter whose annotation cannot be resolved is not checked.

    Args:
        cls: the component's class.
        given: hyper-parameters by name; the others have their defaults.
        parts: other arguments of the constructor, such as the optimizer inside a wrapper.

    Raises:
        UsageError: an unknown hyper-parameter, a value of another type, or one outside its range.
    """
    name = getattr(cls, "name", cls.__name__)
    fields = fields_of(cls)
    adapters = _adapters(typing.cast("typing.Hashable", cls))
    arguments: dict[str, Any] = {}
    for key, value in given.items():
        if key not in fields:
            known = ", ".join(fields) or "none"
            raise UsageError(f"{name} has no hyper-parameter {key!r}{nearest(key, fields)} (it has: {known})")
        try:
            arguments[key] = _typed("none" if value is None and _has_none(cls, key) else value, adapters.get(key))
        except ValueError as error:
            interval = fields[key].metadata.get("range")
            in_range = f"; its range is {interval}" if interval else ""
            raise UsageError(f"{name}: {key} = {value!r} is not accepted: {error}{in_range}") from None
    try:
        component = cls(**arguments, **parts)
    except Exception as error:
        raise UsageError(f"{name} does not accept {arguments}: {error}") from error
    for key, value in values(component).items():
        if value is not None or fields[key].default is not None:
            _check_range(f"{name}: {key}", value, fields[key].metadata.get("range"))
    return component


def _has_none(cls: type[Any], name: str) -> bool:
    """Whether one of the texts that a hyper-parameter can be is "none", which a selection reads as None unless it is quoted."""
    return "none" in typing.get_args(types_of(cls).get(name))


@cache
def _adapters(cls: Any) -> dict[str, TypeAdapter[Any]]:
    """Return a validator for each hyper-parameter whose type is known; cached because they take long to construct."""
    from pydantic import TypeAdapter  # only processes that build components need it

    hints = types_of(cls)
    adapters = {}
    for name in fields_of(cls):
        if hints.get(name, Any) is Any:
            continue
        try:
            adapters[name] = TypeAdapter(hints[name])
        except Exception:  # noqa: BLE001, S112  # a plugin may use a type that pydantic knows nothing about
            continue
    return adapters


def _typed(value: Any, adapter: TypeAdapter[Any] | None) -> Any:
    """Return `value` as the declared type.

    Validation is strict, but by the rules of JSON: there is no tuple and one kind of number, and a text is never a number.

    Raises:
        ValueError: it is not of that type; the message says what is expected.
    """
    if adapter is None:
        return tuple(value) if isinstance(value, list) else value
    from pydantic import ValidationError

    try:
        text = json.dumps(value)
    except (TypeError, ValueError):
        raise ValueError("input should be a number, a text, true, false, none or a list of such values") from None
    try:
        return adapter.validate_json(text, strict=True)
    except ValidationError as error:
        if all(fault["type"] != "tuple_type" for fault in error.errors()) or isinstance(value, list | tuple):
            raise ValueError(_explained(error)) from None
    try:
        return adapter.validate_json(f"[{text}]", strict=True)
    except ValidationError as error:
        raise ValueError(_explained(error)) from None


def _explained(error: ValidationError) -> str:
    """Return what was expected, with the numbers of the items of a tuple that it applies to, counted from 1."""
    texts = []
    for fault in error.errors(include_url=False):
        items = [f"item {place + 1}: " for place in fault["loc"] if isinstance(place, int)]
        texts.append("".join(items) + fault["msg"][:1].lower() + fault["msg"][1:])
    return " or ".join(dict.fromkeys(texts))


def _check_range(where: str, value: Any, interval: Range | None) -> None:
    for item in value if isinstance(value, tuple) else (value,):
        number = isinstance(item, int | float) and not isinstance(item, bool)
        if number and not math.isfinite(item):
            raise UsageError(f"{where} = {item} is not finite; use a number in {interval or Range()}")
        if interval is not None and (not number or item not in interval):
            raise UsageError(f"{where} = {item!r} is outside its range {interval}")


def _default(f: dataclasses.Field[Any]) -> Any:
    return f.default_factory() if f.default_factory is not dataclasses.MISSING else f.default
