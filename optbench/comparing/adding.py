"""The commands that add runs to a comparison: those that are missing, and further seeds."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from optbench.analysis.grouping import seed_ranges, variant_of
from optbench.analysis.opponents import Asked, Opponent
from optbench.analysis.pair_comparison import PairComparison
from optbench.analysis.pair_notes import pair_notes
from optbench.analysis.sources import OTHER_SOURCE, source_marks
from optbench.comparing.sources import Sources
from optbench.core.errors import NothingSelected, OptbenchError
from optbench.core.specs import Choice, Labels, RunResult
from optbench.core.workload import Workload, workload_of
from optbench.planning.catalogue import Catalogue
from optbench.planning.run_commands import Commands
from optbench.planning.selections import Selections
from optbench.planning.source_digest import installed_source


class Adding:
    """Writes the commands that add runs to a comparison.

    Args:
        sources: what the comparison is made from.
        runs: the runs on the workloads that it is about.
        named: the workloads of the suite that was asked for, each with its name there; None without a suite.
        on: what was asked for.
    """

    def __init__(
        self, sources: Sources, runs: Iterable[RunResult], named: Mapping[Workload, str] | None, on: Selections
    ) -> None:
        self._registry = sources.registry
        self._labels: dict[Workload, Labels | None] = dict.fromkeys(named or ())
        self._on = on
        self._seeds: set[int] = set(on.seeds or ())
        for run in runs:
            self._labels[workload_of(run.spec)] = run.labels
            if on.seeds is None:
                self._seeds.add(run.spec.seed)
        self._track = next((run.labels.track for run in runs), on.track)
        self._commands = Commands(
            registry=self._registry, track=self._track, store=sources.store, suite=on.suite, names=named or {}
        )

    def without_runs(self, asked: tuple[Asked, Asked], found: tuple[Opponent | None, Opponent | None]) -> NothingSelected:
        """Return the error where an optimizer has no runs, with the command that adds them.

        The command names both where both are installed, so that their seeds are planned together.
        """
        missing = [side.label or side.text for side, opponent in zip(asked, found, strict=True) if opponent is None]
        other = next((opponent for opponent in found if opponent is not None), None)
        here = "" if self._on == Selections(track=self._on.track) else " on such a workload"
        return self._nothing(
            f"no stored runs of {' or '.join(missing)}{here}",
            [side.label for side in asked if side.label] if self._track == "default" else missing,
            other.variants if other else (),
        )

    def without_pairs(self, pair: tuple[Opponent, Opponent]) -> NothingSelected:
        """Return the error where no workload has runs of both, with the command that adds them."""
        one, two = pair
        seeds = f" with seeds {seed_ranges(self._on.seeds)}" if self._on.seeds is not None else ""
        what = f"{one.label} and {two.label} have no workload in common{seeds}"
        try:
            texts = [self._text(opponent) for opponent in pair]
        except OptbenchError as error:
            return NothingSelected(f"{what}, and none can be added here: {error}")
        return self._nothing(what, texts, one.variants.keys() & two.variants.keys() or one.variants)

    def _nothing(self, what: str, texts: Sequence[str], workloads: Collection[Workload]) -> NothingSelected:
        seeds = seed_ranges(tuple(self._seeds)).replace(" ", "")
        try:
            if workloads and self._on.suite is None:
                commands = self._commands.write(texts, {workload: self._labels[workload] for workload in workloads}, seeds)
            else:
                commands = self._commands.write_options(texts, self._on, seeds)
        except OptbenchError as error:
            return NothingSelected(f"{what}, and none can be added here: {error}")
        return NothingSelected(f"{what}; add them with: {'; '.join(commands)}")

    def to(self, pair: PairComparison, opponents: tuple[Opponent, Opponent], own: Sequence[RunResult]) -> PairComparison:
        """Return the comparison with its notes and commands.

        Args:
            pair: the comparison.
            opponents: A and B.
            own: all of their runs.
        """
        notes = list(pair_notes(pair, own, self._on.seeds))
        repeated = self._repeated(opponents, own)
        notes += [
            f"{label} was computed by another version of its source than the installed one; sources are never mixed, so "
            "commands repeat its runs"
            for label in sorted({label for label, _ in repeated})
        ]
        notes += self._renamed(opponents)
        lacking: dict[tuple[Workload, tuple[int, ...]], list[str]] = {}
        for one in pair.missing:
            seeds = {*one.seeds, *repeated.get((one.optimizer, one.workload), ())}
            lacking.setdefault((one.workload, tuple(sorted(seeds))), []).append(one.optimizer)
        missing = [(tuple(labels), seeds, workload) for (workload, seeds), labels in lacking.items()]
        both = tuple(opponent.label for opponent in opponents)
        further = [
            (both, tuple(sorted({*seeds, *(seed for label in both for seed in repeated.get((label, workload), ()))})), workload)
            for workload, seeds in pair.further.items()
        ]
        by_label = {opponent.label: opponent for opponent in opponents}
        return replace(
            pair,
            completing=self._written(by_label, missing, notes),
            continuing=self._written(by_label, further, notes),
            notes=tuple(dict.fromkeys(notes)),
        )

    def _written(
        self,
        opponents: Mapping[str, Opponent],
        runs: Iterable[tuple[tuple[str, ...], tuple[int, ...], Workload]],
        notes: list[str],
    ) -> tuple[str, ...]:
        """Return the commands for runs: labels of optimizers, seeds and a workload. What cannot be run here becomes a note."""
        together: dict[tuple[tuple[str, ...], tuple[int, ...]], list[Workload]] = {}
        for labels, seeds, workload in runs:
            together.setdefault((labels, seeds), []).append(workload)
        commands: list[str] = []
        for (labels, seeds), workloads in together.items():
            try:
                commands += self._commands.write(
                    [self._text(opponents[label]) for label in labels],
                    {workload: self._labels[workload] for workload in workloads},
                    seed_ranges(seeds).replace(" ", ""),
                )
            except OptbenchError as error:
                notes.append(f"runs cannot be added here: {error}")
        return tuple(commands)

    def _text(self, opponent: Opponent) -> str:
        """Return an optimizer as a command names it, whatever its label was when its runs were stored.

        Raises:
            UsageError: it is not installed.
        """
        if self._track == "tuned":
            return opponent.label
        choice = json.loads(next(iter(opponent.variants.values())).optimizer)
        return Catalogue(self._registry).instantiate("optimizer", Choice.from_json(choice)).label

    def _renamed(self, opponents: Iterable[Opponent]) -> Iterator[str]:
        """Yield a note for each optimizer whose defaults are others than when it was run."""
        for opponent in opponents:
            with suppress(OptbenchError):  # it is not installed
                if (text := self._text(opponent)) != opponent.label:
                    yield f"{opponent.label} is written {text} now: defaults have changed since it was run"

    def _repeated(self, opponents: Iterable[Opponent], own: Sequence[RunResult]) -> dict[tuple[str, Workload], set[int]]:
        """Return the seeds that were computed by another version of the source, by optimizer and workload."""
        marks = source_marks(own, lambda spec: installed_source(self._registry, spec))
        found: dict[tuple[str, Workload], set[int]] = {}
        for run in own:
            workload = workload_of(run.spec)
            for opponent in opponents:
                if marks.get(run.spec.key) == OTHER_SOURCE and opponent.variants.get(workload) == variant_of(run):
                    found.setdefault((opponent.label, workload), set()).add(run.spec.seed)
        return found
