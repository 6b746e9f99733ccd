"""The `optbench run` commands that add runs on the workloads of stored ones."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from optbench.core.errors import UsageError
from optbench.core.plans import Track
from optbench.core.specs import PROTOCOL, Choice, Labels
from optbench.core.workload import Workload
from optbench.planning import defaults
from optbench.planning.catalogue import Catalogue
from optbench.planning.datasets import find_dataset
from optbench.planning.selections import Selections
from optbench.planning.selectors import parse_selection
from optbench.planning.suites import SuiteFile, SuiteWorkload, find_suite
from optbench.registry import Registry

_OPTIONS = {
    "-m": "architectures",
    "-e": "embedders",
    "-d": "datasets",
    "--loss": "losses",
    "-k": "expression",
    "--epochs": "epochs",
    "--batch-size": "batch_size",
    "--dtype": "dtype",
}
_SEARCH = re.compile(r"(?P<label>.*) \((?:(?P<budget>\d+) draws)?(?:, )?(?:study (?P<study>\d+))?\)")
"""The label of a tuned optimizer whose search is not the usual one; see `planning.tuned`."""


_RUN = ("optbench", "run")
_AXES = ("-m", "-e", "-d")


@dataclass(frozen=True)
class Box:
    """Workloads that one command runs: every combination of some architectures, embedders and datasets.

    Attributes:
        axes: their labels, in this order.
        loss: empty where it is the datasets' own.
        epochs: passes over the training rows.
        batch_size: rows per step.
        dtype: of weights and inputs.
    """

    axes: tuple[tuple[str, ...], ...]
    loss: str
    epochs: int
    batch_size: int
    dtype: str

    def words(self) -> list[str]:
        """Return it as options of `optbench run`, without those that have their default."""
        words = [word for option, texts in zip(_AXES, self.axes, strict=True) for text in texts for word in (option, text)]
        settings = {
            "--loss": (self.loss, ""),
            "--epochs": (self.epochs, defaults.EPOCHS),
            "--batch-size": (self.batch_size, defaults.BATCH_SIZE),
            "--dtype": (self.dtype, defaults.DTYPE),
        }
        for option, (value, default) in settings.items():
            words += [option, str(value)] * (value != default)
        return words


def workload_words(selections: Selections) -> list[str]:
    """Return the options that select the workloads of a selection, as words of a command line."""
    words = ["--suite", selections.suite] if selections.suite else []
    for option, name in _OPTIONS.items():
        value = getattr(selections, name)
        values = [] if value is None or value == "" else [value] if isinstance(value, str | int) else value
        words += [word for one in values for word in (option, str(one))]
    return words


@dataclass(frozen=True, kw_only=True)
class Commands:
    """Writes commands that add runs to a store.

    Attributes:
        registry: the installed components.
        track: of the runs.
        store: the file that keeps them.
        suite: the suite whose workloads were asked for; None where it is to be found.
        names: the name in that suite of each of its workloads.
    """

    registry: Registry
    track: Track
    store: Path
    suite: str | None = None
    names: Mapping[Workload, str]

    def write(self, optimizers: Sequence[str], workloads: Mapping[Workload, Labels | None], seeds: str) -> list[str]:
        """Return the commands that run optimizers on workloads, one where possible.

        Args:
            optimizers: their labels.
            workloads: where to run them, with the labels of a stored run; None for a workload of `suite` without one.
            seeds: such as "5-19".

        Raises:
            UsageError: a workload cannot be run with what is installed.
        """
        return [command for where in self._where(workloads) for command in self._written(optimizers, where, seeds)]

    def write_options(self, optimizers: Sequence[str], selections: Selections, seeds: str) -> list[str]:
        """Return the commands that run optimizers on the workloads of a selection; empty `seeds` for the default ones."""
        return self._written(optimizers, workload_words(selections), seeds)

    def _written(self, optimizers: Sequence[str], where: Sequence[str], seeds: str) -> list[str]:
        searches: dict[tuple[str, ...], list[str]] = {}
        for label in optimizers:
            text, options = _search(label) if self.track == "tuned" else (label, ())
            searches.setdefault(options, []).append(text)
        tail = ["--seeds", seeds] * bool(seeds) + ["--track", self.track] * (self.track != "default")
        store = ["--store", str(self.store)] * (self.store != defaults.STORE)
        return [
            shlex.join([*_RUN, *(word for text in texts for word in ("-o", text)), *where, *tail, *options, *store])
            for options, texts in searches.items()
        ]

    def _where(self, workloads: Mapping[Workload, Labels | None]) -> Iterator[list[str]]:
        if self.suite is not None:
            suites = {self.suite: [self.names[workload] for workload in workloads]}
        else:
            suites = {
                name: [_named(find_suite(self.registry, name), *one) for one in workloads.items()]
                for name in self.registry.names("suite")
            }
        for name, wanted in suites.items():
            suite = find_suite(self.registry, name)
            if all(wanted) and (_selects(suite, wanted) or None in workloads.values()):
                yield ["--suite", name, *(["-k", " or ".join(sorted(wanted))] if len(wanted) < len(suite.workload) else [])]
                return
        for box in _merged([_box(self.registry, workload, labels) for workload, labels in workloads.items() if labels]):
            yield box.words()


def _selects(suite: SuiteFile, wanted: Sequence[str]) -> bool:
    """Return whether `-k` with these names selects no other workload of the suite."""
    others = (one for one in suite.workload if one.name not in wanted)
    texts = [f"{one.architecture} {one.embedder} {one.loss} {one.dataset} {one.name}".lower() for one in others]
    return not any(name.lower() in text for name in wanted for text in texts)


def _search(label: str) -> tuple[str, tuple[str, ...]]:
    match = _SEARCH.fullmatch(label)
    if not match:
        return label, ()
    options = [word for name in ("budget", "study") if match[name] for word in (f"--{name}", match[name])]
    return match["label"], tuple(options)


def _named(suite: SuiteFile, workload: Workload, labels: Labels | None) -> str:
    """Return the name of a workload in a suite; empty where it is not one of it."""
    return next((one.name for one in suite.workload if labels and _is(one, workload, labels)), "")


def _is(one: SuiteWorkload, workload: Workload, labels: Labels) -> bool:
    fixed = (labels.workload, workload.dataset_digest, workload.epochs, workload.batch_size, workload.dtype)
    if fixed != (one.name, one.digest, one.epochs, one.batch_size, defaults.DTYPE):
        return False
    # One may be written as `kappa=1e6` and the other as `kappa=1e+06`.
    pairs = ((one.architecture, labels.architecture), (one.embedder, labels.embedder), (one.loss, labels.loss))
    return all(parse_selection(written) == parse_selection(label) for written, label in pairs)


def _box(registry: Registry, workload: Workload, labels: Labels) -> Box:
    """Return a workload as options, with the labels that its components have now: defaults may have changed.

    Raises:
        UsageError: a component, or this version of the dataset, is not installed.
    """
    dataset = find_dataset(registry, labels.dataset)
    if dataset.digest != workload.dataset_digest or workload.protocol != PROTOCOL:
        raise UsageError(f"dataset {workload.dataset!r} has other rows now, or the protocol is another")
    catalogue = Catalogue(registry, [dataset])
    architecture, embedder, loss = (
        catalogue.instantiate(kind, Choice.from_json(json.loads(getattr(workload, kind)))).label
        for kind in ("architecture", "embedder", "loss")
    )
    own = "" if loss == dataset.manifest.loss else loss
    settings = workload.epochs, workload.batch_size, workload.dtype
    return Box(((architecture,), (embedder,), (labels.dataset,)), own, *settings)


def _merged(boxes: Sequence[Box]) -> list[Box]:
    """Join boxes that differ in one axis alone, until none do."""
    found = list(boxes)
    for place in range(len(_AXES)):
        joined: dict[Box, list[str]] = {}
        for box in found:
            joined.setdefault(_with(box, place, ()), []).extend(box.axes[place])
        found = [_with(box, place, tuple(sorted(texts))) for box, texts in joined.items()]
    return found


def _with(box: Box, place: int, texts: tuple[str, ...]) -> Box:
    return replace(box, axes=(*box.axes[:place], texts, *box.axes[place + 1 :]))
