"""What a statistic returns where it has no value: the reason, in words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NotAvailable:
    """A statistic that the data do not allow. It is returned, not raised, so that a table can print the reason.

    Attributes:
        reason: one sentence without a full stop, such as "no seed in common".
    """

    reason: str
