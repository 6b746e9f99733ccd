"""Selections as users write them: `adam[lr=1e-3,1e-2]|cosine`, and seeds such as `0-4`.

selection = component { "|" component }          each after the first is a wrapper around all before it
component = name [ "[" parameter { "," parameter } "]" ]
parameter = key "=" value { "," value }          several values select several runs
value     = number | true | false | none | word | quoted text | "(" value { "," value } [ "," ] ")"
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from optbench.core.errors import UsageError

_TOKEN = re.compile(r"\s*(?:(?P<word>[^\s\[\]()=,|'\"]+)|(?P<quoted>'[^']*'|\"[^\"]*\")|(?P<sign>[\[\]()=,|]))")
_WORDS: dict[str, Any] = {"true": True, "false": False, "none": None}
_INTEGER = re.compile(r"[+-]?\d+")
_MOST_DIGITS = 300
"""Of an integer: a longer one exceeds every float, and Python refuses to parse one of more than 4300 digits."""
_MOST_SEEDS = 1_000_000
_LARGEST_SEED = 2**63 - 1


@dataclass(frozen=True)
class Selection:
    """A component's name and, for each hyper-parameter that is named, the values to run; the same for each wrapper."""

    name: str
    params: dict[str, list[Any]]
    wrappers: tuple[Selection, ...] = ()

    def combinations(self) -> Iterator[dict[str, Any]]:
        """Yield every combination of the component's own values, without those of its wrappers."""
        for values in itertools.product(*self.params.values()):
            yield dict(zip(self.params, values, strict=True))


def parse_selection(text: str) -> Selection:
    """Return the selection that `NAME[KEY=VALUE,VALUE]` stands for, with a wrapper of the same form after each `|`.

    Raises:
        UsageError: the text has another form; the message says at which character.
    """
    try:
        return _Parser(text).selection()
    except RecursionError:
        raise UsageError(f"cannot read {text[:40]!r}...: its parentheses are nested too deeply") from None


def quoted(text: str) -> str:
    """Return a text as it is written in a selection: unchanged where it would be read back as itself, else in quotes."""
    match = _TOKEN.fullmatch(text)
    if match and match["word"] == text and _literal(text) == text:
        return text
    return repr(text) if "'" in text and '"' in text else f'"{text}"' if "'" in text else f"'{text}'"


def parse_seeds(text: str) -> list[int]:
    """Return the seeds that `0-4` or `0,3,7-9` stands for, sorted and without repetition.

    Raises:
        UsageError: the text has another form, or a range is empty or too long.
    """
    seeds: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,20})(?:\s*-\s*(\d{1,20}))?\s*", part)
        if not match:
            raise UsageError(f"cannot read the seeds {text[:60]!r}: expected whole numbers and ranges, such as 0-4 or 0,3,7-9")
        first = int(match[1])
        last = int(match[2]) if match[2] is not None else first
        if not first <= last < first + _MOST_SEEDS or last > _LARGEST_SEED:
            raise UsageError(
                f"the range of seeds {part.strip()!r} is empty or too long; a range has its least seed first, at most a "
                "million seeds, and none of 2**63 or more"
            )
        seeds.update(range(first, last + 1))
    return sorted(seeds)


class _Parser:
    """A recursive-descent parser: one method per rule of the grammar."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0

    def selection(self) -> Selection:
        first = self._component()
        wrappers = []
        while self._next_is("|"):
            self._expect("|")
            wrappers.append(self._component())
        if self._text[self._at :].strip():
            raise self._error("the end")
        return Selection(first.name, first.params, tuple(wrappers))

    def _component(self) -> Selection:
        name = self._word("a name")
        params: dict[str, list[Any]] = {}
        if self._next_is("["):
            self._expect("[")
            while not self._next_is("]"):
                self._parameter(params)
            self._expect("]")
        return Selection(name, params)

    def _parameter(self, params: dict[str, list[Any]]) -> None:
        """Read a parameter, and the comma behind it, into `params`."""
        key = self._word("the name of a hyper-parameter")
        if key in params:
            raise self._error(f"a name other than {key!r}, which occurs twice")
        self._expect("=")
        params[key] = [self._value()]
        while not self._next_is("]"):
            self._expect(",")
            if self._key_follows() or self._next_is("]"):
                break
            params[key].append(self._value())

    def _value(self) -> Any:
        if self._next_is("("):
            return self._tuple()
        kind, token = self._token()
        if kind == "quoted":
            self._advance()
            return token[1:-1]
        return _literal(self._word("a value"))

    def _tuple(self) -> tuple[Any, ...]:
        self._expect("(")
        items = []
        while not self._next_is(")"):
            items.append(self._value())
            if not self._next_is(")"):
                self._expect(",")
        self._expect(")")
        return tuple(items)

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

    def _word(self, expected: str) -> str:
        kind, token = self._token()
        if kind != "word":
            raise self._error(expected)
        self._advance()
        return token

    def _expect(self, sign: str) -> None:
        if not self._next_is(sign):
            raise self._error(repr(sign))
        self._advance()

    def _error(self, expected: str) -> UsageError:
        return UsageError(
            f"cannot read {self._text!r}: expected {expected} at character {self._at + 1}; "
            "the form is NAME[KEY=VALUE,VALUE], or NAME|WRAPPER",
        )


def _literal(word: str) -> Any:
    """Return the number or constant that a word stands for, or the word itself."""
    if word.lower() in _WORDS:
        return _WORDS[word.lower()]
    try:
        return int(word) if _INTEGER.fullmatch(word) and len(word) <= _MOST_DIGITS else float(word)
    except ValueError:
        return word
