"""Vectors that were made once, kept in files: a neural encoder takes minutes, reading its result milliseconds."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt


def folder() -> Path:
    """Return where the files lie: under OPTBENCH_CACHE, or `.optbench/cache` in the current folder."""
    return Path(os.environ.get("OPTBENCH_CACHE") or ".optbench/cache") / "embeddings"


def read(key: str, rows: int) -> npt.NDArray[np.float32] | None:
    """Return the vectors kept under `key`, or None where there are none, or not those that were written."""
    try:
        with (folder() / f"{key}.npz").open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            vectors: npt.NDArray[np.float32] = arrays["vectors"]
            digest = str(arrays["sha256"])
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error):
        return None
    fits = vectors.dtype == np.float32 and vectors.shape[:1] == (rows,)
    return vectors if fits and _digest(vectors) == digest else None


def write(key: str, vectors: npt.NDArray[np.float32]) -> None:
    """Keep vectors under `key`: beside it first, then in one rename, so that no reader ever sees half a file."""
    with contextlib.suppress(OSError):  # a cache that cannot be written costs time, not results
        folder().mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(prefix=f".{key[:16]}-", dir=folder())
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(file, vectors=vectors, sha256=np.array(_digest(vectors)))
                file.flush()
                os.fsync(file.fileno())
            Path(beside).replace(folder() / f"{key}.npz")
        finally:
            Path(beside).unlink(missing_ok=True)


def _digest(vectors: npt.NDArray[np.float32]) -> str:
    return hashlib.sha256(np.ascontiguousarray(vectors).tobytes()).hexdigest()
