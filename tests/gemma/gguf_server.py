"""A server for a GGUF file that speaks as much of Ollama's API as `optbench data generate` uses, over llama.cpp (xllamacpp).

GET /api/version, GET /api/tags, and POST /api/chat without streaming, with a JSON schema as the `format`. What it does not
know, such as another option, is refused with 400 instead of being ignored. It computes with one thread and without a cache of
prompts, so that equal requests have equal answers, in any process on one machine. A file without a chat template gets that of
ChatML, llama.cpp's default.

    python gguf_server.py MODEL.gguf --name gemma3:270m

writes its address to standard output and serves until it is ended.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Annotated, Any, Literal

import xllamacpp
from pydantic import BaseModel, ConfigDict, Field, ValidationError

CONTEXT = 4096


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Message(_Strict):
    role: Literal["system", "user", "assistant"]
    content: str


class Options(_Strict):
    """The options that are honoured; all others are llama.cpp's defaults."""

    seed: Annotated[int, Field(ge=0, lt=2**32)]
    temperature: Annotated[float, Field(ge=0)] = 0.8
    num_predict: Annotated[int, Field(ge=1)] = 128
    num_ctx: Annotated[int, Field(ge=1, le=CONTEXT)] = CONTEXT


class Chat(_Strict):
    model: str
    messages: Annotated[list[Message], Field(min_length=1)]
    tools: Annotated[list[Any], Field(max_length=0)] = []  # the client sends an empty list
    stream: Literal[False]
    format: dict[str, Any]
    options: Options


class Refused(Exception):
    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status


class Model:
    """A GGUF file that is loaded, and its SHA-256."""

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        with path.open("rb") as file:
            self.digest = hashlib.file_digest(file, "sha256").hexdigest()
        self.size = path.stat().st_size
        self._one_at_a_time = Lock()
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(path)
        parameters.n_ctx = CONTEXT
        parameters.n_parallel = 1
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
        parameters.verbosity = -1
        parameters.warmup = False
        self._llama = xllamacpp.Server(parameters)

    def chat(self, body: Any) -> dict[str, Any]:
        """Return the answer to the body of a request.

        Raises:
            Refused: the request has what is not known, or names another model.
        """
        try:
            chat = Chat.model_validate(body)
        except ValidationError as error:
            first = error.errors()[0]
            raise Refused(400, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
        if chat.model != self.name:
            raise Refused(404, f"model '{chat.model}' not found")
        request = {
            "messages": [message.model_dump() for message in chat.messages],
            "seed": chat.options.seed,
            "temperature": chat.options.temperature,
            "max_tokens": chat.options.num_predict,
            "grammar": xllamacpp.json_schema_to_grammar(chat.format),
            "cache_prompt": False,
        }
        with self._one_at_a_time:
            answer = self._llama.handle_chat_completions(request)
        if "choices" not in answer:
            raise Refused(400, str(answer))
        used, choice = answer["usage"], answer["choices"][0]
        if used["total_tokens"] > chat.options.num_ctx:
            raise Refused(400, f"{used['total_tokens']} tokens are more than num_ctx, {chat.options.num_ctx}")
        return {
            "model": self.name,
            "created_at": datetime.now(UTC).isoformat(),
            "message": {"role": "assistant", "content": choice["message"]["content"]},
            "done": True,
            "done_reason": choice["finish_reason"],
            "prompt_eval_count": used["prompt_tokens"],
            "eval_count": used["completion_tokens"],
        }

    def listed(self) -> dict[str, Any]:
        """Return the entry of the model in /api/tags."""
        return {"name": self.name, "model": self.name, "size": self.size, "digest": self.digest}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    model: Model

    def do_GET(self) -> None:
        if self.path == "/api/version":
            self._send(200, {"version": f"xllamacpp {version('xllamacpp')}"})
        elif self.path == "/api/tags":
            self._send(200, {"models": [self.model.listed()]})
        else:
            self._send(404, {"error": "404 page not found"})

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/api/chat":
            self._send(404, {"error": "404 page not found"})
            return
        try:
            self._send(200, self.model.chat(json.loads(content)))
        except ValueError as error:
            self._send(400, {"error": str(error)})
        except Refused as refused:
            self._send(refused.status, {"error": str(refused)})

    def _send(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gguf", type=Path)
    parser.add_argument("--name", required=True)
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    arguments = parser.parse_args()
    Handler.model = Model(arguments.gguf, arguments.name)
    server = ThreadingHTTPServer(("127.0.0.1", arguments.port), Handler)
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
