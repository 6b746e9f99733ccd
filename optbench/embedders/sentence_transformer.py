"""Vectors from a neural encoder: any model that sentence-transformers can load, from the Hugging Face Hub or a folder."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import RLock
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from optbench import Embedder, ModelInfo, OptbenchError, Role, cached_vectors, count
from optbench.embedders.model_files import first_line, missing_extra, model_digest, model_name, resolve, weights_digest

LIBRARIES = ("sentence-transformers", "transformers", "torch")
"""The libraries whose versions can change the last bits of a vector."""


@dataclass(frozen=True, kw_only=True)
class SentenceTransformer(Embedder):
    """A sentence encoder. Reimers & Gurevych 2019, EMNLP-IJCNLP, arXiv:1908.10084; computed by sentence-transformers.

    Texts longer than the model's limit are truncated. The model's own prompts are never used, only the two hyper-parameters.
    Some models, such as all-MiniLM-L6-v2, scale to unit length themselves, whatever the value of `normalize`.
    """

    name: ClassVar[str] = "sentence-transformer"
    in_all: ClassVar[bool] = False
    model: str = "sentence-transformers/all-MiniLM-L6-v2"  # a name on the Hub, or a folder
    revision: str | None = None  # of the Hub's model
    local_files_only: bool = False  # do not use the network
    device: str = "cpu"  # where torch computes
    batch_size: int = count(32)  # texts per batch
    question_prompt: str = ""  # before each question
    answer_prompt: str = ""  # before each answer
    normalize: bool = True  # to unit length

    def encode(self, texts: Sequence[str], role: Role, fitted: Any) -> npt.NDArray[np.float32]:
        """Return one vector per text, shape (len(texts), the model's dimension), with the role's prompt before each text."""
        return encode(
            self._folder(),
            texts,
            prompt=self.question_prompt if role == "question" else self.answer_prompt,
            normalize=self.normalize,
            device=self.device,
            batch_size=self.batch_size,
        )

    def model_info(self) -> ModelInfo:
        """Return the model's name and digests, the prompts, and the versions of the libraries."""
        folder = self._folder()
        return ModelInfo(
            model=model_name(self.model),
            model_sha256=model_digest(folder),
            weights_sha256=weights_digest(folder),
            prompts={"question": self.question_prompt, "answer": self.answer_prompt},
            normalised=self.normalize,
            libraries=libraries(),
        )

    def _folder(self) -> Path:
        return resolve(self.model, self.revision, local_files_only=self.local_files_only)


def libraries() -> dict[str, str]:
    """Return the versions of the libraries that compute the vectors.

    Raises:
        MissingExtra: one is not installed.
    """
    try:
        return {name: version(name) for name in LIBRARIES}
    except PackageNotFoundError as error:
        raise missing_extra() from error


def encode(
    folder: Path, texts: Sequence[str], *, prompt: str, normalize: bool, device: str = "cpu", batch_size: int = 32
) -> npt.NDArray[np.float32]:
    """Return one vector per text, shape (len(texts), d), from the cache if the same texts were encoded before.

    Args:
        folder: the model's, as `resolve` returns it.
        texts: the texts to encode.
        prompt: the text before each text; the model's own prompts are not used.
        normalize: whether to scale vectors to unit length.
        device: the device of torch, such as cpu or cuda.
        batch_size: texts per batch; padding makes the last bits depend on it.

    Raises:
        MissingExtra: sentence-transformers is not installed.
        OptbenchError: the folder has no model that can be loaded on the device.
    """
    digest = model_digest(folder)

    def compute(distinct: list[str]) -> npt.NDArray[np.float32]:
        encoder = _load(folder, digest, device)
        with _one_thread():
            vectors: npt.NDArray[np.float32] = encoder.encode(
                distinct,
                prompt=prompt,
                batch_size=batch_size,
                show_progress_bar=sys.stderr.isatty(),
                normalize_embeddings=normalize,
            )
        return vectors

    return cached_vectors(texts, [digest, prompt, normalize, device, batch_size, libraries()], compute)


@lru_cache(maxsize=1)  # a run needs one, and two large models may not fit into memory
def _load(folder: Path, digest: str, device: str) -> Any:  # noqa: ARG001  # the digest is part of the cache's key: a changed folder is loaded again
    try:
        from sentence_transformers import SentenceTransformer as Encoder  # takes seconds to import
        from tqdm import tqdm
        from transformers.utils.logging import disable_progress_bar
    except ImportError as error:
        raise missing_extra() from error
    tqdm.set_lock(RLock())  # its default is a semaphore, which a worker that is killed would leave behind
    if not sys.stderr.isatty():
        disable_progress_bar()
    try:
        encoder = Encoder(str(folder), device=device, local_files_only=True)
    except Exception as error:  # its type depends on what is wrong with the folder
        raise OptbenchError(
            f"{folder} cannot be loaded on {device!r} ({first_line(error)}); give the folder or the name of a model that "
            "sentence-transformers can load, and a device that torch has"
        ) from error
    return encoder.float().eval()  # weights may be stored in half precision


@contextmanager
def _one_thread() -> Iterator[None]:
    """Compute with one thread, as everywhere: more threads give other bits."""
    import torch  # takes seconds to import

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
