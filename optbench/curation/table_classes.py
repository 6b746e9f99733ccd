"""The classes of a target: their names, their order, and the cells that cannot be the name of one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from optbench.core.errors import shown
from optbench.curation.table_reading import MISSING, Cells, inexact, not_a_number
from optbench.data.table import shortest

_CODE = re.compile(r"[+-]?0\d.*", re.ASCII)  # leading zeros, which a number has not


def classes_of(files: Sequence[Cells], target: str, *, as_written: bool) -> tuple[list[str], Mapping[str, int]]:
    """Return the names of the classes in their order, and the number of the class of each cell.

    Numbers are ordered by value, names by their characters.

    Args:
        files: the cells, those of `target` among their texts.
        target: the column.
        as_written: whether numbers are called as they are written; otherwise in the shortest form, unless one of them has
            leading zeros.

    Raises:
        DataError: a cell stands for a missing value, is a whole number that 64-bit floats confuse with another one, or is
            another spelling of the number of an earlier cell.
    """
    _check(files, target)
    distinct = {cell for file in files for cell in file.texts[target]}
    if any(not_a_number(cell) for cell in distinct):
        return _numbered(sorted(distinct))
    cells = sorted(distinct, key=float)
    names, numbers = _numbered(cells)
    if as_written or any(_CODE.fullmatch(cell) for cell in cells):
        return names, numbers
    return [shortest(float(cell) + 0.0) for cell in cells], numbers


def _check(files: Sequence[Cells], target: str) -> None:
    spelled: dict[float, str] = {}
    for file in files:
        for index, cell in enumerate(file.texts[target]):
            if cell.lower() in MISSING:
                rule = (
                    f"{shown(cell)} stands for a missing value; fill it in, or remove the row; a class of that name is renamed"
                )
                raise file.error(index, target, rule)
            if not_a_number(cell):
                continue
            if why := inexact(cell):
                raise file.error(index, target, why)
            other = spelled.setdefault(float(cell), cell)
            if other != cell:
                rule = f"{shown(cell)} and {shown(other)} are two spellings of one number"
                raise file.error(index, target, f"{rule}; spell a class in one way, and add a letter to codes that differ")


def _numbered(names: Iterable[str]) -> tuple[list[str], Mapping[str, int]]:
    listed = list(names)
    return listed, {name: number for number, name in enumerate(listed)}
