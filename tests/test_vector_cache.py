from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from optbench.core import vector_cache

VECTORS = np.arange(6, dtype=np.float32).reshape(3, 2)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OPTBENCH_CACHE", str(tmp_path))
    return tmp_path / "embeddings"


def test_what_was_written_is_read(cache: Path) -> None:
    assert vector_cache.read("key", 3) is None
    vector_cache.write("key", VECTORS)
    found = vector_cache.read("key", 3)
    assert found is not None
    assert found.dtype == np.float32
    assert np.array_equal(found, VECTORS)
    assert [path.name for path in cache.iterdir()] == ["key.npz"]


def test_without_the_variable_it_lies_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPTBENCH_CACHE")
    monkeypatch.chdir(tmp_path)
    vector_cache.write("key", VECTORS)
    assert (tmp_path / ".optbench" / "cache" / "embeddings" / "key.npz").is_file()


@pytest.mark.parametrize("keep", [0, 1, 40, 200, -1])
def test_a_file_that_was_cut_is_no_answer(cache: Path, keep: int) -> None:
    vector_cache.write("key", VECTORS)
    path = cache / "key.npz"
    path.write_bytes(path.read_bytes()[:keep])
    assert vector_cache.read("key", 3) is None


@pytest.mark.parametrize(
    "arrays",
    [
        {"vectors": VECTORS + 1},
        {"vectors": VECTORS.astype(np.float64)},
        {"vectors": VECTORS[:2]},
        {"vectors": VECTORS.astype(object)},
        {"sha256": np.array("0" * 64)},
        {"vectors": np.float32(1)},
    ],
)
def test_a_file_of_other_vectors_is_no_answer(cache: Path, arrays: dict[str, np.ndarray]) -> None:
    vector_cache.write("key", VECTORS)
    with np.load(cache / "key.npz") as file:
        kept = dict(file)
    np.savez(cache / "key.npz", **(kept | arrays))
    assert vector_cache.read("key", 3) is None


def test_a_missing_array_is_no_answer(cache: Path) -> None:
    cache.mkdir()
    np.savez(cache / "key.npz", vectors=VECTORS)
    assert vector_cache.read("key", 3) is None


def test_a_cache_that_cannot_be_written_is_no_error(cache: Path) -> None:
    cache.write_text("a file where a folder should be")
    vector_cache.write("key", VECTORS)
    assert vector_cache.read("key", 3) is None
