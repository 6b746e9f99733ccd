"""Dividing questions into training, validation and test: 60/20/20, stratified, without randomness."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from optbench.data.manifest import SPLITS
from optbench.data.rows import Row

SHARES: Mapping[str, int] = {"train": 3, "validation": 1, "test": 1}


def divide(rows: Sequence[Row], salt: str) -> dict[str, list[Row]]:
    """Divide `rows` by group (by question, where a row names no group), so that no group stands on two sides.

    Within each topic and kind, groups stand in order of the SHA-256 of `salt` and their name, and go where most is missing of
    the shares: equal rows and salt give equal splits on any machine. Each question has both labels, so labels are balanced too.
    """
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.group or row.question, []).append(row)
    strata: dict[tuple[str, str], list[str]] = {}
    for name, members in groups.items():
        strata.setdefault((members[0].topic, members[0].kind), []).append(name)
    splits: dict[str, list[Row]] = {split: [] for split in SPLITS}
    for _, names in sorted(strata.items()):
        for name in sorted(names, key=lambda name: _hash(salt, name)):
            splits[_neediest(splits)] += groups[name]
    return {split: sorted(members, key=lambda row: _hash(salt, row.question, row.answer)) for split, members in splits.items()}


def _neediest(splits: Mapping[str, Sequence[Row]]) -> str:
    """The split that has least of what it is due; of equal ones the first."""
    return min(SPLITS, key=lambda split: (len(splits[split]) / SHARES[split], SPLITS.index(split)))


def _hash(*parts: str) -> bytes:
    return hashlib.sha256("\n".join(parts).encode()).digest()
