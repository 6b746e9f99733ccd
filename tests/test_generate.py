from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ollama_server import DIGEST, MODEL, Fault, OllamaServer, dies, exchange, fails, resets, says, sends, stalls, well

from optbench.cli import main
from optbench.core.errors import DataError, MissingExtra, OptbenchError, UsageError
from optbench.curation.generation import client
from optbench.curation.generation.journal import Journal, pairs
from optbench.curation.generation.loop import ATTEMPTS, MOST_GIVEN_UP, Progress, connect, generate
from optbench.curation.generation.prompts import RECALLED, SYSTEM, TOPICS, read_topics
from optbench.curation.generation.recipe import Recipe, attempt_seed
from optbench.curation.similarity import grams, jaccard
from optbench.data.rows import Row

RECIPE = Recipe(model=MODEL, topics=("fizik", "kimya"), seed=7, temperature=0.5)


@pytest.fixture
def server() -> Iterator[OllamaServer]:
    with OllamaServer() as running:
        yield running


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "made" / "pairs.jsonl"


def make(
    server: OllamaServer,
    path: Path,
    n: int = 4,
    recipe: Recipe = RECIPE,
    sleep: Callable[[float], None] = lambda _: None,
    timeout: float = 30.0,
) -> Progress:
    with client.Ollama(server.url, timeout, sleep=sleep) as ollama:
        return generate(recipe, n, path, ollama)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def texts(path: Path) -> list[dict[str, Any]]:
    """The content of a file without the times of day."""
    return [{name: value for name, value in line.items() if name not in {"asked", "answered"}} for line in lines(path)]


@pytest.fixture
def whole(tmp_path: Path) -> list[dict[str, Any]]:
    """The pairs of a call without any fault."""
    with OllamaServer() as server:
        make(server, tmp_path / "whole.jsonl", 6)
    return texts(tmp_path / "whole.jsonl")


# Requests and records


def test_a_request_matches_the_documentation(server: OllamaServer, path: Path) -> None:
    make(server, path, 2)
    for number, body in enumerate(server.chats):
        assert set(body) == {"model", "messages", "tools", "stream", "options", "format"}
        assert body["model"] == MODEL
        assert body["stream"] is False
        assert body["tools"] == []
        assert body["options"] == {
            "temperature": 0.5,
            "seed": attempt_seed(7, RECIPE.topics[number], number, 1),
            "num_predict": 512,
            "num_ctx": 4096,
        }
        assert [message["role"] for message in body["messages"]] == ["system", "user"]
        assert body["messages"][0]["content"] == SYSTEM
        assert f"Konu: {RECIPE.topics[number]}\n" in body["messages"][1]["content"]
        schema = body["format"]
        assert schema["type"] == "object"
        assert list(schema["properties"]) == schema["required"] == ["question", "correct_answer", "incorrect_answer"]
        assert {each["type"] for each in schema["properties"].values()} == {"string"}
        assert schema["additionalProperties"] is False
    assert {request for request, _ in server.requests} == {"GET /api/version", "GET /api/tags", "POST /api/chat"}


def test_a_record_has_all_that_determined_it(server: OllamaServer, path: Path) -> None:
    progress = make(server, path, 3)
    assert (progress.written, progress.wanted, progress.given_up, progress.not_requested) == (3, 3, 0, 0)
    for number, (record, sent) in enumerate(zip(lines(path), server.chats, strict=True)):
        assert record["index"] == number
        assert record["topic"] == ("fizik", "kimya", "fizik")[number]
        assert record["question"].endswith(" işareti ne demektir?")
        assert [record["prompt"]["system"], record["prompt"]["user"]] == [each["content"] for each in sent["messages"]]
        assert record["options"] == sent["options"]
        assert (record["model"], record["model_digest"], record["ollama_version"]) == (MODEL, DIGEST, "0.12.6")
        assert (record["seed"], record["attempt"], record["refused"]) == (7, 1, {})
        assert (record["language"], record["done_reason"]) == ("tr", "stop")
        assert (record["prompt_tokens"], record["answer_tokens"]) == (26, 298)
        assert record["asked"] <= record["answered"]
        assert record["asked"].endswith("+00:00")
    assert "işareti".encode() in path.read_bytes()


