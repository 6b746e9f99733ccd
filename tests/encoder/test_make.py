from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from ollama_server import OllamaServer, answer_of, dies

from optbench.cli import cli
from optbench.core.errors import OptbenchError
from optbench.data.loader import load
from optbench.data.vectors import check, vector_sets

pytestmark = [pytest.mark.encoder, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


@pytest.fixture
def ollama(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OllamaServer]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "topics.txt").write_text("meyveler\nağlar\n", encoding="utf-8")
    with OllamaServer() as server:
        yield server


def make(server: OllamaServer, encoder: Path, *more: str) -> Result:
    command = ["data", "make", "--model", "gemma2:9b", "--host", server.url, "--topics", "topics.txt", "-n", "30"]
    return CliRunner().invoke(cli, [*command, "--embedder", "minilm", "--encoder", str(encoder), "--name", "made", *more])


def test_one_command_creates_a_dataset_and_continues_where_it_stopped(ollama: OllamaServer, tiny_model: Path) -> None:
    ollama.faults["/api/chat"].extend([lambda handler, body: handler.chat(body, answer_of(body)) for _ in range(12)])
    ollama.faults["/api/chat"].append(dies)
    stopped = make(ollama, tiny_model)
    assert isinstance(stopped.exception, OptbenchError)
    assert "the same command continues" in str(stopped.exception)
    assert len(Path(".optbench/pairs/made.jsonl").read_text(encoding="utf-8").splitlines()) == 12
    assert not Path(".optbench/datasets/made").exists()

    ollama.start()
    whole = make(ollama, tiny_model)
    # Thirty questions of random letters break rules of quality (exit 1), but they are a dataset.
    assert whole.exit_code == 1, whole.output
    dataset = load(Path(".optbench/datasets/made"))
    assert sum(len(rows) for rows in dataset.splits.values()) == 60
    check(vector_sets(dataset).values(), dataset)
    assert dataset.manifest.vectors["minilm"].dimension == 8
    assert set(dataset.manifest.slots) == {"e5"}
    assert "gemma2:9b" in dataset.manifest.made
    assert {path.name for path in dataset.folder.iterdir()} >= {"manifest.json", "croissant.json", "README.md"}
    lines = Path(".optbench/pairs/made.jsonl").read_text(encoding="utf-8").splitlines()
    assert len({json.loads(line)["question"] for line in lines}) == len(lines) == 30

    asked = len(ollama.requests)
    again = make(ollama, tiny_model)
    assert "already exists" in again.output
    assert len(ollama.requests) == asked
