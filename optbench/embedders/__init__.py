"""The built-in embedders, registered through the same entry-point group as those of plugins."""

from __future__ import annotations

from optbench import Embedder, hookimpl
from optbench.embedders.hashing import Hashing
from optbench.embedders.raw import Raw
from optbench.embedders.sentence_transformer import SentenceTransformer
from optbench.embedders.standardized import Standardized
from optbench.embedders.tfidf import TfIdf


@hookimpl
def optbench_embedders() -> list[type[Embedder]]:
    """Return the built-in embedders."""
    return [Hashing, Raw, SentenceTransformer, Standardized, TfIdf]
