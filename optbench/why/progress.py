"""How far the search for a learning rate has come, as the stored runs tell."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cached_property

from optbench.analysis.rate_search import DECADES, MOST, best_step, refinement, worth
from optbench.analysis.scores import score
from optbench.core.specs import FINAL
from optbench.store import Store
from optbench.training.job import Job
from optbench.why.members import TUNING_SEEDS, Cell


class Progress:
    """What the runs in a store say about the grid of each cell.

    Args:
        store: the stored runs. They are read when a question needs them, each once.
    """

    most_half_decades = (MOST - len(DECADES)) * len(TUNING_SEEDS)
    """The most jobs that the second stage of a cell can have."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._losses: dict[str, float] = {}
        self._decades: dict[Cell, dict[int, list[Job]]] = {}

    def decades(self, cell: Cell) -> list[Job]:
        """Return the jobs of the first stage."""
        return _flat(self._first(cell))

    def half_decades(self, cell: Cell) -> list[Job]:
        """Return the jobs of the second stage, for which the first one must have ended."""
        return _flat(self._second(cell))

    def worths(self, cell: Cell) -> dict[int, float]:
        """Return how well each point did, both stages together; empty where there is no rate to choose."""
        points = self._first(cell) | self._second(cell)
        return {step: worth([self._loss(job) for job in jobs]) for step, jobs in sorted(points.items())}

    def chosen(self, cell: Cell) -> int:
        """Return the chosen point."""
        worths = self.worths(cell)
        return best_step(worths) if worths else 0

    def count_missing(self, jobs: Iterable[Job]) -> int:
        """Return how many of these jobs have no final result."""
        return len({job.spec.key for job in jobs} - self._finished)

    @cached_property
    def _finished(self) -> set[str]:
        return self._store.finished()

    def _first(self, cell: Cell) -> dict[int, list[Job]]:
        if cell not in self._decades:
            self._decades[cell] = cell.tuning_jobs(cell.decades())
        return self._decades[cell]

    def _second(self, cell: Cell) -> dict[int, list[Job]]:
        first = self._first(cell)
        if not first:
            return {}
        return cell.tuning_jobs(refinement({step: worth([self._loss(job) for job in jobs]) for step, jobs in first.items()}))

    def _loss(self, job: Job) -> float:
        """Return the best validation loss of a run; infinity where it diverged or did not end."""
        key = job.spec.key
        if key not in self._losses:
            found = self._store.results([key])
            loss = score("best_val_loss", found[0], math.nan) if found and found[0].status in FINAL else math.inf
            diverged = not found or found[0].status != "ok" or math.isnan(loss)
            self._losses[key] = math.inf if diverged else loss
        return self._losses[key]


def _flat(points: dict[int, list[Job]]) -> list[Job]:
    return [job for jobs in points.values() for job in jobs]
