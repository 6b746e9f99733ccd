"""Making pairs until there are enough, from where an earlier call stopped."""

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
"""So often a pair is asked for; then it is given up."""
ENOUGH = 10
"""So many pairs given up one after another are the end: the topics are exhausted, or the model cannot do it."""
_MADE_BY = {
    "model_digest": "another model (--model)",
    "seed": "another --seed",
    "topic": "other --topics",
    "options": "another --temperature",
    "format_sha256": "another version of optbench (the form of the answers)",
    "prompt": "another prompt, or lines before it were changed",
}


@dataclass
class Tally:
    """How far the file is."""

    wanted: int = 0
    made: int = 0
    given_up: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """Answers that were not taken, by reason."""

    @property
    def untried(self) -> int:
        """Pairs that were not asked for."""
        return max(0, self.wanted - self.made - self.given_up)


def connect(host: str, timeout: float, on_wait: Callable[[str, float], None] = lambda _why, _seconds: None) -> Ollama:
    """Return a server to ask, which need not be there yet.

    Raises:
        MissingExtra: the client is not installed.
        UsageError: the host is no address.
    """
    try:
        from optbench.curation.generation.client import Ollama  # an extra
    except ModuleNotFoundError as error:
        if error.name not in {"ollama", "httpx"}:
            raise
        raise MissingExtra("generating needs the client of Ollama: pip install 'optbench[generate]'") from error
    return Ollama(host, timeout, on_wait=on_wait)


def generate(recipe: Recipe, n: int, path: Path, server: Ollama, watch: Callable[[Tally], None] = lambda _tally: None) -> Tally:
    """Write pairs number 0 to n - 1 to `path`, but for those that are there; a pair that is given up is left out.

    Args:
        recipe: what is asked.
        n: how many pairs are asked for.
        path: the file of pairs.
        server: who is asked.
        watch: is told how far it is, after each answer.

    Raises:
        OptbenchError: the server does not answer, or cannot; what is written stays.
        DataError: the file was made by another recipe or model; the message names the row.
    """
    identity = server.identity(recipe.model)
    with Journal(path) as journal:
        maker = _Maker(recipe, identity, server, watch)
        maker.recall(journal)
        journal.drop_torn()
        tally = maker.tally
        first = tally.made + tally.given_up
        tally.wanted = max(n, first)
        watch(tally)
        in_a_row = 0
        for index in range(first, n):
            try:
                record = maker.pair(index)
                if record:
                    journal.append(record)
            except OptbenchError as error:
                stays = f"{tally.made} of {n} pairs are in {path}, and the same command goes on from there"
                raise OptbenchError(f"{error}; {stays}") from error
            maker.note(record)
            in_a_row = 0 if record else in_a_row + 1
            if in_a_row == ENOUGH:
                break
    return tally


class _Maker:
    """Asks for pairs and judges them."""

    def __init__(self, recipe: Recipe, identity: Identity, server: Ollama, watch: Callable[[Tally], None]) -> None:
        self._recipe, self._identity, self._server, self._watch = recipe, identity, server, watch
        self._history = History()
        self.tally = Tally()

    def recall(self, journal: Journal) -> None:
        """Go through what an earlier call wrote, which must be what this one would have."""
        for row, record in enumerate(journal.records, start=1):
            ask = self._recipe.ask(record.index, record.attempt, self._history)
            for name, expected in {"model_digest": self._identity.digest, **vars(ask)}.items():
                found = getattr(record, name)
                if found != expected:
                    values = f" ({found!s:.40}, here {expected!s:.40})" if isinstance(found, str | int) else ""
                    raise DataError(
                        f"{journal.path}, row {row}: it was made with {_MADE_BY[name]}{values}; "
                        "give the options that it was made with, or name another file with --out"
                    )
            self._history.add(record.topic, record.question)
            self.tally.refused.update(record.refused)
        self.tally.made = len(journal.records)
        if journal.records:
            self.tally.given_up = journal.records[-1].index + 1 - self.tally.made

    def note(self, record: Record | None) -> None:
        """Count a pair that was written, or one that was given up."""
        if record:
            self._history.add(record.topic, record.question)
        self.tally.made += record is not None
        self.tally.given_up += record is None
        self._watch(self.tally)

    def pair(self, index: int) -> Record | None:
        """Ask for a pair until an answer can be taken; return nothing where it is given up."""
        refused: Counter[str] = Counter()
        for attempt in range(1, ATTEMPTS + 1):
            ask = self._recipe.ask(index, attempt, self._history)
            asked = _now()
            exchange = parse(self._server.chat(self._recipe.model, ask))
            answered = _now()
            why = self._history.refusal(exchange)
            if exchange and not why:
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
            refused[str(why)] += 1
            self.tally.refused[str(why)] += 1
            self._watch(self.tally)
        return None

    def _same_model(self) -> str:
        """Return the server's version, after a look whether it still has the weights that were asked for."""
        now = self._server.identity(self._recipe.model)
        if now.digest != self._identity.digest:
            digests = f"digest {self._identity.digest[:12]}, now {now.digest[:12]}"
            raise OptbenchError(f"{self._recipe.model} is no longer the model that it was ({digests})")
        return now.version


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
