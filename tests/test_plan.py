from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from optbench.core.errors import NothingSelected, UsageError
from optbench.core.specs import Choice, RunSpec, canonical
from optbench.curation.importing import write
from optbench.data.loader import FrozenDataset
from optbench.planning.datasets import find_dataset
from optbench.planning.plan import Selections, make_plan, rebuild
from optbench.registry import Registry
from optbench.training.job import Job

ALL = Selections(optimizers=["sgd", "adam"], architectures=["single-layer"], embedders=["hashing"], seeds=(0,))


def test_an_axis_that_is_not_named_spans_all(registry: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # away from vectors that somebody made beside the shipped ones
    plan = make_plan(registry, Selections())
    embedders = [*(method.name for method in registry.components("embedder") if method.cls.in_all), "minilm"]
    assert len(plan) == 5 * len(registry.names("optimizer")) * len(registry.names("architecture")) * len(embedders)
    assert len({task.spec.key for task in plan}) == len(plan)


def test_an_embedder_that_is_not_everywhere_runs_only_when_named(registry: Registry) -> None:
    plan = make_plan(registry, replace(ALL, embedders=None))
    assert {task.labels.embedder for task in plan} == {"hashing", "tfidf", "minilm"}
    (task, _) = make_plan(registry, replace(ALL, embedders=["sentence-transformer"]))
    assert task.labels.embedder == "sentence-transformer"


def test_the_order_of_selection_makes_no_difference(registry: Registry) -> None:
    backwards = replace(ALL, optimizers=["adam", "sgd", "sgd"])
    assert [task.spec for task in make_plan(registry, ALL)] == [task.spec for task in make_plan(registry, backwards)]


def test_the_same_written_otherwise_is_the_same_run(registry: Registry) -> None:
    one = make_plan(registry, replace(ALL, optimizers=["adam"]))
    two = make_plan(registry, replace(ALL, optimizers=["adam[lr=0.001, beta1=9e-1]", "adam"]))
    assert [task.spec.key for task in one] == [task.spec.key for task in two]


def test_labels_are_read_back_and_keep_apart_what_differs(registry: Registry) -> None:
    written = ["sentence-transformer[question_prompt='query: ']", "sentence-transformer[question_prompt='a,revision=b']"]
    written += ["sentence-transformer[question_prompt=a,revision=b]"]
    first = make_plan(registry, replace(ALL, embedders=written))
    labels = sorted({task.labels.embedder for task in first})
    assert len(labels) == 3
    again = make_plan(registry, replace(ALL, embedders=labels))
    assert [task.spec.key for task in again] == [task.spec.key for task in first]


def test_labels_name_what_differs_from_the_default(registry: Registry) -> None:
    selections = replace(ALL, optimizers=["adam[lr=1e-3,0.01,beta2=0.99]"], architectures=["recursive-mlp[hidden=(8,4)]"])
    labels = [(task.labels.optimizer, task.labels.architecture) for task in make_plan(registry, selections)]
    assert labels == [
        ("adam[beta2=0.99,lr=0.01]", "recursive-mlp[hidden=(8,4)]"),
        ("adam[beta2=0.99]", "recursive-mlp[hidden=(8,4)]"),
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"seeds": (1,)},
        {"epochs": 99},
        {"batch_size": 31},
        {"dtype": "float64"},
        {"optimizers": ["adam[lr=0.002]"]},
        {"optimizers": ["adam|cosine"]},
        {"optimizers": ["adam|constant"]},
        {"architectures": ["two-layer-mlp"]},
        {"architectures": ["two-layer-mlp[hidden=65]"]},
        {"embedders": ["tfidf"]},
        {"embedders": ["hashing[features=1000]"]},
    ],
)
def test_whatever_changes_the_result_changes_the_key(registry: Registry, change: dict[str, object]) -> None:
    base = replace(ALL, optimizers=["adam"])
    (one,), (two,) = make_plan(registry, base), make_plan(registry, replace(base, **change))
    assert one.spec.key != two.spec.key


def test_expressions_keep_runs_by_name(registry: Registry) -> None:
    plan = make_plan(registry, Selections(expression="adam and not (single or recursive)", seeds=(0,)))
    assert {task.labels.optimizer for task in plan} == {name for name in registry.names("optimizer") if "adam" in name}
    assert {task.labels.architecture for task in plan} == {"two-layer-mlp"}


