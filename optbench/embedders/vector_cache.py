"""A cache of vectors in files: a neural encoder takes minutes, reading its result milliseconds."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import zipfile
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from optbench import write_atomically


def folder() -> Path:
    """Return the folder of the files: under OPTBENCH_CACHE, or `.optbench/cache` in the current folder."""
    return Path(os.environ.get("OPTBENCH_CACHE") or ".optbench/cache") / "embeddings"


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
