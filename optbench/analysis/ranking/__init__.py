"""A pool of optimizers, ranked: with intervals, not with single ranks."""

from __future__ import annotations

from optbench.analysis.ranking.plain import as_rows
from optbench.analysis.ranking.ranking import Overall, Ranking, rank
from optbench.analysis.ranking.words import sentences

__all__ = ["Overall", "Ranking", "as_rows", "rank", "sentences"]
