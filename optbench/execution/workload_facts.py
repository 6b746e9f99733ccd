"""What is known of the workloads of a suite: their size, how hard they are, and how long a run takes here."""

from __future__ import annotations

from typing import Any

from optbench.curation.table_baselines import condition_number, table_baselines
from optbench.data.embedded import assemble
from optbench.execution.estimate import run_seconds
from optbench.planning.catalogue import Catalogue
from optbench.planning.plan import make_plan
from optbench.planning.selections import Selections
from optbench.planning.suites import Facts, SuiteFile, SuiteWorkload, dataset_of
from optbench.registry import Registry
from optbench.training.job import Job

_TIMED = "adam"
"""The optimizer of the run whose duration is estimated."""


def described(registry: Registry, suite: SuiteFile) -> list[dict[str, Any]]:
    """Return one mapping of plain values per workload of a suite.

    `rows` are those for training, `weights` is their number P, `condition` and `baselines` are the recorded `Facts` of the
    suite's file, and `seconds` is the estimated duration of a run with Adam on this machine.

    Raises:
        UsageError: a workload cannot be planned, such as one whose dataset is not installed.
    """
    jobs = [_job(registry, suite, place) for place in range(len(suite.workload))]
    seconds = run_seconds(jobs, (), workers=1)
    return [
        {
            "suite": suite.name,
            "name": workload.name,
            "dataset": workload.dataset,
            "embedder": workload.embedder,
            "architecture": workload.architecture,
            "loss": workload.loss,
            "epochs": workload.epochs,
            "batch_size": workload.batch_size,
            "rows": job.dataset.sizes["train"],
            "weights": _weights(workload, job),
            "condition": workload.facts.condition if workload.facts else None,
            "baselines": dict(workload.facts.baselines) if workload.facts else {},
            "seconds": of_run,
            "why": workload.why,
        }
        for workload, job, of_run in zip(suite.workload, jobs, seconds, strict=True)
    ]


def _weights(workload: SuiteWorkload, job: Job) -> int | None:
    if workload.facts is None:
        return None
    return job.architecture.layout(workload.facts.inputs, job.loss.outputs(job.dataset.task)).size


def measured(registry: Registry, suite: SuiteFile, workload: SuiteWorkload) -> Facts:
    """Return what a workload's `Facts` in the file of its suite should be, rounded as they are written there."""
    dataset = dataset_of(registry, suite, workload)
    (embedder,) = Catalogue(registry, [dataset]).select("embedder", [workload.embedder])
    embedded = assemble(dataset, embedder.component, "float64")
    baselines = table_baselines(dataset) if dataset.kind == "table" else dataset.manifest.baselines
    return Facts(
        inputs=embedded.x.shape[1],
        condition=float(f"{condition_number(embedded.x[embedded.train]):.4g}"),
        baselines={name: round(value, 3) for name, value in baselines.items()},
    )


def _job(registry: Registry, suite: SuiteFile, place: int) -> Job:
    workload = suite.workload[place]
    dataset_of(registry, suite, workload)
    selections = Selections(
        optimizers=[_TIMED],
        architectures=[workload.architecture],
        embedders=[workload.embedder],
        losses=[workload.loss],
        datasets=[workload.dataset],
        epochs=workload.epochs,
        batch_size=workload.batch_size,
        seeds=[0],
    )
    jobs = make_plan(registry, selections)
    return jobs[0]
