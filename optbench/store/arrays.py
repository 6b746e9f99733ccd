"""The arrays of a run as npz, which `numpy.load` reads too."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def pack_arrays(arrays: Mapping[str, Array]) -> bytes:
    """Return arrays as npz, uncompressed."""
    out = io.BytesIO()
    np.savez(out, allow_pickle=False, **arrays)
    return out.getvalue()


def unpack_arrays(content: bytes) -> dict[str, Array]:
    """Return the arrays of an npz file; they cannot be written to.

    `numpy.load` spends most of its time on parsing the headers, which are the same in most runs: here they are parsed once.
    It raises whatever `zipfile` and NumPy raise where the content is not npz.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name.removesuffix(".npy"): _array(archive.read(name)) for name in archive.namelist()}


def _array(content: bytes) -> Array:
    size = 10 + int.from_bytes(content[8:10], "little")  # magic string, version, length of the header, header
    shape, fortran_order, dtype = _header(content[:size])
    array: Array = np.frombuffer(content, dtype, math.prod(shape), size)
    return array.reshape(shape, order="F" if fortran_order else "C")


@lru_cache(maxsize=256)
def _header(content: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    if version != (1, 0):
        raise ValueError(f"npy version {version} is not 1.0")
    return np.lib.format.read_array_header_1_0(file)
