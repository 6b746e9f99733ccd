"""The request for each pair: a function of the command's options, the pair's number and the earlier pairs."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from optbench.core.errors import UsageError
from optbench.curation.generation.acceptance import Questions, Refusal, defect
from optbench.curation.generation.exchange import SCHEMA_SHA256, Exchange
from optbench.curation.generation.prompts import SYSTEM, user_prompt

TOKENS = 512
"""The longest answer, in tokens: a model that must follow a schema may otherwise generate spaces without end."""
CONTEXT = 4096
"""The context, in tokens: the longest prompt has about a thousand, and Ollama's default depends on its version and memory."""
_HOTTEST = 2


class Prompt(BaseModel):
    """The messages that the model gets."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    system: str
    user: str


class Options(BaseModel):
    """The `options` of a request; all others are the model's defaults, which its digest covers."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    temperature: float
    seed: int
    num_predict: int
    num_ctx: int | None = None
    """None in a file of an earlier version of optbench, which did not send it."""


@dataclass(frozen=True)
class Ask:
    """One request; its fields are part of the record of the pair."""

    seed: int
    topic: str
    options: Options
    format_sha256: str
    prompt: Prompt


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What determines the texts, apart from the model's weights."""

    model: str
    topics: tuple[str, ...]
    seed: int = 1
    temperature: float = 0.8
    tokens: int = TOKENS
    language: str = "tr"
    """What the texts must be written in to be accepted; the prompts are Turkish."""

    def __post_init__(self) -> None:
        """Check the temperature and the number of tokens.

        Raises:
            UsageError: the temperature is outside [0, 2], or an answer and the prompt do not fit into the context.
        """
        if not 0 <= self.temperature <= _HOTTEST:
            raise UsageError(f"--temperature {self.temperature:g} is outside its range [0, {_HOTTEST}]")
        if not 1 <= self.tokens <= CONTEXT // 2:
            raise UsageError(f"--tokens {self.tokens} is outside its range [1, {CONTEXT // 2}], half of the context")

    def ask(self, index: int, attempt: int, history: History) -> Ask:
        """Return the request for pair `index`, counted from 0, and attempt `attempt`, counted from 1."""
        topic = self.topics[index % len(self.topics)]
        seed = attempt_seed(self.seed, topic, index, attempt)
        options = Options(temperature=self.temperature, seed=seed, num_predict=self.tokens, num_ctx=CONTEXT)
        prompt = Prompt(system=SYSTEM, user=user_prompt(topic, history.of(topic)))
        return Ask(self.seed, topic, options, SCHEMA_SHA256, prompt)


class History:
    """The pairs so far, in order: later prompts list them, and later questions must not repeat them."""

    def __init__(self) -> None:
        self._questions = Questions()
        self._by_topic: dict[str, list[str]] = defaultdict(list)

    def add(self, topic: str, question: str) -> None:
        """Add a pair."""
        self._questions.add(question)
        self._by_topic[topic].append(question)

    def of(self, topic: str) -> list[str]:
        """Return the questions on a topic, in order."""
        return self._by_topic[topic]

    def refusal(self, exchange: Exchange, language: str) -> Refusal | None:
        """Return why an exchange is rejected, or None if it is accepted."""
        return defect(exchange, language) or self._questions.repeated(exchange.question)


def attempt_seed(seed: int, topic: str, index: int, attempt: int) -> int:
    """Return the seed of the sampler: 31 bits of a SHA-256, since Ollama ignores a negative seed."""
    digest = hashlib.sha256(f"{seed}\n{topic}\n{index}\n{attempt}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
