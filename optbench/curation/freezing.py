"""From rows, or pairs, to a frozen dataset: divide, encode, measure, write."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from optbench.core.errors import DataError, UsageError
from optbench.core.files import read_bytes
from optbench.curation.baselines import Baseline, baselines
from optbench.curation.encoding import Encoder, check_encoder, make_vectors
from optbench.curation.generation.journal import pairs
from optbench.curation.generation.provenance import generated
from optbench.curation.importing import check_free, write
from optbench.curation.splitting import divide
from optbench.data.loader import FrozenDataset
from optbench.data.manifest import Slot
from optbench.data.provenance import Generated
from optbench.data.rows import Row, parse
from optbench.data.vectors import by_text

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
KNOWN: Mapping[str, Slot] = {"e5": E5, "minilm": MINILM}
"""Sets of vectors that are known by name."""


def read_rows(path: Path) -> tuple[list[Row], Generated | None]:
    """Return the rows of a file, and how they were generated if it is a file of pairs by `optbench data generate`.

    Any other file has columns, or objects, of question, answer and label.

    Raises:
        DataError: the file breaks a rule; the message names file, row and rule.
    """
    content = read_bytes(path)
    if _has_pairs(content):
        return [row for pair in pairs(path) for row in pair.rows], generated(path)
    return parse(content, str(path), crlf=True), None


def freeze(
    folder: Path,
    rows: Sequence[Row],
    about: Mapping[str, Any],
    sets: Sequence[str] = (),
    encoder: Encoder | None = None,
    *,
    replace: bool = False,
) -> FrozenDataset:
    """Write a dataset into `folder` and return it: divided 60/20/20 with its name as salt, encoded and measured.

    Equal rows and names give equal texts, bit for bit, on any machine; vectors depend on the libraries that compute them.

    Args:
        folder: where to write it.
        rows: all rows.
        about: the other entries of the manifest, `name` among them.
        sets: the sets of vectors to compute; the others of `KNOWN` can be added later.
        encoder: where the model is, and how it computes.
        replace: whether to replace a folder that exists.

    Raises:
        UsageError: the folder already exists, or a set is not known.
        DataError: there are too few questions to divide.
        OptbenchError: a model is not available.
    """
    _check_known(sets)
    check_free(folder, replace=replace)
    splits = divide(rows, about["name"])
    empty = [name for name, members in splits.items() if not members]
    if empty:
        raise DataError(f"{len({row.question for row in rows})} questions are too few: none is left for {', '.join(empty)}")
    ordered = [row for split in splits.values() for row in split]
    vectors = {name: make_vectors(ordered, name, KNOWN[name], encoder or Encoder()) for name in sets}
    answers = [row.answer for row in ordered]
    encoded = {name: by_text(content, entry.dimension, "answer", answers) for name, (entry, content) in vectors.items()}
    slots = {name: slot for name, slot in KNOWN.items() if name not in sets}
    entries = {**about, "slots": slots, "figures": _figures(baselines(ordered, encoded))}
    return write(folder, splits, entries, vectors=vectors, replace=replace)


def check_sets(sets: Sequence[str], encoder: Encoder) -> None:
    """Check that sets of vectors can be computed later: the libraries are installed, and each model is there.

    A model from the Hub is downloaded.

    Raises:
        UsageError: a set is not known.
        OptbenchError: a library or a model is not available; the message says what to do.
    """
    _check_known(sets)
    for name in sets:
        check_encoder(KNOWN[name], encoder)


def _check_known(sets: Sequence[str]) -> None:
    unknown = [name for name in sets if name not in KNOWN]
    if unknown:
        raise UsageError(f"no set of vectors named {unknown[0]!r} (known: {', '.join(KNOWN)})")


def _has_pairs(content: bytes) -> bool:
    """Whether the first line is a JSON object with both answers of a question."""
    try:
        first = json.loads(content.partition(b"\n")[0])
    except ValueError:
        return False
    return isinstance(first, dict) and "correct_answer" in first


def _figures(measured: Mapping[str, Baseline]) -> dict[str, dict[str, float]]:
    return {
        model: {"all": round(one.accuracy, 4), **{f"{kind} alone": round(value, 4) for kind, value in one.by_kind.items()}}
        for model, one in measured.items()
    }
