"""Generating pairs until there are enough, continuing where an earlier call stopped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from optbench.core.errors import DataError, MissingExtra, OptbenchError
from optbench.curation.generation.exchange import parse
from optbench.curation.generation.journal import Journal, Record
from optbench.curation.generation.recipe import History, Recipe

if TYPE_CHECKING:
    from optbench.curation.generation.client import Identity, Ollama

ATTEMPTS = 8
"""The number of attempts after which a pair is given up."""
MOST_GIVEN_UP = 10
"""The number of consecutive pairs given up after which generation ends: topics are exhausted, or the model is unsuitable."""
_DIFFERENCES = {
    "model_digest": "another model (--model)",
    "seed": "another --seed",
    "topic": "other --topics",
    "options": "another --temperature",
    "format_sha256": "another version of optbench (another schema of answers)",
    "prompt": "another prompt, or earlier lines were changed",
}


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
    """Write pairs 0 to n - 1 to `path`, except those that it already has; a pair that is given up is left out.

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
        consecutive = 0
        for index in range(first, n):
            try:
                record = generator.pair(index)
                if record:
                    journal.append(record)
            except OptbenchError as error:
                kept = f"{progress.written} of {n} pairs are in {path}, and the same command continues from there"
                raise OptbenchError(f"{error}; {kept}") from error
            generator.count(record)
            consecutive = 0 if record else consecutive + 1
            if consecutive == MOST_GIVEN_UP:
                break
    return progress


class _Generator:
    """Requests pairs, checks them and counts the outcomes."""

    def __init__(self, recipe: Recipe, identity: Identity, server: Ollama, watch: Callable[[Progress], None]) -> None:
        self._recipe, self._identity, self._server, self._watch = recipe, identity, server, watch
        self._history = History()
        self.progress = Progress()

    def resume(self, journal: Journal) -> None:
        """Read the pairs of an earlier call.

        Raises:
            DataError: a pair is not what this call would have requested.
        """
        for row, record in enumerate(journal.records, start=1):
            ask = self._recipe.ask(record.index, record.attempt, self._history)
            for name, expected in {"model_digest": self._identity.digest, **vars(ask)}.items():
                actual = getattr(record, name)
                if actual != expected:
                    values = f" ({actual!s:.40}, here {expected!s:.40})" if isinstance(actual, str | int) else ""
                    raise DataError(
                        f"{journal.path}, row {row}: it was generated with {_DIFFERENCES[name]}{values}; "
                        "use the same options, or choose another file with --out"
                    )
            self._history.add(record.topic, record.question)
            self.progress.refused.update(record.refused)
        self.progress.written = len(journal.records)
        if journal.records:
            self.progress.given_up = journal.records[-1].index + 1 - self.progress.written

    def count(self, record: Record | None) -> None:
        """Count a pair that was written, or one that was given up (None)."""
        if record:
            self._history.add(record.topic, record.question)
        self.progress.written += record is not None
        self.progress.given_up += record is None
        self._watch(self.progress)

    def pair(self, index: int) -> Record | None:
        """Request a pair until an answer is accepted; return None if it is given up."""
        refused: Counter[str] = Counter()
        for attempt in range(1, ATTEMPTS + 1):
            ask = self._recipe.ask(index, attempt, self._history)
            asked = _now()
            exchange = parse(self._server.chat(self._recipe.model, ask))
            answered = _now()
            reason = self._history.refusal(exchange)
            if exchange and not reason:
                return Record(
                    index=index,
                    **dict(exchange),
                    **vars(ask),
                    model=self._recipe.model,
                    model_digest=self._identity.digest,
                    ollama_version=self._same_model(),
                    asked=asked,
                    answered=answered,
                    attempt=attempt,
                    refused=refused,
                )
            refused[str(reason)] += 1
            self.progress.refused[str(reason)] += 1
            self._watch(self.progress)
        return None

    def _same_model(self) -> str:
        """Return the server's version, after checking that the model still has the same weights."""
        now = self._server.identity(self._recipe.model)
        if now.digest != self._identity.digest:
            digests = f"digest {self._identity.digest[:12]}, now {now.digest[:12]}"
            raise OptbenchError(f"the model {self._recipe.model} has changed ({digests})")
        return now.version


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
