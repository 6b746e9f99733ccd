"""The plans of a store: written before runs are executed, read to tell tracks and planned seeds apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from optbench.core.errors import StoreError
from optbench.core.plans import Plan, Track
from optbench.core.seeding import RESERVED
from optbench.core.specs import Labels, RunResult
from optbench.core.workload import group_of
from optbench.store import Store
from optbench.training.job import Job


def plans_of(jobs: Iterable[Job]) -> Iterator[Plan]:
    """Yield the plans of these jobs: one where all variants have the same track and seeds, as they do within a command."""
    seeds: dict[str, set[int]] = {}
    labels: dict[str, Labels] = {}
    for job in jobs:
        group = group_of(job.spec)
        seeds.setdefault(group, set()).add(job.spec.seed)
        labels[group] = job.labels
    together: dict[tuple[Track, tuple[int, ...]], list[str]] = {}
    for group, own in seeds.items():
        together.setdefault((labels[group].track, tuple(sorted(own))), []).append(group)
    for (track, planned), groups in together.items():
        yield Plan(
            track,
            planned,
            {group: labels[group].optimizer for group in groups},
            {group: labels[group].workload for group in groups if labels[group].workload},
        )


def stored_plans(store: Store) -> list[Plan]:
    """Return the plans of a store, in the order in which they were made.

    Raises:
        StoreError: one of them is corrupt.
    """
    try:
        return [Plan.from_json(content) for content in store.records("plan").values()]
    except (KeyError, TypeError) as error:
        raise StoreError(f"a plan in the store {store.path} is corrupt: {error}; name another file with --store") from error


def runs_of(track: Track, results: Iterable[RunResult], plans: Sequence[Plan]) -> list[RunResult]:
    """Return the evaluation runs of a track, with the labels of its plans; runs of tuning and targets are left out.

    One run may belong to both tracks, where no draw of the search was better than the default. Runs in no plan, such as those
    of earlier versions, belong to the default track, except for those of the tuned baselines that made a target.
    """
    of_track = [plan for plan in plans if plan.track == track]
    variants = {group: label for plan in of_track for group, label in plan.variants.items()}
    workloads = {group: name for plan in of_track for group, name in plan.workloads.items()}
    planned = {group for plan in plans for group in plan.variants}
    found = []
    for result in results:
        group = group_of(result.spec)
        if result.spec.seed in RESERVED:
            continue
        if group in variants:
            workload = workloads.get(group, result.labels.workload)
            labels = replace(result.labels, optimizer=variants[group], track=track, workload=workload)
            found.append(replace(result, labels=labels))
        elif track == "default" == result.labels.track and group not in planned:
            found.append(result)
    return found