def test_the_prompt_lists_earlier_questions_of_the_topic(server: OllamaServer, path: Path) -> None:
    make(server, path, 2 * RECALLED + 4)
    questions = [record["question"] for record in lines(path)]
    shown = server.chats[-2]["messages"][1]["content"]
    of_topic = questions[0:-2:2]
    assert len(of_topic) == RECALLED + 1
    assert of_topic[0] not in shown
    assert all(question in shown for question in of_topic[1:])
    assert not any(question in shown for question in questions[1::2])


def test_seeds_follow_from_seed_topic_index_and_attempt() -> None:
    seeds = {
        attempt_seed(seed, topic, index, attempt)
        for seed in (1, 2)
        for topic in ("a", "b")
        for index in (0, 1)
        for attempt in (1, 2)
    }
    assert len(seeds) == 16
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert attempt_seed(1, "fizik", 0, 1) == 476717889


def test_a_model_without_a_tag_is_the_latest(server: OllamaServer, path: Path) -> None:
    server.models = {"gemma2:latest": "1" * 64}
    make(server, path, 1, Recipe(model="gemma2", topics=("fizik",)))
    assert lines(path)[0]["model_digest"] == "1" * 64


# Continuing


def test_a_second_call_continues(server: OllamaServer, path: Path, whole: list[dict[str, Any]]) -> None:
    make(server, path, 2)
    before = path.read_bytes()
    assert make(server, path, 6).written == 6
    assert path.read_bytes().startswith(before)
    assert texts(path) == whole
    assert len(server.chats) == 6
    after = path.read_bytes()
    assert make(server, path, 3).written == 6
    assert path.read_bytes() == after
    assert len(server.chats) == 6


@pytest.mark.parametrize("kept", [1, 9, 200, -1])
@pytest.mark.parametrize("tail", [b"", b"\0" * 64])
def test_an_incomplete_last_line_is_generated_again(
    server: OllamaServer, path: Path, whole: list[dict[str, Any]], kept: int, tail: bytes
) -> None:
    make(server, path, 3)
    first, second, third, _ = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([first, second, (third + b"\n")[:kept]]) + tail)
    with pytest.raises(DataError, match=r"pairs\.jsonl, row 3: the last line is incomplete"):
        pairs(path)
    make(server, path, 6)
    assert texts(path) == whole
    assert path.read_bytes().startswith(first + b"\n" + second + b"\n")


def test_an_incomplete_line_is_removed_if_no_pair_is_left(server: OllamaServer, path: Path) -> None:
    make(server, path, 2)
    good = path.read_bytes()
    path.write_bytes(good + b'{"index":2,"ques')
    assert make(server, path, 2).written == 2
    assert path.read_bytes() == good


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": 8}, r"row 1: .*another --seed \(7, here 8\)"),
        ({"topics": ("kimya", "fizik")}, r"row 1: .*other --topics \(fizik, here kimya\)"),
        ({"topics": ("fizik", "kimya", "spor")}, r"row 3: .*other --topics \(fizik, here spor\)"),
        ({"temperature": 0.6}, r"row 1: .*another --temperature \(0.5, here 0.6\)"),
        ({"tokens": 100}, r"row 1: .*another --tokens \(512, here 100\)"),
        ({"language": "az"}, r"row 1: .*another --language \(tr, here az\)"),
    ],
)
def test_a_file_of_another_recipe_is_refused(server: OllamaServer, path: Path, change: dict[str, Any], words: str) -> None:
    make(server, path)
    before = path.read_bytes()
    with pytest.raises(DataError, match=words) as refusal:
        make(server, path, 6, Recipe(**(vars(RECIPE) | change)))
    assert "--out" in str(refusal.value)
    assert str(path) in str(refusal.value)
    assert path.read_bytes() == before


def test_a_file_of_another_model_is_refused(server: OllamaServer, path: Path) -> None:
    make(server, path)
    server.models[MODEL] = "f" * 64
    with pytest.raises(DataError, match=f"row 1: .*another model .*{DIGEST[:12]}.*ffffffffffff"):
        make(server, path, 6)


