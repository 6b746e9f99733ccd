"""What the rows of a new dataset must satisfy together: one label per pair, one split per question, both labels per split."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from optbench.core.errors import DataError, shown
from optbench.core.turkish import folds
from optbench.data.records import Place
from optbench.data.rows import Row

FEW = 30
"""Fewer rows than this in a split are worth a warning."""
_ALIKE = "up to case, spaces, Unicode form and final punctuation"


@dataclass(frozen=True)
class Source:
    """Rows in the order of the file that they were read from."""

    file: str
    rows: Sequence[Row]
    numbers: Sequence[int] = ()
    """The number of each row in the file, where it is not counted from 1: a line of a file of pairs gives two rows or none."""

    def place(self, index: int) -> Place:
        """Return where in the file the row of this index is, for messages."""
        return Place(self.file, self.numbers[index] if self.numbers else index + 1)


_Origin = tuple[Source, int]


def check_together(sources: Sequence[Source]) -> None:
    """Check that no two rows contradict each other.

    Several sources are splits, and a question belongs to one of them. A single source has yet to be divided by group, and a
    question belongs to one group. Texts are the same if they share a form of `folds`.

    Raises:
        DataError: a pair of question and answer has both labels, or a question is in two splits or groups; the message names
            both rows.
    """
    # Rows with the same question often follow each other, and folding is what takes most of the time.
    forms = lru_cache(maxsize=1024)(lambda text: sorted(folds(text)))
    pairs: dict[tuple[str, str], _Origin] = {}
    questions: dict[str, _Origin] = {}
    for source in sources:
        for index, row in enumerate(source.rows):
            here = source, index
            for pair in product(forms(row.question), forms(row.answer)):
                _check_label(here, pairs.setdefault(pair, here))
            for form in forms(row.question):
                _check_question(here, questions.setdefault(form, here))


def check_labels(rows: Sequence[Row], place: str, split: str, remedy: str) -> None:
    """Check that a split has both labels.

    A network that is trained on one label learns a constant, and one that is selected or tested on one need not do better.

    Args:
        rows: the rows of the split.
        place: the file and rows that they come from, for the message.
        split: the split's name.
        remedy: what the user can do.

    Raises:
        DataError: there is one label only.
    """
    if len({row.label for row in rows}) == 1:
        raise DataError(
            f"{place}: every label of the {split} rows is {rows[0].label} (the first question: {shown(rows[0].question)}); "
            f"each split must have both labels, 1 and -1; {remedy}"
        )


def warn_of_repetitions(source: Source) -> None:
    """Issue a warning where rows repeat an earlier one of their source exactly."""
    first: dict[tuple[str, str, int], int] = {}
    repeated = [
        (index, earlier)
        for index, row in enumerate(source.rows)
        if (earlier := first.setdefault((row.question, row.answer, row.label), index)) != index
    ]
    if not repeated:
        return
    index, earlier = repeated[0]
    count = f"{len(repeated)} rows repeat" if len(repeated) > 1 else "1 row repeats"
    warnings.warn(
        f"{source.place(index)}: question, answer and label are those of row {source.place(earlier).row}; {count} an earlier "
        "row of this file, and each counts as a row of its own; remove them unless this is intended",
        stacklevel=3,
    )


def small_splits(sizes: Mapping[str, int]) -> list[str]:
    """Return a warning for each split with fewer than `FEW` rows, from the number of rows of each."""
    return [
        f"the {name} split has {count} rows; with fewer than {FEW}, differences between results are mostly chance"
        for name, count in sizes.items()
        if count < FEW
    ]


def _check_label(here: _Origin, first: _Origin) -> None:
    (source, index), (other, earlier) = here, first
    row, before = source.rows[index], other.rows[earlier]
    if row.label != before.label:
        same = (row.question, row.answer) == (before.question, before.answer)
        raise source.place(index).error(
            f"the answer {shown(row.answer)} to the question {shown(row.question)} has the label {row.label}, but "
            f"{before.label} in {other.place(earlier)}{'' if same else f' (the same {_ALIKE})'}; keep the right one"
        )


def _check_question(here: _Origin, first: _Origin) -> None:
    (source, index), (other, earlier) = here, first
    row, before = source.rows[index], other.rows[earlier]
    alike = "" if row.question == before.question else f" as {shown(before.question)} (the same {_ALIKE})"
    what = f"the question {shown(row.question)} is also in {other.place(earlier)}{alike}"
    if source is not other:
        rule = "a question belongs to one split: move all its rows to one file, or remove one of them"
        raise source.place(index).error(f"{what}; {rule}")
    if row.group != before.group:
        rule = "a question belongs to one group, which is never divided: write the same group in both rows"
        raise source.place(index).error(f"{what}, with the group {shown(before.group)} instead of {shown(row.group)}; {rule}")
