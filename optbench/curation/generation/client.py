"""The client of Ollama: requests, retries, and an explanation of each error. Needs the extra `generate`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar

import httpx
import ollama
from pydantic import BaseModel

from optbench.core.errors import OptbenchError, UsageError
from optbench.curation.generation.exchange import SCHEMA
from optbench.curation.generation.recipe import Ask

T = TypeVar("T")
PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds between the attempts of one request."""
_EXAMPLE = "http://127.0.0.1:11434"
_BUSY = 429
_MISSING = 404
_SERVER_FAULT = 500
_DAY = 86_400
_CONNECT = 10.0  # seconds after which a connection attempt fails


class OllamaError(OptbenchError):
    """Ollama does not answer, does not have the model, or refuses the request. Exit code 2: the server is the user's."""

    exit_code = 2


class _TransientError(OllamaError):
    """An error after which a retry may succeed."""


@dataclass(frozen=True)
class Identity:
    """The digest of the model's weights and the version of Ollama."""

    digest: str
    version: str


@dataclass(frozen=True)
class Answer:
    """What the model generated."""

    text: str
    done_reason: str | None
    """Why it ended: `stop`, or `length` if it was cut off; None if the server does not say."""
    prompt_tokens: int | None
    answer_tokens: int | None

    @property
    def truncated(self) -> bool:
        """Whether the answer was cut off after `num_predict` tokens, or at the end of the context."""
        return self.done_reason == "length"


class _Version(BaseModel):
    version: str


class _Client(ollama.Client):
    def version(self) -> str:
        """Return the server's version, for which the client has no method."""
        return self._request(_Version, "GET", "/api/version").version


class Ollama:
    """The server at `host`.

    Args:
        host: its address.
        timeout: seconds to wait for an answer, at most a day.
        sleep: waits between attempts.
        on_wait: called with the reason and the seconds before each wait.

    Raises:
        UsageError: the host or the timeout is not valid.
    """

    def __init__(
        self,
        host: str,
        timeout: float,
        *,
        sleep: Callable[[float], None] = time.sleep,
        on_wait: Callable[[str, float], None] = lambda _reason, _seconds: None,
    ) -> None:
        if not 0 < timeout <= _DAY:
            raise UsageError(f"--timeout {timeout:g} is outside its range (0, {_DAY}] seconds")
        self._host, self._timeout = host, timeout
        self._sleep, self._on_wait = sleep, on_wait
        self._answered = False  # requests are retried only after the server has answered once
        try:
            # the default of the client is to wait without limit
            self._client = _Client(host, timeout=httpx.Timeout(timeout, connect=min(timeout, _CONNECT)))
        except (ValueError, httpx.InvalidURL) as error:
            raise UsageError(f"--host {host!r} is not an address: {error}; an example is {_EXAMPLE}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.close()  # type: ignore[no-untyped-call]  # not typed in ollama

    def identity(self, model: str) -> Identity:
        """Return the digest of `model`, which is in `/api/tags` but not in `/api/show`, and the server's version.

        Raises:
            OllamaError: the server does not answer, does not have the model, or lists it without a digest.
        """
        version = self._with_retries(self._client.version)
        digests = {each.model: each.digest for each in self._with_retries(self._client.list).models}
        listed = next((name for name in (model, f"{model}:latest") if name in digests), None)
        if listed is None:
            raise self._missing(model)
        digest = digests[listed]
        if not digest:
            raise OllamaError(
                f"the server at {self._host} lists the model {listed!r} without a digest, so that it could not be recorded "
                "which weights wrote the texts; use a server that gives one in /api/tags, as Ollama does"
            )
        return Identity(digest, version)

    def chat(self, model: str, ask: Ask) -> Answer:
        """Return what the model generates.

        Raises:
            OllamaError: the server does not answer, no longer has the model, or refuses the request.
        """
        messages = [{"role": "system", "content": ask.prompt.system}, {"role": "user", "content": ask.prompt.user}]
        options = ask.options.model_dump()
        answer = self._with_retries(
            lambda: self._client.chat(model, messages, stream=False, format=SCHEMA, options=options), model
        )
        return Answer(answer.message.content or "", answer.done_reason, answer.prompt_eval_count, answer.eval_count)

    def _with_retries(self, request: Callable[[], T], model: str = "") -> T:
        """Send a request, and again after a pause if the error is transient; `model` is the one that it needs, if any."""
        pauses = iter(PAUSES)
        while True:
            try:
                return self._once(request, model)
            except _TransientError as error:
                pause = next(pauses, None)
                if pause is None or not self._answered:
                    raise
                reason = str(error)
            self._on_wait(reason, pause)
            self._sleep(pause)

    def _once(self, request: Callable[[], T], model: str) -> T:
        try:
            answer = request()
        except ollama.ResponseError as error:
            self._answered = True
            raise self._explain(error, model) from error
        except (httpx.ReadTimeout, httpx.WriteTimeout) as error:
            self._answered = True
            raise _TransientError(
                f"Ollama at {self._host} did not answer within {self._timeout:g} s; a longer --timeout may help"
            ) from error
        except httpx.UnsupportedProtocol as error:
            raise UsageError(f"--host {self._host!r}: {error}; an example is {_EXAMPLE}") from error
        except (ConnectionError, httpx.TransportError) as error:
            raise _TransientError(f"Ollama does not answer at {self._host}; start it with `ollama serve`") from error
        except (
            ValueError,
            TypeError,
            AttributeError,
            httpx.RequestError,
        ) as error:  # an answer in another format than Ollama's
            raise self._not_ollama(type(error).__name__) from error
        self._answered = True
        return answer

    def _explain(self, error: ollama.ResponseError, model: str) -> OllamaError:
        if error.status_code == _BUSY or error.status_code >= _SERVER_FAULT:
            return _TransientError(f"Ollama at {self._host} answers {error.status_code}: {error.error}")
        if error.status_code == _MISSING:
            return self._missing(model) if model else self._not_ollama("404 Not Found")
        return OllamaError(f"Ollama at {self._host} refuses the request, {error.status_code}: {error.error}")

    def _missing(self, model: str) -> OllamaError:
        return OllamaError(f"Ollama at {self._host} has no model {model!r}; run `ollama pull {model}`")

    def _not_ollama(self, answer: str) -> OllamaError:
        return OllamaError(f"the server at {self._host} does not answer as Ollama does ({answer}); choose another with --host")
