"""Oracles: independent implementations that a component is tested against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Oracle:
    """An independent implementation of a method, and how closely ours agrees with it.

    A class declares its own as `oracles: ClassVar[tuple[Oracle, ...]]`, the one whose form it takes first.
    """

    implementation: str
    """Its import path, with arguments or a remark in parentheses where needed; the first part is the library."""
    tolerance: float = 1e-10
    """The largest difference of two weights after any step, relative to the largest weight of that step."""
    reason: str = ""
    """Why the tolerance is larger than 1e-10, where it is."""

    @property
    def library(self) -> str:
        """The name of the library."""
        return self.implementation.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.implementation}, to {self.tolerance:g}{f': {self.reason}' if self.reason else ''}"


def oracles_of(cls: type[Any]) -> tuple[Oracle, ...]:
    """Return the oracles that the class itself declares; a subclass is another method and inherits none."""
    declared: tuple[Oracle, ...] = vars(cls).get("oracles", ())
    return declared