@pytest.mark.parametrize("part", ["system", "user"])
def test_a_file_of_another_prompt_is_refused(server: OllamaServer, path: Path, part: str) -> None:
    make(server, path)
    records = lines(path)
    records[2]["prompt"][part] += " Lütfen."
    path.write_text("".join(json.dumps(record, separators=(",", ":")) + "\n" for record in records), "utf-8")
    with pytest.raises(DataError, match=r"row 3: .*another prompt"):
        make(server, path, 6)


def test_a_file_without_one_of_its_lines_is_refused(server: OllamaServer, path: Path) -> None:
    make(server, path)
    _, *rest = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(rest))
    with pytest.raises(DataError, match=r"row 2: .*earlier lines were changed"):
        make(server, path, 6)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a note to myself", "row 1: this is not a file of pairs"),
        (b'{"index":0}\n', "row 1: question: Field required"),
        (b"question,answer,label\n", "row 1: all of it: Invalid JSON"),
        (b"\xef\xbb\xbf{}\n", "row 1: it starts with a byte-order mark"),
        (b"\xff\n", "row 1: byte 0 is not UTF-8"),
        (b"{}\r\n", "row 1: it contains a carriage return"),
        (b"\n", "row 1"),
    ],
)
def test_another_file_is_refused_and_left_alone(server: OllamaServer, path: Path, content: bytes, words: str) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(DataError, match=words) as refusal:
        make(server, path)
    assert str(path) in str(refusal.value)
    assert path.read_bytes() == content
    with pytest.raises(DataError):
        pairs(path)
    assert not server.chats


def test_a_repeated_record_is_refused(server: OllamaServer, path: Path) -> None:
    make(server, path, 2)
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + second + second)
    with pytest.raises(DataError, match="row 3: pair 1 follows pair 1"):
        make(server, path)


def test_each_record_is_on_the_disk_before_the_next_request(
    server: OllamaServer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_disk: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda _: on_disk.append(len(server.chats)) or on_disk.append(len(lines(path))))
    make(server, path, 3)
    assert on_disk == [1, 1, 2, 2, 3, 3]


def test_a_full_disk_ends_generation(
    server: OllamaServer, path: Path, whole: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        if len(server.chats) == 3:
            os.truncate(path, path.stat().st_size - 7)  # as much as there was room for
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(
            OptbenchError, match=r"pairs\.jsonl cannot be written: No space left on device; 2 of 6 pairs are in"
        ):
            make(server, path, 6)
    make(server, path, 6)
    assert texts(path) == whole


def test_one_process_writes(path: Path) -> None:
    with Journal(path), pytest.raises(UsageError, match="another process is writing"):
        Journal(path)
    with Journal(path):
        pass


def test_a_folder_is_not_a_file_of_pairs(server: OllamaServer, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written: Is a directory"):
        make(server, tmp_path)


# Errors of the server


@pytest.mark.parametrize(
    "fault", [fails(500), fails(502), fails(503, "server busy"), fails(429), resets], ids=["500", "502", "503", "429", "reset"]
)
def test_a_transient_error_is_retried(server: OllamaServer, path: Path, whole: list[dict[str, Any]], fault: Fault) -> None:
    slept: list[float] = []
    server.faults["/api/chat"].extend([well, fault, fault, well, fault])
    make(server, path, 6, sleep=slept.append)
    assert slept == [1.0, 2.0, 1.0]
    assert texts(path) == whole


@pytest.mark.parametrize("where", ["/api/version", "/api/tags"])
def test_the_first_request_is_retried_if_the_server_is_busy(server: OllamaServer, path: Path, where: str) -> None:
    slept: list[float] = []
    server.faults[where].append(fails(503))
    assert make(server, path, 1, sleep=slept.append).written == 1
    assert slept == [1.0]


def test_retries_end(server: OllamaServer, path: Path) -> None:
    slept: list[float] = []
    server.after(1, fails(500, "out of memory"))
    server.faults["/api/chat"].extend([fails(500, "out of memory")] * 20)
    with pytest.raises(OptbenchError, match=r"500: out of memory; 1 of 4 pairs are in .*, and the same command continues"):
        make(server, path, sleep=slept.append)
    assert slept == list(client.PAUSES) == [1.0, 2.0, 4.0, 8.0, 16.0]
    assert len(server.chats) == 1 + 6


def test_a_slow_request_is_retried(server: OllamaServer, path: Path, whole: list[dict[str, Any]]) -> None:
    slept: list[float] = []
    late = threading.Event()
    server.after(2, stalls(late))
    try:
        make(server, path, 6, sleep=slept.append, timeout=1.0)
    finally:
        late.set()
    assert slept[0] == 1.0
    assert texts(path) == whole


def test_a_server_that_is_always_slow_is_an_error(server: OllamaServer, path: Path) -> None:
    late = threading.Event()
    server.faults["/api/chat"].extend([stalls(late)] * 6)
    try:
        with pytest.raises(OptbenchError, match=r"did not answer within 0\.2 s; a longer --timeout may help"):
            make(server, path, timeout=0.2)
    finally:
        late.set()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (fails(400, "invalid options: temperature"), "refuses the request, 400: invalid options: temperature"),
        (fails(401, "unauthorized"), "refuses the request, 401: unauthorized"),
        (fails(404, "model 'gemma2:9b' not found"), "run `ollama pull gemma2:9b`"),
        (sends(b"<html>hello</html>"), "does not answer as Ollama does"),
        (sends(b'{"models": []}'), "does not answer as Ollama does"),
        (sends(b"[]"), "does not answer as Ollama does"),
    ],
)
def test_other_errors_are_not_retried(server: OllamaServer, path: Path, fault: Fault, words: str) -> None:
    slept: list[float] = []
    server.after(1, fault)
    with pytest.raises(OptbenchError, match=words) as end:
        make(server, path, sleep=slept.append)
    assert end.value.exit_code == 2
    assert len(server.chats) == 2
    assert slept == []
    assert len(lines(path)) == 1


