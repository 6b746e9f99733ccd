"""A cache of vectors in files: a neural encoder takes minutes, reading its result milliseconds."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from optbench.core.files import write_atomically


def folder() -> Path:
    """Return the folder of the files: under OPTBENCH_CACHE, or `.optbench/cache` in the current folder."""
    return Path(os.environ.get("OPTBENCH_CACHE") or ".optbench/cache") / "embeddings"


def cached_vectors(
    texts: Sequence[str], settings: Sequence[Any], compute: Callable[[list[str]], npt.NDArray[np.float32]]
) -> npt.NDArray[np.float32]:
    """Return one vector per text, from the cache if the same texts were encoded before.

    Distinct texts are encoded once, in sorted order, so that their order and repetition do not change a bit.

    Args:
        texts: the texts to encode.
        settings: all that determines the vectors besides the texts, as JSON can write it.
        compute: returns the vectors of distinct texts, shape (len(texts), d).
    """
    distinct = sorted(set(texts))
    key = hashlib.sha256(json.dumps([settings, distinct], sort_keys=True).encode()).hexdigest()
    vectors = read(key, len(distinct))
    if vectors is None:
        vectors = np.ascontiguousarray(compute(distinct), np.float32)
        write(key, vectors)
    place = {text: row for row, text in enumerate(distinct)}
    return vectors[[place[text] for text in texts]]


def read(key: str, rows: int) -> npt.NDArray[np.float32] | None:
    """Return the vectors that are cached under `key`, or None if there are none or the file is damaged."""
    try:
        with (folder() / f"{key}.npz").open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            vectors: npt.NDArray[np.float32] = arrays["vectors"]
            digest = str(arrays["sha256"])
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error):
        return None
    valid = vectors.dtype == np.float32 and vectors.shape[:1] == (rows,)
    return vectors if valid and _digest(vectors) == digest else None


def write(key: str, vectors: npt.NDArray[np.float32]) -> None:
    """Cache vectors under `key`; a cache that cannot be written costs time, not results, so errors are ignored."""
    content = io.BytesIO()
    np.savez(content, vectors=vectors, sha256=np.array(_digest(vectors)))
    with contextlib.suppress(OSError):
        write_atomically(folder() / f"{key}.npz", content.getvalue())


def _digest(vectors: npt.NDArray[np.float32]) -> str:
    return hashlib.sha256(np.ascontiguousarray(vectors).tobytes()).hexdigest()
