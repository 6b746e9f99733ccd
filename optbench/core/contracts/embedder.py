"""The contract of an embedder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

Role: TypeAlias = Literal["question", "answer"]


class Embedder:
    """A map from texts to vectors. Subclass it as a frozen, keyword-only dataclass whose fields are its hyper-parameters."""

    name: ClassVar[str]
    in_all: ClassVar[bool] = True
    """False for an embedder whose requirements are not installed everywhere: `--all` skips it, naming it runs it."""

    def fit(self, texts: Sequence[str]) -> Any:
        """Fit to the training texts (question and answer of each row) and return what `encode` needs; None by default."""
        return None

    def encode(self, texts: Sequence[str], role: Role, fitted: Any) -> npt.NDArray[np.float32]:
        """Return one vector per text, shape (len(texts), d), float32. The arguments are passed by position.

        Args:
            texts: questions or answers.
            role: which of the two they are; some models use a different prompt for each.
            fitted: what `fit` returned.
        """
        raise NotImplementedError