@pytest.mark.parametrize("fault", [sends(b"hello"), sends(b"{}"), sends(b"not found", 404)])
@pytest.mark.parametrize("where", ["/api/version", "/api/tags"])
def test_another_server_is_not_taken_for_ollama(server: OllamaServer, path: Path, where: str, fault: Fault) -> None:
    server.faults[where].append(fault)
    with pytest.raises(OptbenchError, match="does not answer as Ollama does"):
        make(server, path)
    assert not path.exists()


def test_generation_continues_when_the_server_is_back(server: OllamaServer, path: Path, whole: list[dict[str, Any]]) -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if seconds == 4.0:
            server.start()

    server.after(3, dies)
    assert make(server, path, 6, sleep=sleep).written == 6
    assert slept == [1.0, 2.0, 4.0]
    assert texts(path) == whole


def test_a_model_that_changes_ends_generation(server: OllamaServer, path: Path) -> None:
    def pulled(handler: Any, body: dict[str, Any]) -> None:
        server.models[MODEL] = "f" * 64
        well(handler, body)

    server.after(2, pulled)
    with pytest.raises(OptbenchError, match=rf"the model {MODEL} has changed .*{DIGEST[:12]}, now ffffffffffff.*2 of 4 pairs"):
        make(server, path)
    assert [record["model_digest"] for record in lines(path)] == [DIGEST] * 2


def test_a_newer_server_is_recorded(server: OllamaServer, path: Path) -> None:
    make(server, path, 1)
    server.version = "0.13.0"
    make(server, path, 2)
    assert [record["ollama_version"] for record in lines(path)] == ["0.12.6", "0.13.0"]


