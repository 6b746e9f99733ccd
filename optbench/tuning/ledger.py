"""The ledger of a search: what it cost, what it found, and what to distrust."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from optbench.analysis.statistics import budget_curve
from optbench.core.studies import Study
from optbench.planning.catalogue import Catalogue
from optbench.planning.trials import edges, searched
from optbench.registry import Registry


@dataclass(frozen=True)
class Entry:
    """What one study found.

    Attributes:
        study: the study.
        curve: the expected objective of the best of the default and n draws, for n = 0, 1, ...; see `budget_curve`.
        edges: hyper-parameters whose best value is in the outer 5 % of a logarithmic range.
        worse_than: optimizers that this one contains, and that are better when tuned with the same budget: it is under-tuned.
    """

    study: Study
    curve: tuple[float, ...]
    edges: tuple[str, ...]
    worse_than: tuple[str, ...]

    @property
    def flags(self) -> list[str]:
        """What to distrust, in words."""
        flags = [f"edge of the range: {name}" for name in self.edges]
        return flags + [f"under-tuned: worse than {name}, which it contains" for name in self.worse_than]

    def as_json(self) -> dict[str, Any]:
        """Return the entry as plain values; None stands for infinity."""
        study, best = self.study, self.study.trials[self.study.best()]
        return {
            "workload": study.name,
            "optimizer": study.label,
            "study": study.number,
            "budget": study.budget,
            "best": study.best(),
            "params": dict(best.params),
            "objective": _plain(best.objective),
            "default": _plain(study.trials[0].objective),
            "curve": list(map(_plain, self.curve)),
            "trials": len(study.trials),
            "diverged": sum(math.isinf(trial.objective) for trial in study.trials),
            "evaluations": sum(trial.evaluations for trial in study.trials),
            "seconds": round(sum(trial.seconds for trial in study.trials), 3),
            "edges": list(self.edges),
            "under_tuned": list(self.worse_than),
        }


@dataclass(frozen=True)
class Cost:
    """What tuning an optimizer cost, over all workloads."""

    optimizer: str
    studies: int
    trials: int
    improved: int
    """Studies in which a draw was better than the default."""
    evaluations: float
    seconds: float
    flagged: int

    def as_json(self) -> dict[str, Any]:
        """Return the cost as plain values."""
        return {
            "optimizer": self.optimizer,
            "studies": self.studies,
            "trials": self.trials,
            "improved": self.improved,
            "evaluations": self.evaluations,
            "seconds": round(self.seconds, 1),
            "flagged": self.flagged,
        }


def ledger(studies: Iterable[Study], registry: Registry) -> list[Entry]:
    """Return an entry for each study, by workload and optimizer in the order in which they come.

    Args:
        studies: of equal budgets where they are to be compared.
        registry: the installed optimizers: their spaces, and which other optimizers they contain.
    """
    known = list(studies)
    by_place = {(study.workload, study.label, study.number): study for study in known}
    catalogue = Catalogue(registry)
    entries = []
    for study in known:
        optimizer = catalogue.instantiate("optimizer", study.optimizer)
        spaces, best = searched(optimizer), study.trials[study.best()].params
        moved = {name: value for name, value in best.items() if value != study.trials[0].params[name]}
        contained = [by_place.get((study.workload, name, study.number)) for name in _contained(registry, study.label)]
        entries.append(
            Entry(
                study,
                tuple(budget_curve(study.trials[0].objective, [trial.objective for trial in study.trials[1:]]).tolist()),
                tuple(edges(spaces, moved)),
                tuple(other.label for other in contained if other is not None and _worse(study, other)),
            )
        )
    return entries


def costs(entries: Sequence[Entry]) -> list[Cost]:
    """Return what each optimizer cost, sorted by name."""
    found = []
    for label in sorted({entry.study.label for entry in entries}):
        own = [entry for entry in entries if entry.study.label == label]
        trials = [trial for entry in own for trial in entry.study.trials]
        found.append(
            Cost(
                label,
                len(own),
                len(trials),
                sum(entry.study.best() > 0 for entry in own),
                sum(trial.evaluations for trial in trials),
                sum(trial.seconds for trial in trials),
                sum(bool(entry.flags) for entry in own),
            )
        )
    return found


def _contained(registry: Registry, label: str) -> list[str]:
    """Return the optimizers that one contains, those that these contain included."""
    found: list[str] = []
    waiting = [label]
    while waiting:
        name = waiting.pop()
        contains: Sequence[str] = ()
        if name in registry.names("optimizer"):
            contains = getattr(registry.find("optimizer", name).cls, "contains", ())
        new = [one for one in contains if one not in found]
        found += new
        waiting += new
    return found


def _worse(study: Study, other: Study) -> bool:
    """Whether a study ended worse than another on every tuning seed: the interval from 3 pairs, of 75 %, excludes 0."""
    own, others = study.trials[study.best()].losses, other.within(study.budget).trials
    best = other.within(study.budget).best()
    return len(others) == len(study.trials) and all(a > b for a, b in zip(own, others[best].losses, strict=True))


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None
