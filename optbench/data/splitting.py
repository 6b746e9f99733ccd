"""Dividing rows into training, validation and test, stratified, without randomness."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from optbench.data.manifest import SPLITS
from optbench.data.rows import Row
from optbench.data.same_text import representatives

SHARES: Mapping[str, float] = {"train": 3, "validation": 1, "test": 1}
"""The sizes of the splits relative to each other: 60/20/20."""


def divide(rows: Sequence[Row], salt: str, shares: Mapping[str, float] = SHARES) -> dict[str, list[Row]]:
    """Divide `rows` by group (by question, for a row without a group), so that no group is in two splits.

    Within each topic and kind, groups are sorted by the SHA-256 of `salt` and their name, and each goes to the split that is
    furthest below its share. Equal rows and salt give equal splits on any machine. If each question has both labels, each split
    has as many of one as of the other.
    """
    spelling = representatives(row.question for row in rows if not row.group)
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.group or spelling[row.question], []).append(row)
    strata: dict[tuple[str, str], list[str]] = {}
    for name, members in groups.items():
        strata.setdefault((members[0].topic, members[0].kind), []).append(name)
    splits: dict[str, list[Row]] = {split: [] for split in SPLITS}
    for _, names in sorted(strata.items()):
        for name in sorted(names, key=lambda name: _hash(salt, name)):
            splits[_furthest_below_share(splits, shares)] += groups[name]
    return {split: sorted(members, key=lambda row: _hash(salt, row.question, row.answer)) for split, members in splits.items()}


def _furthest_below_share(splits: Mapping[str, Sequence[Row]], shares: Mapping[str, float]) -> str:
    """The split with the fewest rows relative to its share; of equal ones the first."""
    return min(SPLITS, key=lambda split: (len(splits[split]) / shares[split], SPLITS.index(split)))


def _hash(*parts: str) -> bytes:
    return hashlib.sha256("\n".join(parts).encode()).digest()
