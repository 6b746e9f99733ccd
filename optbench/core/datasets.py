"""The names of datasets: a base, and the number of a division of its rows."""

from __future__ import annotations

import re

_SPLIT = re.compile(r"(?:\[split=(\d+)\]|,split=(\d+)\])$")


def split_of(name: str) -> int:
    """Return which division of the rows a name stands for: 3 for `digits[split=3]`, 0 for the frozen one."""
    match = _SPLIT.search(name)
    return int(match[1] or match[2]) if match else 0


def without_split(name: str) -> str:
    """Return the name of the frozen division: `teacher[kappa=1e6]` for `teacher[kappa=1e6,split=3]`."""
    match = _SPLIT.search(name)
    if not match:
        return name
    return name[: match.start()] + ("]" if match[2] else "")


def with_split(name: str, split: int) -> str:
    """Return the name of another division of the same rows."""
    base = without_split(name)
    if not split:
        return base
    return f"{base[:-1]},split={split}]" if base.endswith("]") else f"{base}[split={split}]"
