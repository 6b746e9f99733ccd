"""`optbench data make`: what it checks before it asks for the first pair, and when it has enough of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ollama_server import MODEL, OllamaServer, says
from processes import Bench, Ended

from optbench.curation.generation.loop import ATTEMPTS
from optbench.data.loader import FrozenDataset, load

NOWHERE = ("--embedder", "minilm", "--encoder", "./nowhere")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("make"))


@pytest.fixture
def server() -> Iterator[OllamaServer]:
    with OllamaServer() as running:
        yield running


def make(bench: Bench, server: OllamaServer, name: str, *more: str) -> Ended:
    return bench.run("data", "make", "--name", name, "-n", "20", "--host", server.url, "--embedder", "none", *more)


def give_up(server: OllamaServer, pairs: int) -> None:
    """Let the server answer so that the first pairs are given up."""
    server.faults["/api/chat"].extend([says("?")] * (ATTEMPTS * pairs))


def made(bench: Bench, name: str) -> FrozenDataset:
    return load(bench.folder / ".optbench" / "datasets" / name)


@pytest.mark.parametrize(("name", "pairs", "more"), [("default", 2, ()), ("asked", 6, ("--at-least", "14"))])
def test_enough_pairs_become_a_dataset_though_others_were_given_up(
    bench: Bench, server: OllamaServer, name: str, pairs: int, more: tuple[str, ...]
) -> None:
    give_up(server, pairs)
    ended = make(bench, server, name, *more)
    assert f"{20 - pairs} of 20 pairs in" in ended.err
    assert "all digests match" in ended.err
    generated = made(bench, name).manifest.generated
    assert generated is not None
    assert (generated.pairs, generated.given_up, generated.refused) == (20 - pairs, pairs, {"schema": ATTEMPTS * pairs})


def test_too_few_pairs_end_with_what_to_do_and_more_become_a_dataset(bench: Bench, server: OllamaServer) -> None:
    give_up(server, 3)
    ended = make(bench, server, "few")
    assert ended.code == 1
    assert "no dataset was created: 17 pairs are fewer than the 18 that are needed (--at-least)." in ended.err
    assert "with a larger -n than 20" in ended.err
    assert "or --at-least 17" in ended.err
    assert not (bench.folder / ".optbench" / "datasets" / "few").exists()
    make(bench, server, "few", "-n", "30")
    assert len(made(bench, "few").rows) == 2 * 27


def test_more_than_all_pairs_cannot_be_asked_for(bench: Bench, server: OllamaServer) -> None:
    ended = make(bench, server, "more", "--at-least", "21")
    assert (ended.code, ended.err) == (2, "error: --at-least 21 is more than the pairs asked for, -n 20\n")
    assert not server.requests


def test_an_encoder_that_is_not_there_is_said_before_the_first_pair(bench: Bench, server: OllamaServer) -> None:
    ended = make(bench, server, "mine", *NOWHERE)
    assert ended.code in {2, 3}
    # Which of the two is missing here depends on what is installed.
    assert "there is no folder ./nowhere" in ended.err or "pip install 'optbench[embed]'" in ended.err
    assert not server.chats


def test_a_set_of_vectors_that_is_not_known_is_said_before_the_first_pair(bench: Bench, server: OllamaServer) -> None:
    ended = make(bench, server, "mine", "--embedder", "e6")
    assert (ended.code, "no set of vectors named 'e6'" in ended.err) == (2, True)
    assert not server.chats


def test_an_absent_model_is_said_before_the_encoder_is_looked_for(bench: Bench, server: OllamaServer) -> None:
    del server.models[MODEL]
    ended = make(bench, server, "mine", *NOWHERE)
    assert (ended.code, f"has no model '{MODEL}'" in ended.err) == (2, True)


def test_an_absent_server_is_said_at_once(bench: Bench, server: OllamaServer) -> None:
    server.stop()
    ended = make(bench, server, "mine", *NOWHERE)
    assert (ended.code, "Ollama does not answer" in ended.err) == (2, True)
