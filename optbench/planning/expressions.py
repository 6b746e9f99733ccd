"""The language of `-k`, which is that of pytest: parts of names, joined by `and`, `or`, `not` and parentheses.

expression = both { "or" both }
both       = one { "and" one }
one        = "not" one | "(" expression ")" | part of a name
"""

from __future__ import annotations

import re
from collections.abc import Callable

from optbench.core.errors import UsageError

Matcher = Callable[[str], bool]
"""Whether a name matches."""


def parse_expression(text: str) -> Matcher:
    """Return the function that an expression stands for; upper and lower case are the same.

    Raises:
        UsageError: the text is not an expression, or it is nested too deeply.
    """
    parser = _Parser(text)
    try:
        matcher = parser.expression()
        parser.end()
        matcher("")  # evaluation recurses as deeply as parsing does
    except RecursionError:
        raise UsageError(f"cannot read -k '{text[:40]}...': it is nested too deeply") from None
    return matcher


class _Parser:
    """A recursive-descent parser: one method per rule of the grammar."""

    _RESERVED = ("and", "or", "not", ")", "(")

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = re.findall(r"[()]|[^\s()]+", text)

    def expression(self) -> Matcher:
        sides = [self._both()]
        while self._accept("or"):
            sides.append(self._both())
        return lambda name: any(side(name) for side in sides)

    def end(self) -> None:
        if self._tokens:
            raise self._error()

    def _both(self) -> Matcher:
        sides = [self._one()]
        while self._accept("and"):
            sides.append(self._one())
        return lambda name: all(side(name) for side in sides)

    def _one(self) -> Matcher:
        if self._accept("not"):
            inner = self._one()
            return lambda name: not inner(name)
        if self._accept("("):
            inner = self.expression()
            if not self._accept(")"):
                raise self._error()
            return inner
        if not self._tokens or self._tokens[0] in self._RESERVED:
            raise self._error()
        part = self._tokens.pop(0).lower()
        return lambda name: part in name.lower()

    def _accept(self, token: str) -> bool:
        accepted = self._tokens[:1] == [token]
        if accepted:
            self._tokens.pop(0)
        return accepted

    def _error(self) -> UsageError:
        return UsageError(f"cannot read -k {self._text!r}: expected names joined by 'and', 'or', 'not' and parentheses")
