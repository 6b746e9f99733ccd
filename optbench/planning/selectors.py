"""The two small languages of the command line: `adam[lr=1e-3,1e-2]|cosine`, and pytest's `-k` expressions over names.

selection = method { "|" method }                each after the first is a wrapper around all that stands before it
method    = name [ "[" parameter { "," parameter } "]" ]
parameter = key "=" value { "," value }          several values stand for several runs
value     = number | true | false | none | word | "(" value { "," value } [ "," ] ")"
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from optbench.core.errors import UsageError

_TOKEN = re.compile(r"\s*(?:(?P<word>[^\s\[\]()=,|'\"]+)|(?P<quoted>'[^']*'|\"[^\"]*\")|(?P<sign>[\[\]()=,|]))")
_WORDS: dict[str, Any] = {"true": True, "false": False, "none": None}
_INTEGER = re.compile(r"[+-]?\d+")
_LONGEST = 300
"""Digits of a whole number: a longer one fits no float, and Python refuses to read one of more than 4300."""


@dataclass(frozen=True)
class Selection:
    """A name and, for each hyper-parameter that was given, the values to run; the same for each wrapper around it."""

    name: str
    params: dict[str, list[Any]]
    wrappers: tuple[Selection, ...] = ()

    def combinations(self) -> Iterator[dict[str, Any]]:
        """Yield every combination of values; those of the wrappers are theirs."""
        for values in itertools.product(*self.params.values()):
            yield dict(zip(self.params, values, strict=True))


def parse_selection(text: str) -> Selection:
    """Parse `name[key=value,value,key=value]`, and wrappers of the same form behind it, each after a `|`.

    Raises:
        UsageError: it is not of that form; the message shows where.
    """
    try:
        return _Parser(text).selection()
    except RecursionError:
        raise UsageError(f"cannot read {text[:40]!r}...: its parentheses are nested too deeply") from None


class _Parser:
    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0

    def selection(self) -> Selection:
        first, *wrappers = self._methods()
        if self._text[self._at :].strip():
            raise self._error("the end")
        return Selection(first.name, first.params, tuple(wrappers))

    def _methods(self) -> Iterator[Selection]:
        yield self._method()
        while self._next_is("|"):
            self._sign("|")
            yield self._method()

    def _method(self) -> Selection:
        name = self._take("word", "a name")
        params: dict[str, list[Any]] = {}
        if self._next_is("["):
            self._sign("[")
            while not self._next_is("]"):
                key = self._take("word", "a hyper-parameter's name")
                if key in params:
                    raise self._error(f"{key!r} stands twice")
                self._sign("=")
                params[key] = [self._value()]
                while not self._next_is("]"):
                    self._sign(",")
                    if self._key_follows() or self._next_is("]"):
                        break
                    params[key].append(self._value())
            self._sign("]")
        return Selection(name, params)

    def _value(self) -> Any:
        if self._next_is("("):
            self._sign("(")
            items = []
            while not self._next_is(")"):
                items.append(self._value())
                if not self._next_is(")"):
                    self._sign(",")
            self._sign(")")
            return tuple(items)
        kind, token = self._token()
        if kind == "quoted":
            self._advance()
            return token[1:-1]
        return _literal(self._take("word", "a value"))

    def _match(self) -> re.Match[str] | None:
        return _TOKEN.match(self._text, self._at)

    def _token(self) -> tuple[str | None, str]:
        match = self._match()
        return (match.lastgroup, match.group(match.lastgroup)) if match and match.lastgroup else (None, "")

    def _advance(self) -> None:
        match = self._match()
        if match:
            self._at = match.end()

    def _next_is(self, sign: str) -> bool:
        return self._token() == ("sign", sign)

    def _key_follows(self) -> bool:
        match = self._match()
        after = _TOKEN.match(self._text, match.end()) if match and match.lastgroup == "word" else None
        return bool(after and after.group("sign") == "=")

    def _take(self, kind: str, wanted: str) -> str:
        found, token = self._token()
        if found != kind:
            raise self._error(wanted)
        self._advance()
        return token

    def _sign(self, sign: str) -> None:
        if not self._next_is(sign):
            raise self._error(repr(sign))
        self._advance()

    def _error(self, wanted: str) -> UsageError:
        return UsageError(
            f"cannot read {self._text!r}: expected {wanted} at character {self._at + 1}; "
            "the form is NAME[KEY=VALUE,VALUE], or NAME|WRAPPER",
        )


def quoted(text: str) -> str:
    """Write a text so that it is read back as itself: as it stands, or in quotes (with both kinds in it, as Python would)."""
    match = _TOKEN.fullmatch(text)
    if match and match["word"] == text and _literal(text) == text:
        return text
    return repr(text) if "'" in text and '"' in text else f'"{text}"' if "'" in text else f"'{text}'"


def _literal(word: str) -> Any:
    if word.lower() in _WORDS:
        return _WORDS[word.lower()]
    try:
        return int(word) if _INTEGER.fullmatch(word) and len(word) <= _LONGEST else float(word)
    except ValueError:
        return word


def parse_seeds(text: str) -> list[int]:
    """Parse `0-4` or `0,3,7-9` into sorted seeds without repetition.

    Raises:
        UsageError: it is not of that form, or a range runs backwards.
    """
    seeds: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,20})(?:\s*-\s*(\d{1,20}))?\s*", part)
        if not match:
            raise UsageError(f"cannot read the seeds {text[:60]!r}: expected whole numbers and ranges, such as 0-4 or 0,3,7-9")
        first = int(match[1])
        last = int(match[2]) if match[2] is not None else first
        if last < first or last - first >= 1_000_000 or last >= 2**63:  # noqa: PLR2004  # as the message says
            raise UsageError(
                f"the range of seeds {part.strip()!r} is empty or too long; write it upwards, below a million seeds"
            )
        seeds.update(range(first, last + 1))
    return sorted(seeds)


def parse_expression(text: str) -> Callable[[str], bool]:
    """Parse pytest's `-k` language: parts of names with `and`, `or`, `not` and parentheses; case makes no difference.

    Raises:
        UsageError: it is no such expression.
    """
    reader = _Expression(text)
    try:
        expression = reader.either()
        reader.end()
        expression("")  # it nests as deeply when it is asked
    except RecursionError:
        raise UsageError(f"cannot read -k '{text[:40]}...': it is nested too deeply") from None
    return expression


class _Expression:
    """Recursive descent: either = both {or both}; both = one {and one}; one = not one | ( either ) | part of a name."""

    _WORDS = ("and", "or", "not", ")", "(")

    def __init__(self, text: str) -> None:
        self._text = text
        self._left = re.findall(r"[()]|[^\s()]+", text)

    def either(self) -> Callable[[str], bool]:
        sides = [self._both()]
        while self._accept("or"):
            sides.append(self._both())
        return lambda name: any(side(name) for side in sides)

    def end(self) -> None:
        if self._left:
            raise self._error()

    def _both(self) -> Callable[[str], bool]:
        sides = [self._one()]
        while self._accept("and"):
            sides.append(self._one())
        return lambda name: all(side(name) for side in sides)

    def _one(self) -> Callable[[str], bool]:
        if self._accept("not"):
            inner = self._one()
            return lambda name: not inner(name)
        if self._accept("("):
            inner = self.either()
            if not self._accept(")"):
                raise self._error()
            return inner
        if not self._left or self._left[0] in self._WORDS:
            raise self._error()
        part = self._left.pop(0).lower()
        return lambda name: part in name.lower()

    def _accept(self, word: str) -> bool:
        found = self._left[:1] == [word]
        if found:
            self._left.pop(0)
        return found

    def _error(self) -> UsageError:
        return UsageError(f"cannot read -k {self._text!r}: expected names joined by 'and', 'or', 'not' and parentheses")
