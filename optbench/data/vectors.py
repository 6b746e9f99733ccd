"""Sets of vectors for the texts of a dataset, computed once by a model that need not be installed: one file per set.

A set is in the dataset's folder or, if `optbench data embed` made it for an installed dataset, in `.optbench/vectors`. Its file
has four arrays: `question` and `answer`, one float32 row per distinct text, and `question_keys` and `answer_keys`, the first 16
bytes of each text's SHA-256, by which rows are looked up.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, get_args

import numpy as np
import numpy.typing as npt

from optbench.core.contracts import Embedder, Role
from optbench.core.errors import DataError
from optbench.data.loader import FrozenDataset
from optbench.data.manifest import VectorFile, checked_bytes, read_vector_file
from optbench.data.rows import Row

ROLES: tuple[Role, ...] = get_args(Role)
BESIDE = Path(".optbench/vectors")
"""Where sets are that are not in their dataset's folder: in a subfolder named after the first digits of its digest."""
_KEY = 16
_DIMENSIONS = 2

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True)
class VectorSet:
    """A set of vectors that is available: its entry, and the folder of its file."""

    name: str
    folder: Path
    entry: VectorFile


def beside(dataset: FrozenDataset) -> Path:
    """Return the folder for sets of `dataset` that are not in its own."""
    return BESIDE / dataset.manifest.digest[:16]  # the same texts, however they are divided


def vector_sets(dataset: FrozenDataset) -> dict[str, VectorSet]:
    """Return the sets of vectors that are available for `dataset`, by name.

    Raises:
        DataError: the entry of a set breaks a rule.
    """
    own = {name: VectorSet(name, dataset.folder, entry) for name, entry in dataset.manifest.vectors.items()}
    added = {
        path.stem: VectorSet(path.stem, path.parent, read_vector_file(path)) for path in sorted(beside(dataset).glob("*.json"))
    }
    return dict(sorted({**added, **own}.items()))


def pack(texts: Mapping[Role, Sequence[str]], vectors: Mapping[Role, Vectors]) -> bytes:
    """Return the file of a set: equal texts and vectors give equal bytes."""
    arrays: dict[str, Any] = {}
    for role in ROLES:
        arrays[role] = vectors[role]
        arrays[f"{role}_keys"] = np.frombuffer(b"".join(map(_key, texts[role])), np.uint8).reshape(-1, _KEY)
    out = io.BytesIO()
    np.savez_compressed(out, allow_pickle=False, **arrays)
    return out.getvalue()


def distinct_texts(rows: Iterable[Row]) -> dict[Role, list[str]]:
    """Return the distinct questions and answers, in the order of their first appearance."""
    rows = list(rows)
    return {role: list(dict.fromkeys(getattr(row, role) for row in rows)) for role in ROLES}


def unpack(content: bytes, path: str, dimension: int) -> dict[Role, dict[bytes, Vectors]]:
    """Return the vectors of a file by role and key.

    Raises:
        DataError: the file breaks a rule; the message names file, row and rule.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (ValueError, OSError, zipfile.BadZipFile, EOFError) as error:
        raise DataError(f"{path} is not a file of arrays: {error}") from error
    return {role: _by_key(arrays, role, path, dimension) for role in ROLES}


def _by_key(arrays: Mapping[str, Any], role: Role, path: str, dimension: int) -> dict[bytes, Vectors]:
    vectors, keys = arrays.get(role), arrays.get(f"{role}_keys")
    if vectors is None or keys is None:
        raise DataError(f"{path} has no arrays {role!r} and '{role}_keys' (arrays: {', '.join(sorted(arrays)) or 'none'})")
    if vectors.dtype != np.float32 or vectors.ndim != _DIMENSIONS or vectors.shape[1] != dimension:
        raise DataError(f"{path}: {role} is {vectors.dtype} of shape {vectors.shape}; it must be float32, (texts, {dimension})")
    if keys.dtype != np.uint8 or keys.shape != (len(vectors), _KEY):
        raise DataError(
            f"{path}: {role}_keys is {keys.dtype} of shape {keys.shape}; it must be uint8, ({len(vectors)}, {_KEY})"
        )
    broken = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if broken.size:
        raise DataError(f"{path}: {role}, row {broken[0] + 1}: the vector has NaN or infinity")
    return {key.tobytes(): vector for key, vector in zip(keys, vectors, strict=True)}


def by_text(content: bytes, dimension: int, role: Role, texts: Sequence[str]) -> Vectors:
    """Return the vectors of `texts`, shape (len(texts), dimension), from the content of a set's file."""
    known = unpack(content, "the new set", dimension)[role]
    return np.array([known[_key(text)] for text in texts])


@dataclass(frozen=True, kw_only=True)
class FrozenVectors(Embedder):
    """An embedder that looks texts up in a set of vectors."""

    name: ClassVar[str] = "frozen-vectors"
    folder: Path
    file: str
    sha256: str
    dimension: int

    @classmethod
    def of(cls, vectors: VectorSet) -> FrozenVectors:
        """Return the embedder of a set."""
        entry = vectors.entry
        return cls(folder=vectors.folder.resolve(), file=entry.file, sha256=entry.sha256, dimension=entry.dimension)

    def encode(self, texts: Sequence[str], role: Role, fitted: Any) -> Vectors:
        """Return the stored vector of each text, shape (len(texts), dimension).

        Raises:
            DataError: the file is not the one that was frozen, breaks a rule, or lacks a text.
        """
        known = _load(self.folder, self.file, self.sha256, self.dimension)[role]
        missing = [text for text in texts if _key(text) not in known]
        if missing:
            raise DataError(
                f"{self.folder / self.file} has no {role} vector for {missing[0][:60]!r} and {len(missing) - 1} more"
            )
        return np.array([known[_key(text)] for text in texts])


@lru_cache(maxsize=2)
def _load(folder: Path, file: str, sha256: str, dimension: int) -> dict[Role, dict[bytes, Vectors]]:
    content = checked_bytes(folder, file, sha256)
    return unpack(content, str(folder / file), dimension)


def check(sets: Iterable[VectorSet], dataset: FrozenDataset) -> None:
    """Check that each set is the one that was frozen and has all texts of the dataset.

    Raises:
        DataError: one is not; the message names file, row and rule.
    """
    texts = distinct_texts(dataset.rows)
    for vectors in sets:
        embedder = FrozenVectors.of(vectors)
        for role in ROLES:
            embedder.encode(texts[role], role, None)


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()[:_KEY]