# Rejected answers


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "schema"),
        ("Elbette! İşte bir soru:", "schema"),
        ('{"question": "Ses nedir?", "correct_answer": "Bir dalgadır.", "incorr', "schema"),
        ('{"question": "Ses nedir?", "correct_answer": "Bir dalgadır."}', "schema"),
        ('{"question": "Ses nedir?", "correct_answer": "Dalga.", "incorrect_answer": 3}', "schema"),
        ('{"question": "Ses nedir?", "correct_answer": "Dalga.", "incorrect_answer": null}', "schema"),
        ('{"question": "Ses?", "correct_answer": "Dalga.", "incorrect_answer": "Isı.", "topic": "fizik"}', "schema"),
        ('[{"question": "Ses?", "correct_answer": "Dalga.", "incorrect_answer": "Isı."}]', "schema"),
        ('{"question": "Ses \\ud800?", "correct_answer": "Dalga.", "incorrect_answer": "Isı."}', "schema"),
        (exchange("  "), "empty"),
        (exchange("Ses nedir?", ""), "empty"),
        (exchange("Ses nedir?", incorrect="\n"), "empty"),
        (exchange("Ses\nnedir?"), "line-break"),
        (exchange("Ses nedir?", "Bir\u2028dalgadır."), "line-break"),
        (exchange("Ses nedir?", incorrect="Bir\x00 taştır."), "line-break"),
        (exchange("Ses nedir?", incorrect="Bir\u200b taştır."), "line-break"),
        (exchange("Ses nedir?", "d" * 10_001), "too-long"),
        (exchange("Gölge nasıl oluşur?"), "repeated"),
        (exchange(" GÖLGE  Nasıl oluşur? "), "repeated"),
        (exchange("Peki gölge nasıl oluşur?"), "near-duplicate"),
        (exchange("Ses nedir?", "Bir dalgadır.", "bir  Dalgadır"), "answers-alike"),
    ],
)
def test_a_bad_answer_is_rejected_and_counted(server: OllamaServer, path: Path, content: str, reason: str) -> None:
    server.faults["/api/chat"].extend([says(exchange("Gölge nasıl oluşur?")), says(content)])
    progress = make(server, path, 2)
    assert dict(progress.refused) == {reason: 1}
    records = lines(path)
    assert [record["attempt"] for record in records] == [1, 2]
    assert [record["refused"] for record in records] == [{}, {reason: 1}]
    assert records[1]["options"]["seed"] == attempt_seed(7, "kimya", 1, 2)
    assert len(server.chats) == 3


def test_a_truncated_answer_is_counted_apart(server: OllamaServer, path: Path) -> None:
    half = '{"question": "Ses nedir?", "correct_answer": "Bir dal'
    server.faults["/api/chat"].extend([says(half, done_reason="length"), says(half), well])
    assert dict(make(server, path, 1).refused) == {"truncated": 1, "schema": 1}


def test_a_server_that_does_not_say_why_it_ended_or_count_tokens(server: OllamaServer, path: Path) -> None:
    def silent(handler: Any, body: dict[str, Any]) -> None:
        handler.send({"model": MODEL, "message": {"role": "assistant", "content": exchange("Ses nedir?")}, "done": True})

    server.faults["/api/chat"].append(silent)
    make(server, path, 1)
    (record,) = lines(path)
    assert (record["done_reason"], record["prompt_tokens"], record["answer_tokens"]) == (None, None, None)


def test_texts_are_written_without_blanks_around_them(server: OllamaServer, path: Path) -> None:
    server.faults["/api/chat"].append(says(exchange(" Ses nedir?\n", "\tBir dalgadır. ")))
    make(server, path, 1)
    assert (lines(path)[0]["question"], lines(path)[0]["correct_answer"]) == ("Ses nedir?", "Bir dalgadır.")


def test_answers_that_differ_in_a_sign_differ(server: OllamaServer, path: Path) -> None:
    server.faults["/api/chat"].append(says(exchange("Türü olan dil hangisidir?", "C++", "C")))
    assert not make(server, path, 1).refused


def test_a_question_of_an_earlier_call_is_not_repeated(server: OllamaServer, path: Path) -> None:
    server.faults["/api/chat"].append(says(exchange("Ses nedir?")))
    make(server, path, 1)
    server.faults["/api/chat"].append(says(exchange("SES nedir?")))
    assert dict(make(server, path, 2).refused) == {"repeated": 1}


