"""What a worker on another machine is sent, and what it notices before it computes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from optbench.execution.agreement import Difference, SentJob, first_difference, pack, versions
from optbench.planning.plan import make_plan
from optbench.planning.selections import Selections
from optbench.registry import Registry
from optbench.training.job import Job


def sent(job: Job) -> SentJob:
    packed = pack(job)
    assert isinstance(packed, SentJob)
    return packed


def jobs_on(registry: Registry, name: str) -> list[Job]:
    selections = Selections(optimizers=["sgd"], architectures=["single-layer"], datasets=[name], seeds=[0], epochs=1)
    return make_plan(registry, selections)


@pytest.mark.parametrize("name", ["teacher[kappa=1e3]", "teacher[kappa=1e3,split=2]", "spirals[split=1]", "qa-tr-2[split=1]"])
def test_generated_and_divided_datasets_agree_with_themselves(registry: Registry, name: str) -> None:
    assert first_difference([sent(job) for job in jobs_on(registry, name)], versions()) is None


def test_another_dataset_under_the_same_name_is_noticed(registry: Registry) -> None:
    job, *_ = jobs_on(registry, "spirals")
    changed = replace(job, dataset=replace(job.dataset, digest="0" * 64))
    difference = first_difference([sent(changed)], versions())
    assert isinstance(difference, Difference)
    assert "dataset 'spirals'" in str(difference)
