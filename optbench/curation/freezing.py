"""From rows, or pairs, to a frozen dataset: divide, encode, measure, write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from optbench.core.errors import DataError, UsageError, printable
from optbench.curation.baselines import Baseline, baselines
from optbench.curation.characters import check_texts
from optbench.curation.encoding import Encoder, make_vectors
from optbench.curation.generation.journal import pairs
from optbench.curation.importing import check_free, write
from optbench.curation.reading import is_pairs, read
from optbench.curation.row_rules import Source, check_labels, check_together, warn_of_repetitions
from optbench.curation.splitting import divide
from optbench.data.loader import FrozenDataset
from optbench.data.manifest import Slot
from optbench.data.rows import Row
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


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a file: of pairs, as `optbench data generate` writes them, or of question, answer and label.

    Rows that repeat an earlier one are reported as a warning.

    Raises:
        DataError: the file breaks a rule; the message names file, row and rule.
    """
    name = printable(str(path))
    if is_pairs(path):
        source = Source(name, [row for pair in pairs(path) for row in pair.rows], rows_per_line=2)
        for index, row in enumerate(source.rows):
            check_texts(vars(row), source.place(index))
    else:
        source = Source(name, read(path))
    check_together([source])
    check_labels(source.rows, f"{name}, rows 1 to {len(source.rows)}", "given", "add rows with the other label")
    warn_of_repetitions(source)
    return list(source.rows)


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
        DataError: there are too few questions to divide, or a split has one label only.
        OptbenchError: a model is not available.
    """
    unknown = [name for name in sets if name not in KNOWN]
    if unknown:
        raise UsageError(f"no set of vectors named {unknown[0]!r} (known: {', '.join(KNOWN)})")
    check_free(folder, replace=replace)
    splits = divide(rows, about["name"])
    empty = [name for name, members in splits.items() if not members]
    if empty:
        raise DataError(f"{len({row.question for row in rows})} questions are too few: none is left for {', '.join(empty)}")
    for name, members in splits.items():
        check_labels(members, "divided 60/20/20 by question or group", name, "add rows with the other label, in more groups")
    ordered = [row for split in splits.values() for row in split]
    vectors = {name: make_vectors(ordered, name, KNOWN[name], encoder or Encoder()) for name in sets}
    answers = [row.answer for row in ordered]
    encoded = {name: by_text(content, entry.dimension, "answer", answers) for name, (entry, content) in vectors.items()}
    slots = {name: slot for name, slot in KNOWN.items() if name not in sets}
    entries = {**about, "slots": slots, "figures": _figures(baselines(ordered, encoded))}
    return write(folder, splits, entries, vectors=vectors, replace=replace)


def _figures(measured: Mapping[str, Baseline]) -> dict[str, dict[str, float]]:
    return {
        model: {"all": round(one.accuracy, 4), **{f"{kind} alone": round(value, 4) for kind, value in one.by_kind.items()}}
        for model, one in measured.items()
    }
