"""Which of the stored runs a command is about: those on the workloads that its options name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from optbench.core.errors import OptbenchError, UsageError
from optbench.core.specs import PROTOCOL, RunResult, canonical
from optbench.core.workload import Workload, workload_of
from optbench.planning.catalogue import Catalogue
from optbench.planning.datasets import find_dataset
from optbench.planning.expressions import parse_expression
from optbench.planning.selections import Selections, settings_of
from optbench.planning.suites import workloads
from optbench.registry import Registry

_AXES = {"architectures": "architecture", "embedders": "embedder", "losses": "loss"}
_SETTINGS = ("epochs", "batch_size", "dtype")

Matcher = Callable[[RunResult], bool]


def on_workloads(
    registry: Registry,
    results: Sequence[RunResult],
    selections: Selections,
    of_suite: Collection[Workload] | None = None,
    protocol: int | None = None,
) -> list[RunResult]:
    """Return the runs on the workloads that a selection names, of all optimizers and seeds.

    What the selection leaves open is not restricted, unlike in a plan. A component or dataset that is installed stands for
    itself with these hyper-parameters, a dataset for the installed version of its rows; others are matched by label.

    Args:
        registry: the installed components.
        results: the runs.
        selections: its suite, optimizers, seeds and track are not read.
        of_suite: the workloads of its suite, from `suite_workloads`; None for any.
        protocol: a protocol version; None for any.

    Raises:
        UsageError: there is neither such a component or dataset nor a run of one.
    """
    found = list(results)
    for matches in _matchers(registry, results, selections):
        found = [run for run in found if matches(run)]
    if of_suite is not None:
        found = [run for run in found if workload_of(run.spec) in of_suite]
    if protocol is not None:
        found = [run for run in found if run.spec.protocol == protocol]
    return found


def suite_workloads(registry: Registry, selections: Selections) -> dict[Workload, str]:
    """Return the workloads of the suite of a selection as runs have them, each with its name there.

    Raises:
        UsageError: there is no such suite, one of its datasets or components is not installed, or what it fixes is selected.
    """
    found = {}
    for name, own in workloads(registry, selections):
        dataset = find_dataset(registry, (own.datasets or [])[0])
        catalogue, settings = Catalogue(registry, [dataset]), settings_of(own)
        choices = {
            kind: canonical(catalogue.select(kind, getattr(own, axis))[0].choice.as_json()) for axis, kind in _AXES.items()
        }
        workload = Workload(
            dataset=dataset.name,
            dataset_digest=dataset.digest,
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            dtype=settings.dtype,
            protocol=PROTOCOL,
            **choices,
        )
        found[workload] = name
    return found


def _matchers(registry: Registry, results: Sequence[RunResult], selections: Selections) -> Iterator[Matcher]:
    for axis, kind in _AXES.items():
        texts = getattr(selections, axis)
        if texts is not None:
            yield _any([_component(registry, results, kind, text) for text in texts])
    if selections.datasets is not None:
        yield _any([_dataset(registry, results, name) for name in selections.datasets])
    for name in _SETTINGS:
        value = getattr(selections, name)
        if value is not None:
            yield _setting(name, value)
    if selections.expression:
        names_match = parse_expression(selections.expression)
        yield lambda run: names_match(_names(run))


def _any(matchers: Sequence[Matcher]) -> Matcher:
    return lambda run: any(matches(run) for matches in matchers)


def _setting(name: str, value: object) -> Matcher:
    return lambda run: getattr(run.spec, name) == value


def _component(registry: Registry, results: Sequence[RunResult], kind: str, text: str) -> Matcher:
    """Return what matches the runs with a component; vectors that come with a dataset are found by their label."""
    try:
        choices = {canonical(one.choice.as_json()) for one in Catalogue(registry).select(kind, [text])}
    except UsageError:
        if not any(getattr(run.labels, kind) == text for run in results):
            raise
        choices = set()
    return lambda run: getattr(run.labels, kind) == text or canonical(getattr(run.spec, kind).as_json()) in choices


def _dataset(registry: Registry, results: Sequence[RunResult], name: str) -> Matcher:
    try:
        dataset = find_dataset(registry, name)
    except OptbenchError:
        if not any(name in {run.labels.dataset, run.spec.dataset} for run in results):
            raise
        return lambda run: name in {run.labels.dataset, run.spec.dataset}
    return lambda run: (run.spec.dataset, run.spec.dataset_digest) == (dataset.name, dataset.digest)


def _names(run: RunResult) -> str:
    labels = run.labels
    return f"{labels.architecture} {labels.embedder} {labels.loss} {run.spec.dataset} {labels.workload}"
