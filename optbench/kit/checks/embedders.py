"""The rules of embedders."""

from __future__ import annotations

import copy
import hashlib
from typing import Any, get_args

import numpy as np

from optbench.core.contracts import Role
from optbench.kit.rules import Subject, Violations, rule

ROLES = get_args(Role)
TRAINING = (
    "Işık nedir?",
    "Işık, gözün gördüğü elektromanyetik dalgadır.",
    "Which force keeps planets in their orbits?",
    "Gravity, which falls with the square of the distance.",
    "İvme nasıl ölçülür?",
    "Hızın zamana göre değişimi metre bölü saniye kare ile ölçülür.",
    "What is a cell?",
    "A cell is the smallest unit of life.",
)
"""The texts that an embedder is fitted to."""
OTHERS = (
    "Gravity is a force.",
    "Çekirdeğin yükü nedir?",
    "zyxwv",
    "?",
    "7 × 6 = 42",
    "ağaç " * 400,
)
"""Texts it is not fitted to: with unknown words, without words, with many."""
_CLOSE = 1e-4  # BLAS may use another kernel for another number of rows


def digest(embedder: Any) -> str:
    """Return the SHA-256 of the vectors of all texts, in both roles."""
    fitted = embedder.fit(list(TRAINING))
    total = hashlib.sha256()
    for role in ROLES:
        total.update(np.ascontiguousarray(embedder.encode([*TRAINING, *OTHERS], role, fitted)).tobytes())
    return total.hexdigest()


@rule(
    "shapes and types", "return a float32 array with one row per text, and as many columns for one text as for many", basic=True
)
def shapes_and_types(subject: Subject) -> Violations:
    """`encode` returns float32 of shape (n, d), where d does not depend on the number of texts, in either role."""
    fitted = subject.instance.fit(list(TRAINING))
    for role in ROLES:
        widths = set()
        for texts in (TRAINING, OTHERS, TRAINING[:1]):
            vectors = subject.instance.encode(list(texts), role, fitted)
            if not isinstance(vectors, np.ndarray):
                yield f"encode returns {type(vectors).__name__} for {role}s"
            elif vectors.dtype != np.float32 or vectors.ndim != 2 or len(vectors) != len(texts) or not vectors.size:
                yield f"encode returns {vectors.dtype.name} of shape {vectors.shape} for {len(texts)} {role}s"
            else:
                widths.add(vectors.shape[1])
        if len(widths) > 1:
            yield f"vectors of {role}s have {' or '.join(map(str, sorted(widths)))} numbers, depending on the number of texts"


@rule("finite", "return a vector of zeros for a text without a known word; do not divide by a norm that may be 0")
def finite(subject: Subject) -> Violations:
    """No vector has NaN or infinity, not even that of a text with unknown words or without words."""
    fitted = subject.instance.fit(list(TRAINING))
    for role in ROLES:
        for text in (*TRAINING, *OTHERS):
            if not np.isfinite(subject.instance.encode([text], role, fitted)).all():
                yield f"the vector of the {role} {text[:30]!r} is not finite"


@rule("roles", 'accept "question" and "answer"; leave the argument unused if the role has no effect', basic=True)
def roles(subject: Subject) -> Violations:
    """Both roles are accepted."""
    fitted = subject.instance.fit(list(TRAINING))
    for role in ROLES:
        subject.instance.encode(list(TRAINING[:2]), role, fitted)
    yield from ()


@rule(
    "one text, one vector",
    "compute a vector from its own text and `fitted` alone, not from the other texts of the call",
    after=("finite", "fitted on training texts only"),
)
def one_text_one_vector(subject: Subject) -> Violations:
    """A text has the same vector alone and among others, in any order."""
    fitted = subject.instance.fit(list(TRAINING))
    texts = [*TRAINING, *OTHERS]
    for role in ROLES:
        together = subject.instance.encode(texts, role, fitted).copy()
        reversed_order = subject.instance.encode(texts[::-1], role, fitted)[::-1]
        alone = np.vstack([subject.instance.encode([text], role, fitted) for text in texts])
        for name, vectors in (("in another order", reversed_order), ("alone", alone)):
            if vectors.shape != together.shape or not np.allclose(vectors, together, rtol=_CLOSE, atol=_CLOSE):
                yield f"{role}s have other vectors {name}"


@rule("fitted on training texts only", "return all that is fitted from fit; encode must neither change it nor keep anything")
def fitted_on_training_texts_only(subject: Subject) -> Violations:
    """Neither other texts, encoded before, nor another `fit` change the vector of a text."""
    embedder = copy.deepcopy(subject.instance)
    fitted = embedder.fit(list(TRAINING))
    before = embedder.encode(list(TRAINING), "question", fitted).copy()
    embedder.encode(list(OTHERS), "answer", fitted)
    if not np.array_equal(embedder.encode(list(TRAINING), "question", fitted), before):
        yield "encoding other texts changes the vectors"
    embedder.fit(list(OTHERS))
    if not np.array_equal(embedder.encode(list(TRAINING), "question", fitted), before):
        yield "another fit changes the vectors: it keeps something outside of what it returns"


RULES = (roles, shapes_and_types, finite, fitted_on_training_texts_only, one_text_one_vector)
