"""Computing a set of vectors for a dataset with an embedder that has a model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from optbench.core.contracts import Embedder
from optbench.core.errors import UsageError
from optbench.core.files import write_atomically
from optbench.data.embedded import encode
from optbench.data.loader import FrozenDataset
from optbench.data.manifest import VectorFile
from optbench.data.rows import Row
from optbench.data.vectors import ROLES, beside, distinct_texts, pack


def make_vectors(rows: Sequence[Row], name: str, embedder: Embedder) -> tuple[VectorFile, bytes]:
    """Return the entry and the content of the file of a set of vectors called `name`, for all texts of `rows`.

    Raises:
        MissingExtra: a library of the embedder is not installed.
        OptbenchError: the model is not available.
        UsageError: the embedder has no model, so that nothing can be said of what computed the vectors.
        DataError: it returns something other than one finite float32 vector per text.
    """
    info = embedder.model_info()
    if info is None:
        raise UsageError(
            f"the embedder {embedder.name!r} is computed anew in each run and needs no file of vectors; "
            f"use it with 'optbench run -e {embedder.name}'"
        )
    texts = distinct_texts(rows)
    vectors = {role: encode(embedder, texts[role], role, None) for role in ROLES}
    content = pack(texts, vectors)
    entry = VectorFile(
        file=f"vectors/{name}.npz",
        sha256=hashlib.sha256(content).hexdigest(),
        dimension=vectors["question"].shape[1],
        model=info.model,
        model_sha256=info.model_sha256,
        weights_sha256=info.weights_sha256,
        prompts=dict(info.prompts),
        normalised=info.normalised,
        libraries=dict(info.libraries),
        licence=info.licence,
    )
    return entry, content


def keep_beside(dataset: FrozenDataset, name: str, entry: VectorFile, content: bytes) -> Path:
    """Write a set where it is looked up for a dataset whose own folder must not be changed; return its file."""
    folder = beside(dataset)
    placed = entry.model_copy(update={"file": f"{name}.npz"})
    write_atomically(folder / placed.file, content)
    write_atomically(folder / f"{name}.json", (placed.model_dump_json(indent=2) + "\n").encode())
    return folder / placed.file
