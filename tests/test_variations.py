from __future__ import annotations

from dataclasses import replace

import pytest

from optbench import Optimizer
from optbench.core.errors import UsageError
from optbench.core.specs import Choice
from optbench.data.loader import FrozenDataset
from optbench.optimizers.adam import Adam
from optbench.planning.catalogue import Catalogue
from optbench.planning.plan import make_plan
from optbench.planning.selections import Selections
from optbench.planning.variations import Variations, ablations, at_rates, rates_of
from optbench.registry import Registry
from optbench.training.job import Job


def chosen(registry: Registry, text: str) -> tuple[Optimizer, Choice]:
    (instance,) = Catalogue(registry).select("optimizer", [text])
    return instance.component, instance.choice


def planned(registry: Registry, dataset: FrozenDataset, text: str) -> Job:
    selections = Selections(
        optimizers=[text], architectures=["single-layer"], embedders=["hashing"], datasets=[str(dataset.folder)], seeds=[4]
    )
    (job,) = make_plan(registry, selections)
    return job


def test_each_part_with_a_neutral_value_is_removed_alone(registry: Registry) -> None:
    found = ablations(*chosen(registry, "adam[weight_decay=0.1]"))
    removed = {ablation.part: ablation for ablation in found}
    assert {"beta1", "weight_decay"} <= removed.keys()
    assert removed["beta1"].choice.params == {**Adam().__dict__, "weight_decay": 0.1, "beta1": 0.0}
    assert removed["weight_decay"].choice.params["beta1"] == 0.9
    assert removed["beta1"].words == "no momentum"


def test_a_part_that_is_neutral_already_is_none(registry: Registry) -> None:
    parts = [ablation.part for ablation in ablations(*chosen(registry, "adam[beta1=0]"))]
    assert "beta1" not in parts
    assert "weight_decay" not in parts


def test_a_wrapper_is_left_out(registry: Registry) -> None:
    *_, clip, cosine = ablations(*chosen(registry, "sgd|clip[norm=1]|cosine"))
    assert (clip.part, clip.words) == ("clip", "no clip")
    assert [wrapper.name for wrapper in clip.choice.wrappers] == ["cosine"]
    assert [wrapper.name for wrapper in cosine.choice.wrappers] == ["clip"]


def test_every_rate_is_multiplied(registry: Registry) -> None:
    opt, choice = chosen(registry, "adam[lr=0.003]|cosine")
    assert rates_of(opt, choice) == {"lr": 0.003}
    varied = at_rates(opt, choice, 10**0.5)
    assert varied is not None
    assert varied.params["lr"] == 0.009487
    assert varied.wrappers == choice.wrappers
    assert at_rates(opt, choice, 1.0) is choice


def test_a_method_that_sets_its_own_rate_has_none(registry: Registry) -> None:
    opt, choice = chosen(registry, "gd[line_search=armijo]")
    assert rates_of(opt, choice) == {}


@pytest.mark.parametrize("factor", [1e300, 1e-320])
def test_a_rate_outside_its_range_is_no_point_of_the_grid(registry: Registry, factor: float) -> None:
    opt, choice = chosen(registry, "sgd[lr=1e-5]" if factor < 1 else "sgd[lr=1e10]")
    assert at_rates(opt, choice, factor) is None


def test_a_variation_of_nothing_is_the_planned_run(registry: Registry, dataset: FrozenDataset) -> None:
    job = planned(registry, dataset, "adam|cosine")
    same = Variations(registry).job(job, job.spec.optimizer, 4, "ablation")
    assert same.spec.key == job.spec.key
    assert same.optimizer == job.optimizer
    assert replace(same.labels, track="default") == job.labels


def test_a_variation_has_the_key_of_the_same_run_planned_by_itself(registry: Registry, dataset: FrozenDataset) -> None:
    job = planned(registry, dataset, "adam|cosine")
    (*_, without) = ablations(job.optimizer, job.spec.optimizer)
    variation = Variations(registry).job(job, without.choice, 4, "ablation")
    assert variation.spec.key == planned(registry, dataset, "adam").spec.key


def test_a_wrapper_that_does_not_fit_any_more_is_refused(registry: Registry, dataset: FrozenDataset) -> None:
    job = planned(registry, dataset, "gd")
    choice = replace(job.spec.optimizer, params={"line_search": "armijo"}, wrappers=(Choice("cosine"),))
    with pytest.raises(UsageError, match="cosine multiplies a learning rate"):
        Variations(registry).job(job, choice, 0, "ablation")
