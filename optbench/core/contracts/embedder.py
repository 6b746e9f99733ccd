"""The contract of an embedder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

import numpy as np

from optbench.core.numerics import Array

if TYPE_CHECKING:
    import numpy.typing as npt

Role: TypeAlias = Literal["question", "answer"]


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """The model behind an embedder: what must be known to compute its vectors again."""

    model: str
    """Its name, with what distinguishes it from others of the same name, such as the precision of its weights."""
    model_sha256: str
    """Of all its files, or of its only file."""
    weights_sha256: str | None = None
    """Of the file of its weights, as published."""
    prompts: Mapping[Role, str] = field(default_factory=lambda: {"question": "", "answer": ""})
    """The text before each question and each answer."""
    normalised: bool
    """Whether vectors have unit length."""
    licence: str = ""
    """That of the weights."""
    libraries: Mapping[str, str] = field(default_factory=dict)
    """The versions of the libraries that compute the vectors, by name."""


class Embedder:
    """A map from texts, or from rows of numbers, to vectors. Subclass it as a frozen, keyword-only dataclass.

    The fields are its hyper-parameters. One for texts defines `encode`, one for tables `encode_table`.
    """

    name: ClassVar[str]
    takes: ClassVar[Literal["texts", "table"]] = "texts"
    """The kind of dataset that it embeds: questions and answers, or a table of numbers."""
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

    def fit_table(self, features: Array) -> Any:
        """Fit to the features of the training rows, shape (rows, columns), and return what `encode_table` needs."""
        return None

    def encode_table(self, features: Array, fitted: Any) -> Array:
        """Return one vector per row of `features`, (rows, columns), as an array of shape (rows, d).

        Args:
            features: numbers, float64.
            fitted: what `fit_table` returned.
        """
        raise NotImplementedError

    def model_info(self) -> ModelInfo | None:
        """Return what computes the vectors, so that `optbench data embed` can freeze them with a dataset.

        None, the default, is for an embedder that is computed anew in each run, such as one that is fitted to training texts.
        """
        return None
