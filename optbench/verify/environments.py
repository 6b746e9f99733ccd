"""What differs between the fingerprints of two environments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from optbench.core.errors import shown
from optbench.core.specs import canonical

_DEEPEST = 3
"""Levels of a fingerprint that are compared key by key; what is below is compared as a whole."""
_NONE = "none"


@dataclass(frozen=True)
class Change:
    """A key of the fingerprint that two environments differ in.

    Attributes:
        name: the key, such as `numpy` or `blas 1 version`.
        then: the value in the first environment, "none" where it has none. Of lists, what only the first has.
        now: the same of the second.
    """

    name: str
    then: str
    now: str

    def words(self, sides: tuple[str, str]) -> str:
        """Return both values in words."""
        return f"{self.name}: {_short(self.then)} {sides[0]}, {_short(self.now)} {sides[1]}"


def changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return each key in which two fingerprints differ, with both values."""
    if bool(then) != bool(now):
        return (Change("environment", *("recorded" if one else "not recorded" for one in (then, now))),)
    return tuple(_differing("", then, now, _DEEPEST))


def _differing(name: str, then: Any, now: Any, depth: int) -> Iterator[Change]:
    if then == now:
        return
    one, two = _parts(then), _parts(now)
    if depth and one is not None and two is not None:
        for key in dict.fromkeys((*one, *two)):
            yield from _differing(f"{name} {key}".strip(), one.get(key), two.get(key), depth - 1)
    elif _are_texts(then) and _are_texts(now):
        yield Change(name, _listed(then, now), _listed(now, then))
    else:
        yield Change(name, _written(then), _written(now))


def _parts(value: Any) -> dict[str, Any] | None:
    """Return the members of a mapping, or of a list of mappings by their place; None of another value."""
    if isinstance(value, Mapping):
        return {str(key): one for key, one in value.items()}
    if isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
        return {str(place): one for place, one in enumerate(value, 1)}
    return None


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _listed(ours: list[str], others: list[str]) -> str:
    """Return what only the first list has; where it is a matter of order, all of it."""
    own = [one for one in ours if one not in others]
    return ", ".join(own if set(ours) != set(others) else ours) or _NONE


def _written(value: Any) -> str:
    if value is None:
        return _NONE
    return value if isinstance(value, str) else canonical(value)


def _short(text: str) -> str:
    short = shown(text)
    return text if short == repr(text) else short
