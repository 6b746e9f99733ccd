"""Checks of values that plugins put into report sections: a message states the rule and the value."""

from __future__ import annotations

import re
import reprlib
from numbers import Real
from typing import Any, get_args

from optbench.core.specs import Status

STATUSES: tuple[str, ...] = get_args(Status)
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


def require(holds: bool, rule: str, value: object) -> None:
    """Raise ValueError, with the rule and the value, unless the rule holds."""
    if not holds:
        raise ValueError(f"{rule}, not {reprlib.repr(value)}")


def plain_text(value: object, rule: str) -> str:
    """Return a string as a plain `str`: a subclass could declare itself safe to put into HTML.

    Raises:
        ValueError: it is no string.
    """
    if not isinstance(value, str):
        raise ValueError(f"{rule}, not {reprlib.repr(value)}")  # noqa: TRY004  # one kind of error for every rule
    return str.__str__(value)  # of the class `str` itself


def make_plain(part: Any, *names: str) -> None:
    """Replace attributes of a frozen `part` by plain strings, or raise ValueError."""
    for name in names:
        text = plain_text(getattr(part, name), f"the {name} of a {type(part).__name__} is a string")
        object.__setattr__(part, name, text)


def is_number(value: object) -> bool:
    """Whether `value` is a real number; True and False are none."""
    return isinstance(value, Real) and not isinstance(value, bool)


def is_colour(text: str) -> bool:
    """Whether `text` is a colour of the form `#rrggbb`."""
    return _COLOUR.fullmatch(text) is not None
