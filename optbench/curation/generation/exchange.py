"""What a model answers with, and the reasons for which an answer is refused."""

from __future__ import annotations

import unicodedata
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from optbench.core.specs import digest_of
from optbench.curation.similarity import NEAR, folded, grams, jaccard
from optbench.data.rows import LONGEST

_BREAKS = ("Cc", "Zl", "Zp")  # control characters, among them all that break a line, and the separators that Unicode adds


class Exchange(BaseModel):
    """A question with a right and a wrong answer; its JSON schema is the `format` that is sent."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, str_strip_whitespace=True)

    question: str
    correct_answer: str
    incorrect_answer: str


SCHEMA: dict[str, Any] = {name: value for name, value in Exchange.model_json_schema().items() if name != "description"}
"""The `format` of every request; the class's docstring is for people."""
SCHEMA_SHA256 = digest_of(SCHEMA)


class Refusal(StrEnum):
    """Why an answer is refused."""

    SCHEMA = "schema"
    EMPTY = "empty"
    LINE_BREAK = "line-break"
    LONG = "too-long"
    REPEATED = "repeated"
    NEAR = "near-duplicate"
    ALIKE = "answers-alike"


def breaks(text: str) -> bool:
    """Whether `text` has a line break or another control character."""
    return any(unicodedata.category(character) in _BREAKS for character in text)


def parse(content: str) -> Exchange | None:
    """Return what the model wrote, or nothing where it breaks the schema."""
    try:
        return Exchange.model_validate_json(content)
    except ValidationError:
        return None


class Questions:
    """The questions that were asked, against which a new one is held."""

    def __init__(self) -> None:
        self._folded: set[str] = set()
        self._grams: list[frozenset[str]] = []

    def add(self, question: str) -> None:
        """Remember a question."""
        self._folded.add(folded(question))
        self._grams.append(grams(question))

    def refusal(self, exchange: Exchange | None) -> Refusal | None:
        """Return why an answer cannot be taken, or nothing where it can."""
        if exchange is None:
            return Refusal.SCHEMA
        return _unfit(exchange) or self._repeats(exchange.question)

    def _repeats(self, question: str) -> Refusal | None:
        if folded(question) in self._folded:
            return Refusal.REPEATED
        new = grams(question)
        return Refusal.NEAR if any(jaccard(new, old) >= NEAR for old in self._grams) else None


def _unfit(exchange: Exchange) -> Refusal | None:
    texts = (exchange.question, exchange.correct_answer, exchange.incorrect_answer)
    if not all(texts):
        return Refusal.EMPTY
    if any(map(breaks, texts)):
        return Refusal.LINE_BREAK
    if max(map(len, texts)) > LONGEST:
        return Refusal.LONG
    return Refusal.ALIKE if _bare(exchange.correct_answer) == _bare(exchange.incorrect_answer) else None


def _bare(answer: str) -> str:
    return folded(answer).rstrip(".!? ")
