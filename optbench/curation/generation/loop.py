"""Generating pairs until there are enough, continuing where an earlier call stopped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from optbench.core.errors import MissingExtra, OptbenchError, UsageError
from optbench.curation.generation.acceptance import Refusal
from optbench.curation.generation.exchange import FIELDS, Exchange, parse
from optbench.curation.generation.journal import Journal, Record
from optbench.curation.generation.recipe import History, Recipe
from optbench.curation.generation.resuming import check_same

if TYPE_CHECKING:
    from optbench.curation.generation.client import Answer, Identity, Ollama

ATTEMPTS = 8
"""The number of attempts after which a pair is given up."""
MOST_GIVEN_UP = 10
"""The number of consecutive pairs given up after which generation ends: topics are exhausted, or the model is unsuitable."""


@dataclass
class Progress:
    """The numbers of pairs that are wanted, written and given up, and of answers rejected."""

    wanted: int = 0
    written: int = 0
    given_up: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """Rejected answers, by reason."""

    @property
    def not_requested(self) -> int:
        """Pairs that were not requested."""
        return max(0, self.wanted - self.written - self.given_up)


def connect(host: str, timeout: float, on_wait: Callable[[str, float], None] = lambda _reason, _seconds: None) -> Ollama:
    """Return a client of the server at `host`, which is not contacted yet.

    Raises:
        MissingExtra: the client is not installed.
        UsageError: the host is not an address.
    """
    try:
        from optbench.curation.generation.client import Ollama  # needs an extra
    except ModuleNotFoundError as error:
        if error.name not in {"ollama", "httpx"}:
            raise
        raise MissingExtra("generating pairs needs the client of Ollama: pip install 'optbench[generate]'") from error
    return Ollama(host, timeout, on_wait=on_wait)


def generate(
    recipe: Recipe, n: int, path: Path, server: Ollama, watch: Callable[[Progress], None] = lambda _progress: None
) -> Progress:
    """Write pairs 0 to n - 1 to `path`, except those that it already has; of one that is given up, no texts are written.

    Args:
        recipe: what determines the requests.
        n: the number of pairs.
        path: the file of pairs.
        server: the client.
        watch: called with the progress after each answer.

    Raises:
        OptbenchError: the server does not answer, or refuses the request; pairs that are written are kept.
        DataError: the file was generated with another recipe or model; the message names the row.
    """
    identity = server.identity(recipe.model)
    with Journal(path) as journal:
        generator = _Generator(recipe, identity, server, watch)
        generator.resume(journal)
        journal.drop_incomplete()
        progress = generator.progress
        first = progress.written + progress.given_up
        progress.wanted = max(n, first)
        watch(progress)
        for index in range(first, n):
            try:
                record = generator.pair(index)
                journal.append(record)
            except OptbenchError as error:
                kept = f"{progress.written} of {n} pairs are in {path}, and the same command continues from there"
                raise type(error)(f"{error}; {kept}") from error
            generator.count(record)
            # A call that continues after so many stops after as many again, wherever the earlier one was interrupted.
            if record.pair is None and generator.consecutive % MOST_GIVEN_UP == 0:
                break
    return progress


class _Generator:
    """Requests pairs, checks them and counts the outcomes."""

    def __init__(self, recipe: Recipe, identity: Identity, server: Ollama, watch: Callable[[Progress], None]) -> None:
        self._recipe, self._identity, self._server, self._watch = recipe, identity, server, watch
        self._history = History()
        self.progress = Progress()
        self.consecutive = 0
        """The number of pairs given up since the last one that was written."""

    def resume(self, journal: Journal) -> None:
        """Read the pairs of an earlier call.

        Raises:
            DataError: a pair is not what this call would have requested.
        """
        for row, record in enumerate(journal.records, start=1):
            ask = self._recipe.ask(record.index, record.attempt, self._history)
            check_same(record, ask, self._identity.digest, self._recipe.language, f"{journal.path}, row {row}")
            self.progress.refused.update(record.refused)
            # In files of earlier versions a number is missing for each pair that was given up.
            self.progress.given_up = record.index - self.progress.written
            self._add(record)

    def count(self, record: Record) -> None:
        """Count a pair that was written or given up."""
        self._add(record)
        self._watch(self.progress)

    def pair(self, index: int) -> Record:
        """Request a pair until an answer is accepted, or until it is given up."""
        refused: Counter[str] = Counter()
        exchange: Exchange | None = None
        for attempt in range(1, ATTEMPTS + 1):
            ask = self._recipe.ask(index, attempt, self._history)
            asked = _now()
            answer = self._server.chat(self._recipe.model, ask)
            answered = _now()
            exchange, reason = self._checked(answer)
            if not reason:
                break
            refused[reason] += 1
            self.progress.refused[reason] += 1
            self._watch(self.progress)
        return Record(
            index=index,
            **dict.fromkeys(FIELDS) if exchange is None else dict(exchange),
            **vars(ask),
            language=self._recipe.language,
            model=self._recipe.model,
            model_digest=self._identity.digest,
            ollama_version=self._same_model(),
            asked=asked,
            answered=answered,
            attempt=attempt,
            refused=refused,
            done_reason=answer.done_reason,
            prompt_tokens=answer.prompt_tokens,
            answer_tokens=answer.answer_tokens,
        )

    def _checked(self, answer: Answer) -> tuple[Exchange | None, Refusal | None]:
        """Return the exchange, if it is accepted, or why it is not."""
        exchange = parse(answer.text)
        if exchange is None:
            return None, Refusal.TRUNCATED if answer.truncated else Refusal.SCHEMA
        reason = self._history.refusal(exchange, self._recipe.language)
        return (None if reason else exchange), reason

    def _add(self, record: Record) -> None:
        if record.pair:
            self._history.add(record.topic, record.pair.question)
            self.progress.written += 1
            self.consecutive = 0
        else:
            self.progress.given_up += 1
            self.consecutive += 1

    def _same_model(self) -> str:
        """Return the server's version, after checking that the model still has the same weights."""
        now = self._server.identity(self._recipe.model)
        if now.digest != self._identity.digest:
            digests = f"digest {self._identity.digest[:12]}, now {now.digest[:12]}"
            raise UsageError(f"the model {self._recipe.model} has changed ({digests})")
        return now.version


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
