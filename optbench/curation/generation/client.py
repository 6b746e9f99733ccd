"""Talking to Ollama: what is asked, how long is waited, and what each fault means. Needs the extra `generate`."""

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
"""Seconds between the tries of one request."""
_SUCH_AS = "http://127.0.0.1:11434"
_BUSY = 429
_MISSING = 404
_SERVER_FAULT = 500
_DAY = 86_400
_CONNECT = 10.0  # seconds in which a machine on the network says that it is there


class OllamaError(OptbenchError):
    """Ollama is not there, has not the model, or refuses what it was asked."""


class _PassingError(OllamaError):
    """A fault that may be gone after a while."""


@dataclass(frozen=True)
class Identity:
    """Which weights answer, and through which Ollama."""

    digest: str
    version: str


class _Version(BaseModel):
    version: str


class _Client(ollama.Client):
    def version(self) -> str:
        """Return the server's version, for which the client has no method."""
        return self._request(_Version, "GET", "/api/version").version


class Ollama:
    """A server at `host`; `sleep` waits between tries, and `on_wait` is told why and how long."""

    def __init__(
        self,
        host: str,
        timeout: float,
        *,
        sleep: Callable[[float], None] = time.sleep,
        on_wait: Callable[[str, float], None] = lambda _why, _seconds: None,
    ) -> None:
        if not 0 < timeout <= _DAY:
            raise UsageError(f"--timeout {timeout:g} is no time to wait; give seconds, above 0 and at most {_DAY}")
        self._host, self._timeout = host, timeout
        self._sleep, self._on_wait = sleep, on_wait
        self._heard = False  # a server that never answered is not waited for
        try:
            # the client's own default is to wait for ever
            self._client = _Client(host, timeout=httpx.Timeout(timeout, connect=min(timeout, _CONNECT)))
        except (ValueError, httpx.InvalidURL) as error:
            raise UsageError(f"--host {host!r} is no address: {error}; such as {_SUCH_AS}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.close()  # type: ignore[no-untyped-call]  # ollama has no types there

    def identity(self, model: str) -> Identity:
        """Return the digest of `model`, which `/api/tags` has and `/api/show` has not, and the server's version.

        Raises:
            OllamaError: the server does not answer, or has no such model.
        """
        version = self._patiently(self._client.version)
        digests = {each.model: each.digest for each in self._patiently(self._client.list).models}
        digest = digests.get(model) or digests.get(f"{model}:latest")
        if not digest:
            raise self._lacks(model)
        return Identity(digest, version)

    def chat(self, model: str, ask: Ask) -> str:
        """Return what the model writes.

        Raises:
            OllamaError: the server does not answer, has no such model any more, or refuses the request.
        """
        messages = [{"role": "system", "content": ask.prompt.system}, {"role": "user", "content": ask.prompt.user}]
        options = ask.options.model_dump()
        answer = self._patiently(
            lambda: self._client.chat(model, messages, stream=False, format=SCHEMA, options=options), model
        )
        return answer.message.content or ""

    def _patiently(self, request: Callable[[], T], model: str = "") -> T:
        """Make a request, again after a while where a fault may pass; one for `model` may be answered that there is none."""
        pauses = iter(PAUSES)
        while True:
            try:
                return self._once(request, model)
            except _PassingError as fault:
                pause = next(pauses, None)
                if pause is None or not self._heard:
                    raise
                why = str(fault)
            self._on_wait(why, pause)
            self._sleep(pause)

    def _once(self, request: Callable[[], T], model: str) -> T:
        try:
            answer = request()
        except ollama.ResponseError as error:
            self._heard = True
            raise self._explained(error, model) from error
        except (httpx.ReadTimeout, httpx.WriteTimeout) as error:
            self._heard = True
            raise _PassingError(
                f"Ollama at {self._host} did not answer within {self._timeout:g} s; a longer --timeout may help"
            ) from error
        except httpx.UnsupportedProtocol as error:
            raise UsageError(f"--host {self._host!r}: {error}; such as {_SUCH_AS}") from error
        except (ConnectionError, httpx.TransportError) as error:
            raise _PassingError(f"Ollama does not answer at {self._host}; start it with `ollama serve`") from error
        except (ValueError, TypeError, AttributeError, httpx.RequestError) as error:  # an answer that is not in Ollama's form
            raise self._stranger(type(error).__name__) from error
        self._heard = True
        return answer

    def _explained(self, error: ollama.ResponseError, model: str) -> OllamaError:
        if error.status_code == _BUSY or error.status_code >= _SERVER_FAULT:
            return _PassingError(f"Ollama at {self._host} answers {error.status_code}: {error.error}")
        if error.status_code == _MISSING:
            return self._lacks(model) if model else self._stranger("404 Not Found")
        return OllamaError(f"Ollama at {self._host} refuses the request, {error.status_code}: {error.error}")

    def _lacks(self, model: str) -> OllamaError:
        return OllamaError(f"Ollama at {self._host} has no model {model!r}; run `ollama pull {model}`")

    def _stranger(self, found: str) -> OllamaError:
        return OllamaError(f"what answers at {self._host} does not speak as Ollama does ({found}); --host names another")
