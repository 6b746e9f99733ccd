"""The form of a model's answer, and the reasons for which an answer is rejected."""

from __future__ import annotations

import unicodedata
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from optbench.core.specs import digest_of
from optbench.core.turkish import fold, folds
from optbench.curation.similarity import NEAR, grams, jaccard
from optbench.data.rows import LONGEST

_CONTROL = ("Cc", "Zl", "Zp")  # control characters, which include all line breaks of ASCII, and Unicode's line separators


class Exchange(BaseModel):
    """A question with a right and a wrong answer; its JSON schema is the `format` of every request."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, str_strip_whitespace=True)

    question: str
    correct_answer: str
    incorrect_answer: str


SCHEMA: dict[str, Any] = {name: value for name, value in Exchange.model_json_schema().items() if name != "description"}
"""The `format` of every request, without the docstring of the class."""
SCHEMA_SHA256 = digest_of(SCHEMA)


class Refusal(StrEnum):
    """Why an answer is rejected."""

    SCHEMA = "schema"
    EMPTY = "empty"
    LINE_BREAK = "line-break"
    LONG = "too-long"
    REPEATED = "repeated"
    NEAR = "near-duplicate"
    ALIKE = "answers-alike"


def has_control_character(text: str) -> bool:
    """Return whether `text` has a line break or another control character."""
    return any(unicodedata.category(character) in _CONTROL for character in text)


def parse(content: str) -> Exchange | None:
    """Return the exchange that the model wrote, or None if it does not match the schema."""
    try:
        return Exchange.model_validate_json(content)
    except ValidationError:
        return None


class Questions:
    """The earlier questions, with which a new one is compared."""

    def __init__(self) -> None:
        self._folded: set[str] = set()
        self._grams: list[frozenset[str]] = []

    def add(self, question: str) -> None:
        """Add a question."""
        self._folded |= folds(question)
        self._grams.append(grams(question))

    def refusal(self, exchange: Exchange | None) -> Refusal | None:
        """Return why an exchange is rejected, or None if it is accepted."""
        if exchange is None:
            return Refusal.SCHEMA
        return _invalid(exchange) or self._repeated(exchange.question)

    def _repeated(self, question: str) -> Refusal | None:
        if folds(question) & self._folded:
            return Refusal.REPEATED
        new = grams(question)
        return Refusal.NEAR if any(jaccard(new, old) >= NEAR for old in self._grams) else None


def _invalid(exchange: Exchange) -> Refusal | None:
    texts = (exchange.question, exchange.correct_answer, exchange.incorrect_answer)
    if not all(texts):
        return Refusal.EMPTY
    if any(map(has_control_character, texts)):
        return Refusal.LINE_BREAK
    if max(map(len, texts)) > LONGEST:
        return Refusal.LONG
    return Refusal.ALIKE if fold(exchange.correct_answer) == fold(exchange.incorrect_answer) else None