@pytest.mark.parametrize("change", [{"expression": "nothing-is-called-so"}, {"seeds": ()}, {"optimizers": []}])
def test_an_empty_selection_is_said(registry: Registry, change: dict[str, object]) -> None:
    with pytest.raises(NothingSelected):
        make_plan(registry, replace(ALL, **change))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"optimizers": ["adm"]}, "did you mean 'adam'"),
        ({"optimizers": ["adam[lr=-1]"]}, "adam: lr = -1.0 is outside its range"),
        ({"optimizers": ["adam[speed=1]"]}, "no hyper-parameter 'speed'"),
        ({"optimizers": ["rprop|cosine"]}, r"'rprop\|cosine' cannot be run: cosine multiplies a learning rate, and the method"),
        ({"optimizers": ["rprop|clip[norm=1]|warmup"]}, "warmup multiplies a learning rate"),
        ({"optimizers": ["adam|clip"]}, "clip has nothing to clip by: give it norm, value or both"),
        ({"optimizers": ["adam|cosin"]}, "no wrapper named 'cosin'; did you mean 'cosine'"),
        ({"optimizers": ["adam|sgd"]}, "no wrapper named 'sgd'"),
        ({"optimizers": ["cosine"]}, "no optimizer named 'cosine'"),
        ({"optimizers": ["adam|clip[norm=0]"]}, r"clip: norm = 0.0 is outside its range \(0, inf\)"),
        ({"optimizers": ["adam|cosine[inner=1]"]}, "cosine has no hyper-parameter 'inner'"),
        ({"architectures": ["single-layer|clip[norm=1]"]}, "wrappers go around optimizers, not around an architecture"),
        ({"architectures": ["two-layer-mlp[hidden=0]"]}, "hidden = 0 is outside"),
        ({"datasets": ["qa-rt"]}, "did you mean 'qa-tr'"),
        ({"epochs": 0}, "epochs = 0"),
        ({"batch_size": 0}, "batch_size = 0"),
        ({"dtype": "float16"}, "'float16'"),
    ],
)
def test_what_cannot_be_run_is_refused(registry: Registry, change: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        make_plan(registry, replace(ALL, **change))


def test_a_stored_spec_becomes_the_same_task(registry: Registry, plan: list[Job]) -> None:
    for task in (*plan, *make_plan(registry, ALL)):
        again = rebuild(registry, task.spec, task.labels)
        assert (again.optimizer, again.architecture, again.embedder) == (task.optimizer, task.architecture, task.embedder)
        assert again.dataset.splits == task.dataset.splits


CHAIN = "adam[lr=0.01]|clip[norm=1]|cosine[warmup=50]"


def test_wrappers_are_part_of_choice_and_label(registry: Registry) -> None:
    (task,) = make_plan(registry, replace(ALL, optimizers=[CHAIN]))
    assert task.labels.optimizer == CHAIN
    choice = task.spec.optimizer
    assert (choice.name, choice.params["lr"]) == ("adam", 0.01)
    assert choice.wrappers == (
        Choice("clip", {"norm": 1.0, "value": None}),
        Choice("cosine", {"warmup": 50, "floor": 0.0}),
    )
    assert task.optimizer.name == "cosine"
    stored = RunSpec.from_json(json.loads(canonical(task.spec.as_json())))
    assert rebuild(registry, stored, task.labels).optimizer == task.optimizer


def test_each_order_and_each_value_of_a_wrapper_is_a_run(registry: Registry) -> None:
    optimizers = [
        "adam|clip[norm=1,2]|clip[value=1]",
        "adam[lr=0.1,0.2]|clip[value=1]|clip[norm=1]",
        "adam|step|step",
        "adam|step",
    ]
    plan = make_plan(registry, replace(ALL, optimizers=optimizers))
    assert len({task.spec.key for task in plan}) == len({task.labels.optimizer for task in plan}) == 6


def test_without_wrappers_nothing_is_said_of_any(registry: Registry) -> None:
    (task,) = make_plan(registry, replace(ALL, optimizers=["adam"]))
    assert "wrappers" not in canonical(task.spec.as_json())


def test_the_source_of_a_wrapper_is_part_of_the_key(registry: Registry) -> None:
    plan = make_plan(registry, replace(ALL, optimizers=["adam", "adam|clip[norm=1]", "adam|clip[norm=2]", "adam|cosine"]))
    assert len({task.spec.source for task in plan}) == 3


def test_a_full_batch_method_stays_one_when_wrapped(registry: Registry) -> None:
    (task,) = make_plan(registry, replace(ALL, optimizers=["gd|clip[norm=1]|cosine"]))
    assert task.optimizer.batch == "full"


def test_datasets_are_found_by_name_and_by_folder(
    registry: Registry, dataset: FrozenDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    imported = write(tmp_path / ".optbench" / "datasets" / "mine", dict(dataset.splits), {"name": "mine"})
    assert find_dataset(registry, "mine").digest == imported.digest
    assert find_dataset(registry, str(dataset.folder)) == dataset
    assert find_dataset(registry, "qa-tr").name == "qa-tr"
