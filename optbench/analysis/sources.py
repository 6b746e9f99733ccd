"""Runs of one spec from several versions of the source: which are shown, and which are marked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from optbench.analysis.grouping import variant_of
from optbench.core.specs import RunResult, RunSpec
from optbench.core.workload import workload_of

OTHER_SOURCE = "other source"
NOT_INSTALLED = "not installed"


def select_sources(
    results: Sequence[RunResult], installed: Callable[[RunSpec], str | None]
) -> tuple[list[RunResult], list[RunResult]]:
    """Divide results so that each optimizer has the runs of one source only on each workload.

    Args:
        results: runs in the order in which they were stored.
        installed: returns the digest of the installed source for a spec, None where a component is not installed.

    Returns:
        The runs of the installed source, or where it has none those of the source whose run was stored last; and all other
        runs. Both keep the order of `results`.
    """
    chosen: set[str] = set()
    for source, runs in _groups(results, installed):
        available = [run.spec.source for run in runs]
        shown = source if source in available else available[-1]
        chosen |= {run.spec.key for run in runs if run.spec.source == shown}
    return (
        [result for result in results if result.spec.key in chosen],
        [result for result in results if result.spec.key not in chosen],
    )


def source_marks(results: Iterable[RunResult], installed: Callable[[RunSpec], str | None]) -> dict[str, str]:
    """Return the keys of the runs that the installed source did not compute, each with `other source` or `not installed`."""
    return {
        run.spec.key: NOT_INSTALLED if source is None else OTHER_SOURCE
        for source, runs in _groups(results, installed)
        for run in runs
        if run.spec.source != source
    }


def _groups(
    results: Iterable[RunResult], installed: Callable[[RunSpec], str | None]
) -> Iterator[tuple[str | None, list[RunResult]]]:
    """Yield the runs of each optimizer on each workload with the digest of the source that would run it now."""
    groups: dict[object, list[RunResult]] = {}
    for result in results:
        groups.setdefault((workload_of(result.spec), variant_of(result).optimizer), []).append(result)
    for runs in groups.values():
        yield installed(runs[0].spec), runs
