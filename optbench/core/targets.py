"""Targets for the validation loss, frozen with how they were made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MORE = 12
"""How many easier targets there are beside the one that decides."""


@dataclass(frozen=True)
class Target:
    """The target of a workload.

    Attributes:
        loss: the validation loss to reach.
        ladder: easier losses, log-spaced between the loss before the first step and this one, in decreasing order; for the
            empirical distribution of running times.
        made: how it was made, as plain values: the baseline, its settings, the seeds and what they reached.
    """

    loss: float
    ladder: tuple[float, ...] = ()
    made: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the target as plain values."""
        return {"loss": self.loss, "ladder": list(self.ladder), "made": dict(self.made)}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Target:
        """Return the target that `as_json` was called on.

        Raises:
            ValueError: a value is missing or no finite number.
        """
        loss, ladder, made = plain.get("loss"), plain.get("ladder", []), plain.get("made", {})
        numbers = [loss, *ladder] if isinstance(ladder, list) else [None]
        if not all(isinstance(one, int | float) and math.isfinite(one) for one in numbers) or not isinstance(made, dict):
            raise ValueError("a target has a loss, a ladder of losses and what it was made of; losses are finite numbers")
        return cls(float(loss), tuple(map(float, ladder)), made)  # type: ignore[arg-type]  # just checked