def test_a_pair_is_given_up_and_left_out(server: OllamaServer, path: Path) -> None:
    server.faults["/api/chat"].extend([well, *[says("?")] * ATTEMPTS, well])
    progress = make(server, path, 3)
    assert (progress.written, progress.given_up, progress.not_requested, dict(progress.refused)) == (
        2,
        1,
        0,
        {"schema": ATTEMPTS},
    )
    assert [(record["index"], record["question"] is None) for record in lines(path)] == [(0, False), (1, True), (2, False)]
    assert len(pairs(path)) == 2
    assert len({body["options"]["seed"] for body in server.chats}) == len(server.chats) == 2 + ATTEMPTS
    again = make(server, path, 4)
    assert (again.written, again.given_up, dict(again.refused)) == (3, 1, {"schema": ATTEMPTS})
    assert [record["index"] for record in lines(path)] == [0, 1, 2, 3]


def test_a_file_that_ends_with_a_pair_that_was_given_up_is_continued(server: OllamaServer, path: Path) -> None:
    server.faults["/api/chat"].extend([well, *[says("?")] * ATTEMPTS])
    make(server, path, 2)
    asked = len(server.chats)
    again = make(server, path, 2)
    assert (again.written, again.given_up, dict(again.refused)) == (1, 1, {"schema": ATTEMPTS})
    assert len(server.chats) == asked


def test_an_interrupted_call_ends_where_one_without_interruption_ends(server: OllamaServer, path: Path) -> None:
    bad = says("?")
    server.faults["/api/chat"].extend([*[bad] * (ATTEMPTS * 4), dies])
    with pytest.raises(OptbenchError, match="0 of 100 pairs"):
        make(server, path, 100)
    server.start()
    server.faults["/api/chat"].clear()
    server.faults["/api/chat"].extend([bad] * (ATTEMPTS * (MOST_GIVEN_UP - 4)))
    assert make(server, path, 100).given_up == MOST_GIVEN_UP


def test_a_pair_has_all_texts_or_none(server: OllamaServer, path: Path) -> None:
    make(server, path, 1)
    (record,) = lines(path)
    path.write_text(json.dumps(record | {"correct_answer": None}, separators=(",", ":")) + "\n", "utf-8")
    with pytest.raises(DataError, match=r"row 1: .*a question and two answers, or null for each of them"):
        pairs(path)


def as_earlier(record: dict[str, Any]) -> str:
    """The line that an earlier version wrote."""
    new = ("language", "done_reason", "prompt_tokens", "answer_tokens")
    old = {name: value for name, value in record.items() if name not in new}
    del old["options"]["num_ctx"]
    return json.dumps(old, separators=(",", ":"), ensure_ascii=False) + "\n"


def test_a_file_of_an_earlier_version_is_read_but_not_continued(server: OllamaServer, path: Path) -> None:
    make(server, path)
    path.write_text("".join(map(as_earlier, lines(path))), "utf-8")
    before = path.read_bytes()
    assert len(pairs(path)) == 4
    with pytest.raises(DataError, match=r"row 1: it was generated with another version of optbench \(another context length\)"):
        make(server, path, 6)
    assert path.read_bytes() == before


def test_an_unsuitable_model_ends_generation(server: OllamaServer, path: Path) -> None:
    bad = says("?")
    server.faults["/api/chat"].extend([*[bad] * ATTEMPTS, well, *[bad] * (ATTEMPTS * MOST_GIVEN_UP)])
    progress = make(server, path, 100)
    assert (progress.written, progress.given_up, progress.not_requested) == (1, 1 + MOST_GIVEN_UP, 98 - MOST_GIVEN_UP)
    assert len(server.chats) == 1 + ATTEMPTS * (1 + MOST_GIVEN_UP)


def test_rejected_answers_are_counted_over_calls(server: OllamaServer, path: Path) -> None:
    server.faults["/api/chat"].extend([says("?"), says(exchange("")), well])
    make(server, path, 1)
    assert dict(make(server, path, 2).refused) == {"schema": 1, "empty": 1}


# Reading pairs


def test_pairs_become_rows(server: OllamaServer, path: Path) -> None:
    server.faults["/api/chat"].append(says(exchange("Ses nedir?", "Bir dalgadır.", "Bir taştır.")))
    make(server, path, 2)
    found = pairs(path)
    assert len(found) == 2
    assert found[0].rows == (
        Row("Ses nedir?", "Bir dalgadır.", 1, topic="fizik"),
        Row("Ses nedir?", "Bir taştır.", -1, topic="fizik"),
    )
    assert found[1].topic == "kimya"


