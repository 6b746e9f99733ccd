"""From rows, or pairs, to a frozen dataset: divide, encode, measure, write."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from optbench.core.contracts import Embedder
from optbench.core.errors import DataError, printable
from optbench.curation.baselines import Baseline, baselines
from optbench.curation.characters import check_texts
from optbench.curation.encoders import SLOTS
from optbench.curation.encoding import make_vectors
from optbench.curation.generation.journal import Record, records
from optbench.curation.generation.provenance import generated
from optbench.curation.importing import write
from optbench.curation.reading import is_pairs, read
from optbench.curation.row_rules import Source, check_labels, check_together, warn_of_repetitions
from optbench.curation.writing import check_free
from optbench.data.loader import FrozenDataset
from optbench.data.manifest import VectorFile
from optbench.data.provenance import Generated
from optbench.data.rows import Row
from optbench.data.splitting import divide
from optbench.data.vectors import Vectors, by_text


def read_rows(path: Path) -> tuple[list[Row], Generated | None]:
    """Return the rows of a file, and how they were generated if it is a file of pairs by `optbench data generate`.

    Any other file has columns, or objects, of question, answer and label. Rows that repeat an earlier one are reported as a
    warning.

    Raises:
        DataError: the file breaks a rule; the message names file, row and rule.
    """
    name = printable(str(path))
    how = None
    if is_pairs(path):
        how = generated(path)
        source = _source(name, records(path))
        for index, row in enumerate(source.rows):
            check_texts(vars(row), source.place(index))
    else:
        source = Source(name, read(path))
    check_together([source])
    check_labels(source.rows, f"{name}, rows 1 to {len(source.rows)}", "given", "add rows with the other label")
    warn_of_repetitions(source)
    return list(source.rows), how


def freeze(
    folder: Path,
    rows: Sequence[Row],
    about: Mapping[str, Any],
    embedders: Mapping[str, Embedder] | None = None,
    *,
    replace: bool = False,
) -> FrozenDataset:
    """Write a dataset into `folder` and return it: divided 60/20/20 with its name as salt, encoded and measured.

    Equal rows and names give equal texts, bit for bit, on any machine; vectors depend on the libraries that compute them.

    Args:
        folder: where to write it.
        rows: all rows.
        about: the other entries of the manifest, `name` among them.
        embedders: the sets of vectors to compute, by name, and what computes each.
        replace: whether to replace a folder that exists.

    Raises:
        UsageError: the folder already exists.
        DataError: there are too few questions to divide, or a split has one label only.
        OptbenchError: a model is not available.
    """
    check_free(folder, replace=replace)
    splits = divide(rows, about["name"])
    empty = [name for name, members in splits.items() if not members]
    if empty:
        raise DataError(f"{len({row.question for row in rows})} questions are too few: none is left for {', '.join(empty)}")
    for name, members in splits.items():
        check_labels(members, "divided 60/20/20 by question or group", name, "add rows with the other label, in more groups")
    ordered = [row for split in splits.values() for row in split]
    vectors = {name: make_vectors(ordered, name, embedder) for name, embedder in (embedders or {}).items()}
    encode = {name: _answers(entry, content) for name, (entry, content) in vectors.items()}
    measured = baselines(splits["train"], splits["test"], about.get("language", ""), encode)
    slots = {name: slot for name, slot in SLOTS.items() if name not in vectors}
    entries = {**about, "slots": slots, "figures": figures(measured)}
    return write(folder, splits, entries, vectors=vectors, replace=replace)


def _answers(entry: VectorFile, content: bytes) -> Callable[[Sequence[Row]], Vectors]:
    return lambda rows: by_text(content, entry.dimension, "answer", [row.answer for row in rows])


def _source(name: str, lines: Sequence[Record]) -> Source:
    """Return the rows of a file of pairs, each with the number of its line."""
    numbered = [(row, number) for number, line in enumerate(lines, start=1) if line.pair for row in line.pair.rows]
    return Source(name, [row for row, _ in numbered], [number for _, number in numbered])


def figures(measured: Mapping[str, Baseline]) -> dict[str, dict[str, float]]:
    """Return baselines as the manifest keeps them."""
    return {
        model: {"all": round(one.accuracy, 4), **{f"{kind} alone": round(value, 4) for kind, value in one.by_kind.items()}}
        for model, one in measured.items()
    }
