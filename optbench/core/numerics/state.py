"""The arrays in an optimizer's state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from optbench.core.numerics.layout import Array

StatePath: TypeAlias = tuple[str, ...]
"""Attribute names, keys and indices that lead from a state to an item in it."""


def state_leaves(state: Any) -> dict[StatePath, Any]:
    """Return what an optimizer's state is made of by its path: buffers, and everything that has no parts.

    Attributes (slots included), values of mappings and items of lists and tuples are searched. A view of a buffer counts as the
    buffer. An object that can be reached on several paths is returned once.
    """
    found: dict[StatePath, Any] = {}
    seen: dict[int, Any] = {}
    rest: list[tuple[StatePath, Any]] = [((), state)]
    while rest:
        path, item = rest.pop()
        while isinstance(item, np.ndarray) and isinstance(item.base, np.ndarray):
            item = item.base
        if id(item) in seen and not isinstance(item, bool | int | float | str | None):
            continue
        seen[id(item)] = item
        children = [] if isinstance(item, np.ndarray) else _children(item)
        if children:
            rest += [((*path, name), child) for name, child in children]
        else:
            found[path] = item
    return found


def _children(item: Any) -> list[tuple[str, Any]]:
    if isinstance(item, Mapping):
        return [(repr(key), value) for key, value in item.items()]
    if isinstance(item, list | tuple):
        return [(str(index), value) for index, value in enumerate(item)]
    slots = [name for cls in type(item).__mro__ for name in getattr(cls, "__slots__", ()) if hasattr(item, name)]
    return [*getattr(item, "__dict__", {}).items(), *((name, getattr(item, name)) for name in slots)]


def state_buffers(state: Any) -> dict[StatePath, Array]:
    """Return the buffers of an optimizer's state by their path, each once however many views of it there are."""
    return {path: leaf for path, leaf in state_leaves(state).items() if isinstance(leaf, np.ndarray)}


def state_arrays(state: Any) -> list[Array]:
    """Return the buffers of an optimizer's state, each once."""
    return list(state_buffers(state).values())


def state_bytes(state: Any) -> int:
    """Return the total size in bytes of the buffers of an optimizer's state."""
    return sum(array.nbytes for array in state_arrays(state))