def test_a_file_without_pairs_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(DataError, match=r"empty\.jsonl has no pairs"):
        pairs(tmp_path / "empty.jsonl")
    with pytest.raises(DataError, match=r"none\.jsonl cannot be read"):
        pairs(tmp_path / "none.jsonl")


# Topics and similarity


def test_there_are_topics() -> None:
    topics = read_topics(TOPICS)
    assert len(topics) >= 12
    assert "Türkiye tarihi" in topics


def test_a_topic_is_a_line(tmp_path: Path) -> None:
    (tmp_path / "topics").write_bytes("fizik\r\n\r\n  Türk müziği \r\n".encode())
    assert read_topics(tmp_path / "topics") == ("fizik", "Türk müziği")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "has no topics"),
        (b" \n\n", "has no topics"),
        (b"fizik\n\nFIZIK\n", "row 3: the topic 'FIZIK' occurs twice"),
        (b"\xef\xbb\xbffizik\n", "row 1: it starts with a byte-order mark"),
        (b"fizik\nk\xfcimya\n", "row 2: byte 7 is not UTF-8"),
        (b"fizik\nki\x00mya\n", "row 2: it contains a NUL"),
        (b"fizik\nki\rmya\n", "row 2: it contains a carriage return"),
        (b"fizik\nki\x1bmya\n", r"row 2: the topic 'ki\\x1bmya' contains a control character"),
        (b"fizik\n" + b"k" * 201, "row 2: the topic has 201 characters"),
    ],
)
def test_bad_topics_are_refused_by_row(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "topics").write_bytes(content)
    with pytest.raises(DataError, match=words) as refusal:
        read_topics(tmp_path / "topics")
    assert str(tmp_path / "topics") in str(refusal.value)


def test_similarity_is_the_share_of_common_grams() -> None:
    assert grams("Ses  NE?") == {"ses n", "es ne"}
    assert grams("ab") == {"ab"}
    assert jaccard(grams("abcdefg"), grams("abcdefh")) == 2 / 4
    assert jaccard(grams("ab"), grams("AB")) == 1
    assert jaccard(grams("abcde"), grams("vwxyz")) == 0


# The command


