"""Runs that a comparison lacks, and the commands that execute them, written from runs that are stored."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from optbench.analysis.grouping import final_runs, seed_ranges
from optbench.core.specs import RunResult
from optbench.core.workload import Workload, workload_of

_SEARCH = re.compile(r"(?P<label>.*) \((?=.)(?:(?P<budget>\d+) draws)?(?:, )?(?:study (?P<study>\d+))?\)")
"""The label of a tuned optimizer whose search is not the usual one; see `planning.tuned`."""


@dataclass(frozen=True)
class Missing:
    """Seeds that an optimizer has no result with on a workload.

    Attributes:
        optimizer: its label.
        workload: where.
        seeds: in increasing order.
    """

    optimizer: str
    workload: Workload
    seeds: tuple[int, ...]


def missing_runs(
    results: Sequence[RunResult],
    asked: Collection[Workload] = (),
    optimizers: Collection[str] | None = None,
    seeds: Collection[int] | None = None,
) -> list[Missing]:
    """Return what would give every optimizer a result on every workload with every seed.

    Args:
        results: the runs; those that failed are missing.
        asked: workloads beside those of the runs.
        optimizers: labels; None for those of the runs.
        seeds: None for all that any of the runs has.
    """
    final = final_runs(results)
    known = {(run.labels.optimizer, workload_of(run.spec), run.spec.seed) for run in final}
    names = sorted({run.labels.optimizer for run in results} if optimizers is None else optimizers)
    wanted = sorted({run.spec.seed for run in results} if seeds is None else seeds)
    workloads = sorted({*(workload_of(run.spec) for run in results), *asked})
    lacking = {
        (name, workload): tuple(seed for seed in wanted if (name, workload, seed) not in known)
        for workload in workloads
        for name in names
    }
    return [Missing(name, workload, own) for (name, workload), own in lacking.items() if own]


def asked_for(label: str) -> tuple[str, list[str]]:
    """Return the selection behind a label, and the options of an unusual search: `--budget 32` for `adam (32 draws)`."""
    match = _SEARCH.fullmatch(label)
    if not match or not (match["budget"] or match["study"]):
        return label, []
    return match["label"], [word for name in ("budget", "study") if match[name] for word in (f"--{name}", match[name])]


def run_command(optimizer: str, run: RunResult, seeds: Iterable[int], dataset: str | None = None) -> str:
    """Return the command that runs an optimizer on the workload of a stored run, with other seeds.

    Every setting is named, so that the command does not depend on defaults or on a suite.

    Args:
        optimizer: its label, such as `adam[lr=0.01]`.
        run: a run on that workload.
        seeds: the seeds to run.
        dataset: the dataset where it is another than that of `run`.
    """
    spec, labels = run.spec, run.labels
    asked, search = asked_for(optimizer)
    words = ["optbench", "run", "-o", asked, "-m", labels.architecture, "-e", labels.embedder]
    words += ["-d", dataset or labels.dataset, "--loss", labels.loss, "--epochs", str(spec.epochs)]
    words += ["--batch-size", str(spec.batch_size), "--dtype", spec.dtype]
    words += ["--seeds", seed_ranges(tuple(seeds)).replace(" ", "")]
    if labels.track != "default":
        words += ["--track", labels.track, *search]
    return shlex.join(words)
