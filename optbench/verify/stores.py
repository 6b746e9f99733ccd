"""The runs of two stores, compared without executing any."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from optbench.core.specs import RunResult
from optbench.verify.verdicts import HERE_THERE, Verified, compare


def compare_stores(ours: Iterable[RunResult], theirs: Iterable[RunResult]) -> list[Verified]:
    """Compare the runs of two stores that have the same identity, which is the spec without the source.

    Where both have runs of one source, these are compared; otherwise the last of each.

    Args:
        ours: runs with a final status, in the order of `Store.results`.
        theirs: the same of the other store.

    Returns:
        A verdict on each pair and on each run that only one of the stores has, sorted by key.
    """
    here, there = _by_identity(ours), _by_identity(theirs)
    verified = [
        *(one for identity in here.keys() & there.keys() for one in _pairs(here[identity], there[identity])),
        *_alone(here, there, "only here"),
        *_alone(there, here, "only there"),
    ]
    return sorted(verified, key=lambda one: one.stored.spec.key)


def _by_identity(results: Iterable[RunResult]) -> dict[str, dict[str, RunResult]]:
    """Return the runs of each identity by their source."""
    found: dict[str, dict[str, RunResult]] = {}
    for result in results:
        found.setdefault(result.spec.identity, {})[result.spec.source] = result
    return found


def _pairs(ours: dict[str, RunResult], theirs: dict[str, RunResult]) -> Iterator[Verified]:
    common = [source for source in ours if source in theirs]
    pairs = [(ours[source], theirs[source]) for source in common] or [([*ours.values()][-1], [*theirs.values()][-1])]
    return (compare(one, two, HERE_THERE) for one, two in pairs)


def _alone(
    some: dict[str, dict[str, RunResult]], others: dict[str, dict[str, RunResult]], verdict: Literal["only here", "only there"]
) -> Iterator[Verified]:
    for identity in some.keys() - others.keys():
        run = [*some[identity].values()][-1]
        yield Verified(run, verdict, "the other store has no run of this specification", sides=HERE_THERE)
