"""From a file of pairs to the record of how they were generated."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from optbench.core.errors import DataError
from optbench.core.files import read_bytes
from optbench.curation.generation.journal import Record, records
from optbench.data.provenance import Generated


def generated(path: Path) -> Generated:
    """Return how the pairs in a file were generated.

    Raises:
        DataError: it has no pairs, breaks a rule, or its pairs were not generated alike; the message names file and row.
    """
    lines = records(path)
    common = _common(lines[0])
    for row, record in enumerate(lines, start=1):
        different = [name for name, value in _common(record).items() if value != common[name]]
        if different:
            raise DataError(
                f"{path}, row {row}: its {different[0].replace('_', ' ')} is not that of row 1; a dataset is made of "
                "pairs that were generated alike; separate the files, and freeze or import their rows"
            )
    refused = sum((Counter(record.refused) for record in lines), Counter[str]())
    accepted = [record for record in lines if record.pair]
    return Generated(
        **common,
        server_versions=list(dict.fromkeys(record.ollama_version for record in lines)),
        first_user_prompt=lines[0].prompt.user,
        pairs_sha256=hashlib.sha256(read_bytes(path)).hexdigest(),
        pairs=len(accepted),
        given_up=lines[-1].index + 1 - len(accepted),
        attempts=len(accepted) + refused.total(),
        refused=dict(sorted(refused.items())),
        prompt_tokens=_sum([record.prompt_tokens for record in accepted]),
        answer_tokens=_sum([record.answer_tokens for record in accepted]),
        first=min(record.asked for record in lines),
        last=max(record.answered for record in lines),
    )


def _common(record: Record) -> dict[str, Any]:
    """What is equal in all lines of a file of pairs."""
    return {
        "model": record.model,
        "model_digest": record.model_digest,
        "seed": record.seed,
        "language": record.language,
        "options": record.options.model_dump(exclude={"seed"}),
        "format_sha256": record.format_sha256,
        "system_prompt": record.prompt.system,
    }


def _sum(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None
