"""Computing a set of vectors for a dataset with a neural encoder."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from optbench.core.files import write_atomically
from optbench.data.loader import FrozenDataset
from optbench.data.manifest import Slot, VectorFile
from optbench.data.rows import Row
from optbench.data.vectors import ROLES, beside, distinct_texts, pack
from optbench.embedders.model_files import model_digest, resolve
from optbench.embedders.sentence_transformer import encode, libraries

WEIGHTS = "model.safetensors"


@dataclass(frozen=True)
class Encoder:
    """Where the model of a slot is, and how it computes."""

    model: str | None = None
    """A name or folder, in place of the slot's."""
    revision: str | None = None
    local_files_only: bool = False
    device: str = "cpu"
    batch_size: int = 32


def make_vectors(rows: Sequence[Row], name: str, slot: Slot, encoder: Encoder) -> tuple[VectorFile, bytes]:
    """Return the entry and the content of the file of a set of vectors called `name`, for all texts of `rows`.

    Raises:
        MissingExtra: sentence-transformers is not installed.
        OptbenchError: the model is not available.
    """
    folder = _folder(slot, encoder)
    texts = distinct_texts(rows)
    vectors = {
        role: encode(
            folder,
            texts[role],
            prompt=slot.prompts[role],
            normalize=slot.normalised,
            device=encoder.device,
            batch_size=encoder.batch_size,
        )
        for role in ROLES
    }
    content = pack(texts, vectors)
    entry = VectorFile(
        file=f"vectors/{name}.npz",
        sha256=hashlib.sha256(content).hexdigest(),
        dimension=vectors["question"].shape[1],
        model=slot.model if encoder.model is None else Path(encoder.model).name,
        model_sha256=model_digest(folder),
        weights_sha256=_weights(folder),
        prompts=slot.prompts,
        normalised=slot.normalised,
        libraries=libraries(),
    )
    return entry, content


def check_encoder(slot: Slot, encoder: Encoder) -> None:
    """Check that `make_vectors` can compute a set: the libraries are installed and the model is there, or is downloaded.

    Raises:
        MissingExtra: sentence-transformers is not installed.
        OptbenchError: the model is not available.
    """
    libraries()
    _folder(slot, encoder)


def keep_beside(dataset: FrozenDataset, name: str, entry: VectorFile, content: bytes) -> Path:
    """Write a set where it is looked up for a dataset whose own folder must not be changed; return its file."""
    folder = beside(dataset)
    placed = entry.model_copy(update={"file": f"{name}.npz"})
    write_atomically(folder / placed.file, content)
    write_atomically(folder / f"{name}.json", (placed.model_dump_json(indent=2) + "\n").encode())
    return folder / placed.file


def _folder(slot: Slot, encoder: Encoder) -> Path:
    """Return the folder of the model."""
    revision = encoder.revision or (None if encoder.model else slot.revision)
    return resolve(encoder.model or slot.model, revision, local_files_only=encoder.local_files_only)


def _weights(folder: Path) -> str | None:
    path = folder / WEIGHTS
    if not path.exists():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
