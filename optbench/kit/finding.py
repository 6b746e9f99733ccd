"""The outcome of a check. It imports nothing: the process that supervises the checks need not load NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """The outcome of one check.

    `detail` says what is wrong, or why the check was skipped; `remedy` says what to do about a violation.
    """

    kind: str
    name: str
    check: str
    promise: str
    status: Literal["holds", "violation", "skipped"]
    detail: str = ""
    remedy: str = ""
