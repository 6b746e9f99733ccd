"""The numbers of a table as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from optbench import Array, Embedder


@dataclass(frozen=True, kw_only=True)
class Raw(Embedder):
    """The numbers of a table as they are: columns of very different scales make a badly conditioned problem. Source: none."""

    name: ClassVar[str] = "raw"
    takes: ClassVar[Literal["texts", "table"]] = "table"

    def encode_table(self, features: Array, fitted: Any) -> Array:
        """Return `features`."""
        return features
