"""What an embedder promises."""

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
"""What is learnt from."""
OTHERS = (
    "Gravity is a force.",
    "Çekirdeğin yükü nedir?",
    "zyxwv",
    "?",
    "7 × 6 = 42",
    "ağaç " * 400,
)
"""What was not seen in training: unknown words, none at all, many."""
_CLOSE = 1e-4  # a batch of other size may take another way through BLAS


def digest(embedder: Any) -> str:
    """Return the SHA-256 of the vectors of all texts, in both roles."""
    learnt = embedder.fit(list(TRAINING))
    total = hashlib.sha256()
    for role in ROLES:
        total.update(np.ascontiguousarray(embedder.encode([*TRAINING, *OTHERS], role, learnt)).tobytes())
    return total.hexdigest()


@rule("shapes and types", "return np.ndarray of float32 with one row a text, and as many columns for one text as for many")
def shapes_and_types(subject: Subject) -> Violations:
    """`encode` returns float32 of shape (n, d), d being the same for any number of texts, in either role."""
    learnt = subject.thing.fit(list(TRAINING))
    for role in ROLES:
        widths = set()
        for texts in (TRAINING, OTHERS, TRAINING[:1]):
            vectors = subject.thing.encode(list(texts), role, learnt)
            if not isinstance(vectors, np.ndarray):
                yield f"{role}s become {type(vectors).__name__}"
            elif vectors.dtype != np.float32 or vectors.ndim != 2 or len(vectors) != len(texts) or not vectors.size:
                yield f"{len(texts)} {role}s become {vectors.dtype.name} of shape {vectors.shape}"
            else:
                widths.add(vectors.shape[1])
        if len(widths) > 1:
            yield f"{role}s have {' or '.join(map(str, sorted(widths)))} numbers, as many as there are texts"


@rule("finite", "give a text without a known word a vector of zeros; divide by no norm that may be 0")
def finite(subject: Subject) -> Violations:
    """No text, of unknown words or of none, becomes NaN or infinity."""
    learnt = subject.thing.fit(list(TRAINING))
    for role in ROLES:
        for text in (*TRAINING, *OTHERS):
            if not np.isfinite(subject.thing.encode([text], role, learnt)).all():
                yield f"{text[:30]!r} does, as a {role}"


@rule("roles", 'accept "question" and "answer"; where the role makes no difference, leave it unused')
def roles(subject: Subject) -> Violations:
    """Both roles are accepted."""
    learnt = subject.thing.fit(list(TRAINING))
    for role in ROLES:
        subject.thing.encode(list(TRAINING[:2]), role, learnt)
    yield from ()


@rule("one text, one vector", "let a vector follow from its own text and what was learnt, not from the texts that come with it")
def one_text_one_vector(subject: Subject) -> Violations:
    """A text has the same vector alone and among others, in whatever order."""
    learnt = subject.thing.fit(list(TRAINING))
    texts = [*TRAINING, *OTHERS]
    for role in ROLES:
        together = subject.thing.encode(texts, role, learnt).copy()
        backwards = subject.thing.encode(texts[::-1], role, learnt)[::-1]
        alone = np.vstack([subject.thing.encode([text], role, learnt) for text in texts])
        for name, vectors in (("in another order", backwards), ("alone", alone)):
            if vectors.shape != together.shape or not np.allclose(vectors, together, rtol=_CLOSE, atol=_CLOSE):
                yield f"{role}s have other vectors {name}"


@rule("fitted on training texts only", "learn in fit and return what was learnt; encode reads it, and keeps nothing")
def fitted_on_training_texts_only(subject: Subject) -> Violations:
    """`encode` learns nothing: neither other texts, encoded before, nor another `fit` change what a text becomes."""
    thing = copy.deepcopy(subject.thing)
    learnt = thing.fit(list(TRAINING))
    before = thing.encode(list(TRAINING), "question", learnt).copy()
    thing.encode(list(OTHERS), "answer", learnt)
    if not np.array_equal(thing.encode(list(TRAINING), "question", learnt), before):
        yield "encoding other texts changes the vectors"
    thing.fit(list(OTHERS))
    if not np.array_equal(thing.encode(list(TRAINING), "question", learnt), before):
        yield "another fit changes the vectors: what it learns is kept outside what it returns"


RULES = (shapes_and_types, finite, roles, one_text_one_vector, fitted_on_training_texts_only)
