"""Finding the embedder that computes a set of vectors: registered by a plugin, or a slot with sentence-transformers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.util import find_spec

from optbench.core.contracts import Embedder
from optbench.core.errors import UsageError, nearest
from optbench.data.manifest import Slot
from optbench.embedders.sentence_transformer import SentenceTransformer
from optbench.registry import Registry

E5 = Slot(
    model="ytu-ce-cosmos/turkish-e5-large",
    dimension=1024,
    prompts={"question": "query: ", "answer": "passage: "},
    normalised=True,
)
MINILM = Slot(
    model="sentence-transformers/all-MiniLM-L6-v2",
    dimension=384,
    prompts={"question": "", "answer": ""},
    normalised=True,
)
SLOTS: Mapping[str, Slot] = {"e5": E5, "minilm": MINILM}
"""Sets of vectors that sentence-transformers computes, known by name."""
OFFLINE = "e5-small"
"""The set of the plugin optbench-e5, whose package contains its model."""
NONE = "none"
"""Stands for no set of vectors."""


@dataclass(frozen=True)
class Encoder:
    """Where the model of a slot is, and how sentence-transformers computes."""

    model: str | None = None
    """A name or folder, in place of the slot's."""
    revision: str | None = None
    local_files_only: bool = False
    device: str = "cpu"
    batch_size: int = 32

    def of(self, slot: Slot) -> SentenceTransformer:
        """Return the embedder that computes the vectors of a slot."""
        return SentenceTransformer(
            model=self.model or slot.model,
            revision=self.revision or (None if self.model else slot.revision),
            local_files_only=self.local_files_only,
            device=self.device,
            batch_size=self.batch_size,
            question_prompt=slot.prompts["question"],
            answer_prompt=slot.prompts["answer"],
            normalize=slot.normalised,
        )


def find_encoder(registry: Registry, name: str, slots: Mapping[str, Slot], encoder: Encoder) -> Embedder:
    """Return the embedder that computes the set of vectors called `name`.

    Args:
        registry: the registered components.
        name: that of a registered embedder without hyper-parameters, or of a slot.
        slots: the slots by name.
        encoder: for a slot, where its model is and how it computes.

    Raises:
        UsageError: there is none; the message says which there are and what can be installed.
    """
    offline = sorted(_offline(registry))
    if name in offline:
        if encoder.model is not None:
            raise UsageError(f"the embedder {name!r} has a model of its own; omit {encoder.model!r}, or choose another name")
        embedder: Embedder = registry.find("embedder", name).cls()
        return embedder
    if name in registry.names("embedder"):
        raise UsageError(
            f"the embedder {name!r} is computed anew in each run and has no file of vectors; use it with "
            f"'optbench run -e {name}'"
        )
    if name in slots:
        return encoder.of(slots[name])
    known = sorted({*slots, *offline})
    hint = f"; {name} is in the plugin optbench-e5, which is not installed" if name == OFFLINE else ""
    raise UsageError(f"no set of vectors named {name!r}{hint or nearest(name, known)} (known: {', '.join(known) or 'none'})")


def default_set(registry: Registry) -> str:
    """Return the set of vectors that can be computed here: that of a plugin with a model of its own, else e5.

    Raises:
        UsageError: nothing that computes vectors is installed; the message says what to install.
    """
    offline = sorted(_offline(registry))
    if offline:
        return OFFLINE if OFFLINE in offline else offline[0]
    if find_spec("sentence_transformers"):
        return "e5"
    raise UsageError(
        "no embedder with a model is installed: install the plugin optbench-e5, which works offline, or "
        f"'optbench[embed]' for turkish-e5-large; --embedder {NONE} makes a dataset without vectors, for hashing and tfidf"
    )


def _offline(registry: Registry) -> list[str]:
    """The registered embedders that can be frozen: with a model, and without hyper-parameters that would name another."""
    classes = {component.name: component.cls for component in registry.components("embedder")}
    return [name for name, cls in classes.items() if cls.model_info is not Embedder.model_info and not fields(cls)]
