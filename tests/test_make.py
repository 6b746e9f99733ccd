"""What `optbench data make` checks before it asks for the first pair."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ollama_server import MODEL, OllamaServer
from processes import Bench, Ended


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("make"))


@pytest.fixture
def server() -> Iterator[OllamaServer]:
    with OllamaServer() as running:
        yield running


def make(bench: Bench, server: OllamaServer, *more: str) -> Ended:
    return bench.run("data", "make", "--name", "mine", "-n", "4", "--host", server.url, *more)


def test_an_encoder_that_is_not_there_is_said_before_the_first_pair(bench: Bench, server: OllamaServer) -> None:
    ended = make(bench, server, "--embedder", "minilm", "--encoder", "./nowhere")
    assert ended.code == 3
    # Which of the two is missing here depends on what is installed.
    assert "there is no folder ./nowhere" in ended.err or "pip install 'optbench[embed]'" in ended.err
    assert not server.chats


def test_a_set_of_vectors_that_is_not_known_is_said_before_the_first_pair(bench: Bench, server: OllamaServer) -> None:
    ended = make(bench, server, "--embedder", "e6")
    assert (ended.code, "no set of vectors named 'e6'" in ended.err) == (2, True)
    assert not server.chats


def test_an_absent_model_is_said_before_the_encoder_is_looked_for(bench: Bench, server: OllamaServer) -> None:
    del server.models[MODEL]
    ended = make(bench, server, "--embedder", "minilm", "--encoder", "./nowhere")
    assert (ended.code, f"has no model '{MODEL}'" in ended.err) == (2, True)


def test_an_absent_server_is_said_at_once(bench: Bench, server: OllamaServer) -> None:
    server.stop()
    ended = make(bench, server, "--embedder", "minilm", "--encoder", "./nowhere")
    assert (ended.code, "Ollama does not answer" in ended.err) == (2, True)
