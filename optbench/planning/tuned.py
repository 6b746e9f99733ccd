"""Tuned settings: which trial of which study a selected optimizer is run with on a workload."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from optbench.core.errors import UsageError
from optbench.core.names import counted
from optbench.core.studies import Study, study_key, with_params
from optbench.core.workload import Workload
from optbench.data.studies import beside, read_studies, studies_in
from optbench.planning import defaults
from optbench.planning.entries import Instance
from optbench.planning.plan import Expanded, Expansion
from optbench.planning.run_commands import workload_words
from optbench.planning.selections import Selections
from optbench.planning.trials import trial_params
from optbench.registry import Registry


def known_studies(registry: Registry, stored: Mapping[str, Mapping[str, Any]]) -> dict[str, Study]:
    """Return the studies that come with the installed suites and those of a store, by key: of two, that with more draws.

    Of two with the same number of draws it is the one of the suite, which everybody has.

    Args:
        registry: the installed suites.
        stored: the records of studies in the store.

    Raises:
        DataError: a file of studies breaks a rule.
    """
    found = dict(studies_in(stored.values()))
    for suite in registry.components("suite"):
        for key, study in read_studies(beside(Path(suite.cls.file))).items():
            if key not in found or found[key].budget <= study.budget:
                found[key] = study
    return found


def trials_of(number: int, budget: int) -> Expansion:
    """Return what a search runs for each optimizer: its trials."""

    def expand(optimizer: Instance, _workload: Workload, _name: str) -> Iterator[Expanded]:
        for params in trial_params(optimizer, number, budget):
            yield Expanded(with_params(optimizer.choice, params))

    return expand


def tuned_by(studies: Mapping[str, Study], selections: Selections) -> Expansion:
    """Return what the tuned track runs for each optimizer: the best of the default and the draws of the budget.

    It raises UsageError where an optimizer has not been tuned for a workload with this budget. The optimizer keeps the name
    that it was asked for by, since its hyper-parameters differ from workload to workload.
    """
    number, budget = selections.study, selections.budget
    unusual = [counted(budget, "draw")] * (budget != defaults.BUDGET) + [f"study {number}"] * (number != 0)
    search = f" ({', '.join(unusual)})" if unusual else ""

    def expand(optimizer: Instance, workload: Workload, name: str) -> Iterator[Expanded]:
        study = studies.get(study_key(workload, optimizer.choice, number))
        if study is None or study.budget < budget:
            found = "has not been tuned" if study is None else f"has been tuned with {counted(study.budget, 'draw')} only"
            words = ["optbench", "tune", *(workload_words(selections) or ["--all"]), "-o", optimizer.label]
            words += ["--budget", str(budget), *(["--studies", str(number + 1)] if number else [])]
            raise UsageError(f"optimizer {optimizer.label!r} {found} for workload {name!r}; run first: {shlex.join(words)}")
        yield Expanded(study.within(budget).choice(), optimizer.label + search, "tuned")

    return expand
