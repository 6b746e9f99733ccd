"""Which embedder computes a set of vectors, and what is said where none can."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from optbench.core.contracts import Embedder, ModelInfo
from optbench.core.errors import UsageError
from optbench.curation import encoders
from optbench.curation.encoders import SLOTS, Encoder, default_set, find_encoder
from optbench.embedders.sentence_transformer import SentenceTransformer
from optbench.registry import Registry
from optbench.registry.declarations import Component


@dataclass(frozen=True, kw_only=True)
class Offline(Embedder):
    """An embedder with a model of its own."""

    name: ClassVar[str] = "e5-small"

    def model_info(self) -> ModelInfo:
        return ModelInfo(model="offline", model_sha256="0" * 64, normalised=True)


class With:
    """A registry that has one more embedder."""

    def __init__(self, registry: Registry, cls: type[Embedder]) -> None:
        self._registry, self._cls = registry, cls

    def components(self, kind: str) -> list[Component]:
        (like, *_) = found = self._registry.components(kind)
        return [*found, Component(**{**vars(like), "cls": self._cls})]

    def names(self, kind: str) -> list[str]:
        return [*self._registry.names(kind), self._cls.name]

    def find(self, kind: str, name: str) -> Any:
        return next(one for one in self.components(kind) if one.cls.name == name)


def test_the_default_is_what_is_installed(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_set(With(registry, Offline)) == "e5-small"  # type: ignore[arg-type]
    for installed in (True, False):
        monkeypatch.setattr(encoders, "find_spec", lambda _name, installed=installed: installed or None)
        if installed:
            assert default_set(registry) == "e5"
        else:
            with pytest.raises(UsageError, match="install the plugin optbench-e5, which works offline"):
                default_set(registry)


def test_an_embedder_with_a_model_of_its_own_is_found_by_name(registry: Registry) -> None:
    larger = With(registry, Offline)
    assert find_encoder(larger, "e5-small", SLOTS, Encoder()) == Offline()  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="has a model of its own; omit 'other'"):
        find_encoder(larger, "e5-small", SLOTS, Encoder(model="other"))  # type: ignore[arg-type]


def test_a_slot_is_computed_by_sentence_transformers(registry: Registry) -> None:
    found = find_encoder(registry, "e5", SLOTS, Encoder(device="cuda"))
    assert isinstance(found, SentenceTransformer)
    assert (found.model, found.question_prompt, found.answer_prompt) == (
        "ytu-ce-cosmos/turkish-e5-large",
        "query: ",
        "passage: ",
    )
    assert found.device == "cuda"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hashing", "is computed anew in each run"),
        ("e5-small", "e5-small is in the plugin optbench-e5, which is not installed"),
        ("e6", "no set of vectors named 'e6'"),
    ],
)
def test_what_cannot_compute_vectors_is_an_error(registry: Registry, name: str, words: str) -> None:
    if name in registry.names("embedder") and name == "e5-small":
        pytest.skip("the plugin is installed")
    with pytest.raises(UsageError, match=words):
        find_encoder(registry, name, SLOTS, Encoder())
