"""The reasons for which a model's answer is rejected.

The checks see letters, words and punctuation, not meaning. A pair that passes them may still be untrue, ungrammatical, off the
topic, or have two right answers; only a reader can tell.
"""

from __future__ import annotations

import re
from enum import StrEnum

from optbench.core.turkish import fold, folds
from optbench.curation.characters import has_invisible
from optbench.curation.generation.exchange import FIELDS, Exchange
from optbench.curation.generation.language import is_question_in, is_text_in, words
from optbench.curation.generation.prompts import SYSTEM
from optbench.curation.similarity import NEAR, grams, jaccard
from optbench.data.rows import LONGEST

FEWEST_WORDS = 2
"""Of a question; an answer may be a single number or name."""
MOST_WORDS = 60
"""Of a question or an answer, which the prompt asks to be a single sentence."""
_LABELS = (*FIELDS, "answer", "correct answer", "incorrect answer", "soru", "cevap", "doğru cevap", "yanlış cevap")
_LABEL = re.compile(rf"(?:{'|'.join(map(re.escape, _LABELS))})\s*(?::|$)")
_PAUSE = re.compile(r"[.,;:!?](?=\s)")  # not the point of a number
_RULES = frozenset(fold(rule.removeprefix("- ")) for line in SYSTEM.splitlines() for rule in re.split(r"(?<=\.) ", line))


class Refusal(StrEnum):
    """Why an answer is rejected."""

    SCHEMA = "schema"
    TRUNCATED = "truncated"
    EMPTY = "empty"
    LINE_BREAK = "line-break"  # or another character that nobody sees
    LONG = "too-long"
    ECHO = "prompt-echo"
    WORDS = "word-count"
    MARK = "no-question-mark"
    QUESTION = "question-as-answer"
    ALIKE = "answers-alike"
    OVERLAP = "answers-overlap"
    LANGUAGE = "other-language"
    REPEATED = "repeated"
    NEAR = "near-duplicate"


class Questions:
    """The earlier questions, with which a new one is compared."""

    def __init__(self) -> None:
        self._folded: set[str] = set()
        self._grams: list[frozenset[str]] = []

    def add(self, question: str) -> None:
        """Add a question."""
        self._folded |= folds(question)
        self._grams.append(grams(question))

    def repeated(self, question: str) -> Refusal | None:
        """Return `REPEATED` or `NEAR` if there is an equal or a similar question, else None."""
        if folds(question) & self._folded:
            return Refusal.REPEATED
        new = grams(question)
        return Refusal.NEAR if any(jaccard(new, old) >= NEAR for old in self._grams) else None


def defect(exchange: Exchange, language: str) -> Refusal | None:
    """Return the first check that an exchange fails by itself, whatever the earlier ones are, or None.

    Args:
        exchange: the question and both answers.
        language: that of the texts; its letters and words are checked if it is `tr`.
    """
    return _form(exchange) or _content(exchange) or _language(exchange, language)


def _form(exchange: Exchange) -> Refusal | None:
    texts = _texts(exchange)
    if not all(texts):
        return Refusal.EMPTY
    if any(map(has_invisible, texts)):
        return Refusal.LINE_BREAK
    return Refusal.LONG if max(map(len, texts)) > LONGEST else None


def _content(exchange: Exchange) -> Refusal | None:
    question, right, wrong = _texts(exchange)
    if any(map(_is_echo, (question, right, wrong))):
        return Refusal.ECHO
    counts = [len(words(text)) for text in (question, right, wrong)]
    if counts[0] < FEWEST_WORDS or min(counts) == 0 or max(counts) > MOST_WORDS:
        return Refusal.WORDS
    if not question.rstrip(" \"'”»)").endswith(("?", "？", "؟")):  # also of Chinese and Arabic
        return Refusal.MARK
    if any(fold(question) in fold(answer) for answer in (right, wrong)):
        return Refusal.QUESTION
    if folds(right) & folds(wrong):
        return Refusal.ALIKE
    one, other = (f" {_PAUSE.sub('', fold(answer))} " for answer in (right, wrong))
    return Refusal.OVERLAP if one in other or other in one else None


def _language(exchange: Exchange, language: str) -> Refusal | None:
    question, *answers = _texts(exchange)
    accepted = is_question_in(language, question) and all(is_text_in(language, answer) for answer in answers)
    return None if accepted else Refusal.LANGUAGE


def _is_echo(text: str) -> bool:
    """Whether a text is a field's name, begins with one as a label, or is a sentence of the prompt."""
    folded = fold(text)
    return bool(_LABEL.match(text.strip().lower())) or "_answer" in folded or folded in _RULES


def _texts(exchange: Exchange) -> tuple[str, str, str]:
    return exchange.question, exchange.correct_answer, exchange.incorrect_answer
