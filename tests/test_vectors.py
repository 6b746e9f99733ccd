from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny import tiny_splits

from optbench.core.errors import DataError, UsageError
from optbench.curation.encoding import keep_beside
from optbench.curation.importing import write
from optbench.data.embedded import assemble
from optbench.data.loader import FrozenDataset
from optbench.data.manifest import Slot, VectorFile
from optbench.data.vectors import ROLES, FrozenVectors, beside, check, distinct_texts, pack, unpack, vector_sets
from optbench.planning.plan import make_plan, rebuild
from optbench.planning.selections import Selections
from optbench.registry import Registry

D = 4


def entry(content: bytes, **change: Any) -> VectorFile:
    import hashlib

    given = {
        "file": "vectors/small.npz",
        "sha256": hashlib.sha256(content).hexdigest(),
        "dimension": D,
        "model": "someone/small",
        "model_sha256": "0" * 64,
        "prompts": {"question": "q: ", "answer": "a: "},
        "normalised": False,
    }
    return VectorFile.model_validate(given | change)


def packed(dataset: FrozenDataset, change: Callable[[dict[str, Any]], None] = lambda _: None) -> bytes:
    texts = distinct_texts(dataset.rows)
    rng = np.random.default_rng(0)
    vectors = {role: rng.normal(size=(len(texts[role]), D)).astype(np.float32) for role in ROLES}
    content = pack(texts, vectors)
    with np.load(io.BytesIO(content)) as found:
        arrays = dict(found)
    change(arrays)
    out = io.BytesIO()
    np.savez_compressed(out, allow_pickle=True, **arrays)
    return out.getvalue()


@pytest.fixture
def with_vectors(tmp_path: Path, dataset: FrozenDataset) -> FrozenDataset:
    content = packed(dataset)
    about = {
        "name": "with",
        "slots": {"e5": Slot(model="a/b", dimension=8, prompts={"question": "", "answer": ""}, normalised=True)},
    }
    return write(tmp_path / "with", tiny_splits(), about, vectors={"small": (entry(content), content)})


def test_equal_vectors_give_equal_bytes(dataset: FrozenDataset) -> None:
    assert packed(dataset) == packed(dataset)
    texts = distinct_texts(dataset.rows)
    assert [len(texts[role]) for role in ROLES] == [12, 24]


def test_a_set_is_an_embedder_for_its_dataset(with_vectors: FrozenDataset, registry: Registry) -> None:
    matrix = assemble(with_vectors, FrozenVectors.of(vector_sets(with_vectors)["small"]), "float32")
    assert matrix.x.shape == (24, 2 * D + 1)
    assert np.array_equal(matrix.x[0, :D], matrix.x[1, :D])  # both answers of one question
    assert not np.array_equal(matrix.x[0, D:-1], matrix.x[1, D:-1])


def test_plans_span_the_available_sets(with_vectors: FrozenDataset, registry: Registry) -> None:
    selections = Selections(optimizers=["sgd"], architectures=["single-layer"], datasets=[str(with_vectors.folder)], seeds=(0,))
    plan = make_plan(registry, selections)
    assert {task.labels.embedder for task in plan} == {"hashing", "tfidf", "small"}
    (small,) = [task for task in plan if task.labels.embedder == "small"]
    assert dict(small.spec.embedder.params) == {"sha256": with_vectors.manifest.vectors["small"].sha256}
    assert rebuild(registry, small.spec, small.labels).embedder == small.embedder


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("e5", "e5: vectors not available; 'optbench data embed with --embedder e5' creates them"),
        ("smal", "did you mean 'small'"),
        ("small[x=1]", "no hyper-parameters"),
    ],
)
def test_an_unavailable_set_is_an_error_with_advice(
    with_vectors: FrozenDataset, registry: Registry, name: str, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        make_plan(registry, Selections(embedders=[name], datasets=[str(with_vectors.folder)]))


def test_sets_may_be_outside_of_a_dataset(dataset: FrozenDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert vector_sets(dataset) == {}
    content = packed(dataset)
    path = keep_beside(dataset, "mine", entry(content), content)
    assert path.parent == beside(dataset)
    sets = vector_sets(dataset)
    check(sets.values(), dataset)
    assert FrozenVectors.of(sets["mine"]).encode(["elma nedir?"], "question", None).shape == (1, D)
    (path.parent / "mine.json").write_text(json.dumps({"file": "../../x"}))
    with pytest.raises(DataError, match=r"mine\.json: file"):
        vector_sets(dataset)


def test_a_changed_file_is_refused_by_name(with_vectors: FrozenDataset) -> None:
    path = with_vectors.folder / "vectors" / "small.npz"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(DataError, match=r"small\.npz is not the file that was frozen"):
        check(vector_sets(with_vectors).values(), with_vectors)


def _set(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda arrays: arrays.__setitem__(name, value)


def _nan(arrays: dict[str, Any]) -> None:
    arrays["answer"][6, 1] = np.nan


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda arrays: arrays.pop("answer"), "no arrays 'answer' and 'answer_keys'"),
        (_set("question", np.zeros((12, D))), "question is float64 of shape"),
        (_set("question", np.zeros((12, D + 1), np.float32)), r"it must be float32, \(texts, 4\)"),
        (_set("question", np.zeros(12, np.float32)), "question is float32 of shape"),
        (_set("question_keys", np.zeros((11, 16), np.uint8)), "question_keys is uint8 of shape"),
        (_set("answer", np.array([None, "x"], object)), "not a file of arrays"),
        (_nan, "answer, row 7: the vector has NaN"),
    ],
)
def test_a_file_that_breaks_a_rule_is_refused(
    dataset: FrozenDataset, change: Callable[[dict[str, Any]], None], words: str
) -> None:
    with pytest.raises(DataError, match=words):
        unpack(packed(dataset, change), "small.npz", D)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 broken"])
def test_another_file_is_refused(content: bytes) -> None:
    with pytest.raises(DataError, match="not a file of arrays"):
        unpack(content, "small.npz", D)


def test_a_text_without_a_vector_is_named(with_vectors: FrozenDataset) -> None:
    embedder = FrozenVectors.of(vector_sets(with_vectors)["small"])
    with pytest.raises(DataError, match="no question vector for 'başka'"):
        embedder.encode(["başka"], "question", None)