@pytest.fixture
def command(
    server: OllamaServer, path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    topics = path.parent.parent / "topics.txt"
    topics.write_text("fizik\nkimya\n", "utf-8")
    given = ["-n", "6", "--seed", "7", "--temperature", "0.5", "--topics", str(topics), "--out", str(path)]

    def run(*more: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["optbench", "data", "generate", "--host", server.url, *given, *more])
        with pytest.raises(SystemExit) as end:
            main()
        captured = capsys.readouterr()
        assert captured.out == ""
        return int(end.value.code or 0), captured.err

    return run


def test_the_command_generates_pairs_and_counts(
    server: OllamaServer, path: Path, command: Callable[..., tuple[int, str]]
) -> None:
    server.faults["/api/chat"].extend([well, says("?"), says(exchange("")), says("!"), well])
    code, words = command()
    assert code == 0
    assert words.splitlines() == [
        f"0 of 6 pairs in {path}, answers rejected: 0",
        f"6 of 6 pairs in {path}",
        "answers rejected: 3 (1 empty, 2 schema)",
    ]
    assert len(pairs(path)) == 6


def test_the_command_reports_what_was_given_up(
    server: OllamaServer, path: Path, command: Callable[..., tuple[int, str]]
) -> None:
    server.faults["/api/chat"].extend([says("?")] * ATTEMPTS)
    code, words = command()
    assert code == 1
    assert f"5 of 6 pairs in {path}\nanswers rejected: 8 (8 schema)\npairs given up: 1, after 8 attempts each" in words


def test_a_server_that_is_not_there(server: OllamaServer, path: Path, command: Callable[..., tuple[int, str]]) -> None:
    server.stop()
    assert command() == (2, f"error: Ollama does not answer at {server.url}; start it with `ollama serve`\n")
    assert not path.exists()


def test_a_model_that_is_not_there(server: OllamaServer, path: Path, command: Callable[..., tuple[int, str]]) -> None:
    del server.models[MODEL]
    code, words = command()
    assert code == 2
    assert words == f"error: Ollama at {server.url} has no model 'gemma2:9b'; run `ollama pull gemma2:9b`\n"
    assert not path.exists()


def test_a_model_without_a_digest(server: OllamaServer, path: Path, command: Callable[..., tuple[int, str]]) -> None:
    server.models[MODEL] = ""
    code, words = command()
    assert code == 2
    assert f"error: the server at {server.url} lists the model '{MODEL}' without a digest" in words
    assert "ollama pull" not in words
    assert not path.exists()


def test_a_server_that_dies_in_the_middle(
    server: OllamaServer,
    path: Path,
    command: Callable[..., tuple[int, str]],
    whole: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client, "PAUSES", (0.01, 0.01))
    server.after(3, dies)
    code, words = command()
    assert code == 2
    assert words.count("; retrying in 0.01 s\n") == 2
    assert words.endswith(f"; 3 of 6 pairs are in {path}, and the same command continues from there\n")
    before = path.read_bytes()
    assert texts(path) == whole[:3]
    server.start()
    code, words = command()
    assert code == 0
    assert f"3 of 6 pairs in {path}, answers rejected: 0\n6 of 6 pairs in {path}\n" in words
    assert path.read_bytes().startswith(before)
    assert texts(path) == whole


@pytest.mark.parametrize(
    ("signum", "ends"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, -signal.SIGTERM), (signal.SIGINT, 130)]
)
def test_a_command_that_is_killed_is_continued(
    server: OllamaServer,
    path: Path,
    command: Callable[..., tuple[int, str]],
    whole: list[dict[str, Any]],
    signum: signal.Signals,
    ends: int,
) -> None:
    process: list[subprocess.Popen[str]] = []
    started = threading.Event()

    def strike() -> None:
        if len(server.chats) == 4:
            started.wait(30)
            process[0].send_signal(signum)
            process[0].wait(30)

    server.on_request = strike
    arguments = ["data", "generate", "--host", server.url, "-n", "6", "--seed", "7", "--temperature", "0.5"]
    files = ["--topics", str(path.parent.parent / "topics.txt"), "--out", str(path)]
    code = "from optbench.cli import main; main()"
    process.append(
        subprocess.Popen(
            [sys.executable, "-c", code, *arguments, *files], stderr=subprocess.PIPE, encoding="utf-8", env=os.environ
        )
    )
    started.set()
    _, words = process[0].communicate(timeout=60)
    assert process[0].returncode == ends
    if signum == signal.SIGINT:
        assert f"interrupted: the pairs in {path} are kept; the same command continues from there" in words
    assert texts(path) == whole[:3]
    server.on_request = lambda: None
    assert command()[0] == 0
    assert texts(path) == whole


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--host", "http://["], "--host 'http://[' is not an address"),
        (["--host", "localhost:99999"], "--host 'localhost:99999' is not an address"),
        (["--host", "ftp://localhost"], "--host 'ftp://localhost'"),
        (["--timeout", "0"], "--timeout 0 is outside its range"),
        (["--timeout", "nan"], "--timeout nan is outside its range"),
        (["--timeout", "inf"], "--timeout inf is outside its range"),
        (["--temperature", "nan"], "--temperature nan is outside its range [0, 2]"),
        (["--temperature", "2.1"], "--temperature 2.1 is outside its range [0, 2]"),
        (["--tokens", "2049"], "--tokens 2049 is outside its range [1, 2048]"),
        (["--topics", "/nowhere/topics"], "/nowhere/topics cannot be read"),
        (["-n", "0"], "Invalid value for '-n'"),
    ],
)
def test_bad_options_are_usage_errors(
    path: Path, command: Callable[..., tuple[int, str]], options: list[str], words: str
) -> None:
    code, said = command(*options)
    assert code == 2
    assert words in said
    assert not path.exists()


def test_the_client_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, client.__name__)
    monkeypatch.setitem(sys.modules, "ollama", None)
    with pytest.raises(MissingExtra, match=r"pip install 'optbench\[generate\]'"):
        connect("http://127.0.0.1:1", 1.0)
