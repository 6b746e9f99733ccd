"""A server that speaks the wire format of Ollama as far as `optbench data generate` uses it, and fails on request.

Written after its openapi.yaml: POST /api/chat without streaming, GET /api/tags, GET /api/version; errors are {"error": ...}.
"""

from __future__ import annotations

import hashlib
import json
import socket
import struct
import threading
from collections import defaultdict, deque
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

MODEL = "gemma2:9b"
DIGEST = hashlib.sha256(b"weights").hexdigest()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # as Ollama: a connection serves many requests
    disable_nagle_algorithm = True  # else a head waits 40 ms for its body
    ollama: OllamaServer

    def setup(self) -> None:
        super().setup()
        self.ollama.connections.add(self.connection)

    def finish(self) -> None:
        self.ollama.connections.discard(self.connection)
        super().finish()

    def do_GET(self) -> None:
        self.respond({})

    def do_POST(self) -> None:
        self.respond(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def respond(self, body: dict[str, Any]) -> None:
        self.ollama.requests.append((f"{self.command} {self.path}", body))
        self.ollama.on_request()
        faults = self.ollama.faults[self.path]
        if faults:
            faults.popleft()(self, body)
        elif self.path == "/api/chat":
            self.chat(body, answer_of(body))
        elif self.path == "/api/tags":
            self.send({"models": [model(name, digest) for name, digest in self.ollama.models.items()]})
        elif self.path == "/api/version":
            self.send({"version": self.ollama.version})
        else:
            self.send({"error": "404 page not found"}, 404)

    def chat(self, body: dict[str, Any], content: str, done_reason: str = "stop") -> None:
        assert body["stream"] is False
        self.send(
            {
                "model": body["model"],
                "created_at": "2026-01-01T00:00:00.000000Z",
                "message": {"role": "assistant", "content": content},
                "done": True,
                "done_reason": done_reason,
                "total_duration": 5191566416,
                "load_duration": 2154458,
                "prompt_eval_count": 26,
                "prompt_eval_duration": 383809000,
                "eval_count": 298,
                "eval_duration": 4799921000,
            }
        )

    def send(self, body: object, status: int = 200) -> None:
        self.send_bytes(json.dumps(body).encode(), status)

    def send_bytes(self, content: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def hang_up(self) -> None:
        """Close the connection at once, with a reset and no answer."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for end in (self.rfile, self.wfile, self.connection):
            end.close()

    def log_message(self, *_: object) -> None:
        pass


Fault = Callable[[Handler, dict[str, Any]], None]


class OllamaServer:
    """The server, on a port of its own that it keeps when it is stopped and started again."""

    def __init__(self) -> None:
        self.version = "0.12.6"
        self.models = {"nomic-embed-text:latest": "0" * 64, MODEL: DIGEST}
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.faults: dict[str, deque[Fault]] = defaultdict(deque)
        self.connections: set[socket.socket] = set()
        self.on_request: Callable[[], None] = lambda: None
        self._port = 0
        self._server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def chats(self) -> list[dict[str, Any]]:
        return [body for request, body in self.requests if request == "POST /api/chat"]

    def start(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), type("Bound", (Handler,), {"ollama": self}))
        self._server.daemon_threads = True
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Vanish: no new connection, and none of the old ones is served any more."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        for connection in list(self.connections):
            with suppress(OSError):  # its other end was quicker
                connection.shutdown(socket.SHUT_RDWR)

    def after(self, chats: int, fault: Fault) -> None:
        """Answer so many requests well, then with a fault."""
        self.faults["/api/chat"].extend([well] * chats + [fault])


def well(handler: Handler, body: dict[str, Any]) -> None:
    handler.chat(body, answer_of(body))


def says(content: str, done_reason: str = "stop") -> Fault:
    return lambda handler, body: handler.chat(body, content, done_reason)


def fails(status: int, error: str = "something is wrong") -> Fault:
    return lambda handler, _: handler.send({"error": error}, status)


def sends(content: bytes, status: int = 200) -> Fault:
    return lambda handler, _: handler.send_bytes(content, status)


def resets(handler: Handler, _: dict[str, Any]) -> None:
    handler.hang_up()


def dies(handler: Handler, _: dict[str, Any]) -> None:
    handler.ollama.connections.discard(handler.connection)
    handler.ollama.stop()  # first: who is hung up on asks again at once
    handler.hang_up()


def stalls(until: threading.Event) -> Fault:
    """Answer only when it is too late."""

    def fault(handler: Handler, _: dict[str, Any]) -> None:
        until.wait(30)
        handler.close_connection = True
        handler.ollama.connections.discard(handler.connection)

    return fault


def exchange(question: str, correct: str = "Doğru bir yanıttır.", incorrect: str = "Yanlış bir yanıttır.") -> str:
    return json.dumps({"question": question, "correct_answer": correct, "incorrect_answer": incorrect}, ensure_ascii=False)


def answer_of(body: dict[str, Any]) -> str:
    """What the model would say: a function of all that it is sent, as a sampler with a seed is."""
    told = json.dumps([body["model"], body["messages"], body["options"], body["format"]], sort_keys=True)
    sign = hashlib.sha256(told.encode()).hexdigest()
    return exchange(f"{sign[:24]} işareti ne demektir?", f"{sign[24:32]} demektir.", f"{sign[32:40]} demektir.")


def model(name: str, digest: str) -> dict[str, Any]:
    return {
        "name": name,
        "model": name,
        "modified_at": "2025-10-03T23:34:03.409490317-07:00",
        "size": 3338801804,
        "digest": digest,
        "details": {
            "format": "gguf",
            "family": "gemma",
            "families": ["gemma"],
            "parameter_size": "9.2B",
            "quantization_level": "Q4_0",
        },
    }
