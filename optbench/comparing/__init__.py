"""Two optimizers compared from stored runs: which runs those are, what they show, and the commands that would add to them."""

from __future__ import annotations

from optbench.comparing.pair import compare
from optbench.comparing.sources import Sources

__all__ = ["Sources", "compare"]
