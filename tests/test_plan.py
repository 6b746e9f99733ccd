from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from time import process_time

import pytest

from optbench import Embedder
from optbench.core.errors import DataError, NothingSelected, UsageError
from optbench.core.specs import Choice, RunSpec, canonical
from optbench.curation.importing import write
from optbench.data.loader import FrozenDataset
from optbench.planning.datasets import find_dataset
from optbench.planning.plan import make_plan, rebuild
from optbench.planning.selections import Selections
from optbench.registry import Registry
from optbench.training.job import Job

ALL = Selections(optimizers=["sgd", "adam"], architectures=["single-layer"], embedders=["hashing"], seeds=(0,))


def test_a_kind_that_is_not_named_selects_all(registry: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # away from vectors that 'optbench data embed' may have written
    plan = make_plan(registry, Selections())
    embedders = [*(component.name for component in registry.components("embedder") if _is_for_texts(component.cls)), "minilm"]
    assert len(plan) == 5 * len(registry.names("optimizer")) * len(registry.names("architecture")) * len(embedders)
    assert len({job.spec.key for job in plan}) == len(plan)


def _is_for_texts(embedder: type[Embedder]) -> bool:
    return embedder.in_all and embedder.takes == "texts"


def test_an_embedder_that_is_not_in_all_runs_only_when_named(registry: Registry) -> None:
    plan = make_plan(registry, replace(ALL, embedders=None))
    assert {job.labels.embedder for job in plan} == {"hashing", "tfidf", "e5-small"}
    (job, _) = make_plan(registry, replace(ALL, embedders=["sentence-transformer"]))
    assert job.labels.embedder == "sentence-transformer"


def test_vectors_that_are_not_in_all_run_only_when_named(registry: Registry) -> None:
    plan = make_plan(registry, replace(ALL, embedders=None, datasets=["qa-tr"]))
    assert {job.labels.embedder for job in plan} == {"hashing", "tfidf", "e5-small"}
    named = make_plan(registry, replace(ALL, embedders=["minilm"], datasets=["qa-tr"]))
    assert {job.labels.embedder for job in named} == {"minilm"}


def test_the_order_of_selection_makes_no_difference(registry: Registry) -> None:
    backwards = replace(ALL, optimizers=["adam", "sgd", "sgd"])
    assert [job.spec for job in make_plan(registry, ALL)] == [job.spec for job in make_plan(registry, backwards)]


def test_two_ways_to_write_a_selection_are_one_run(registry: Registry) -> None:
    one = make_plan(registry, replace(ALL, optimizers=["adam"]))
    two = make_plan(registry, replace(ALL, optimizers=["adam[lr=0.001, beta1=9e-1]", "adam"]))
    assert [job.spec.key for job in one] == [job.spec.key for job in two]


def test_labels_are_selections_and_differ_where_these_do(registry: Registry) -> None:
    written = ["sentence-transformer[question_prompt='query: ']", "sentence-transformer[question_prompt='a,revision=b']"]
    written += ["sentence-transformer[question_prompt=a,revision=b]"]
    first = make_plan(registry, replace(ALL, embedders=written))
    labels = sorted({job.labels.embedder for job in first})
    assert len(labels) == 3
    again = make_plan(registry, replace(ALL, embedders=labels))
    assert [job.spec.key for job in again] == [job.spec.key for job in first]


def test_labels_name_what_differs_from_the_default(registry: Registry) -> None:
    selections = replace(ALL, optimizers=["adam[lr=1e-3,0.01,beta2=0.99]"], architectures=["recursive-mlp[hidden=(8,4)]"])
    labels = [(job.labels.optimizer, job.labels.architecture) for job in make_plan(registry, selections)]
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
def test_what_changes_the_result_changes_the_key(registry: Registry, change: dict[str, object]) -> None:
    base = replace(ALL, optimizers=["adam"])
    (one,), (two,) = make_plan(registry, base), make_plan(registry, replace(base, **change))
    assert one.spec.key != two.spec.key


def test_expressions_keep_runs_by_name(registry: Registry) -> None:
    plan = make_plan(registry, Selections(expression="adam and not (single or recursive)", seeds=(0,)))
    assert {job.labels.optimizer for job in plan} == {name for name in registry.names("optimizer") if "adam" in name}
    assert {job.labels.architecture for job in plan} == {"two-layer-mlp"}


@pytest.mark.parametrize("change", [{"expression": "nothing-is-called-so"}, {"seeds": ()}, {"optimizers": []}])
def test_an_empty_selection_is_an_error(registry: Registry, change: dict[str, object]) -> None:
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
        ({"optimizers": ["adam|clip"]}, "'adam\\|clip' cannot be run: clip has "),
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
def test_what_cannot_be_run_is_an_error(registry: Registry, change: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        make_plan(registry, replace(ALL, **change))


def test_a_stored_spec_is_rebuilt_as_the_same_job(registry: Registry, plan: list[Job]) -> None:
    for job in (*plan, *make_plan(registry, ALL)):
        again = rebuild(registry, job.spec, job.labels)
        assert (again.optimizer, again.architecture, again.embedder) == (job.optimizer, job.architecture, job.embedder)
        assert again == job
        assert again.dataset.splits == job.dataset.splits


CHAIN = "adam[lr=0.01]|clip[norm=1]|cosine[warmup=50]"


def test_wrappers_are_part_of_choice_and_label(registry: Registry) -> None:
    (job,) = make_plan(registry, replace(ALL, optimizers=[CHAIN]))
    assert job.labels.optimizer == CHAIN
    choice = job.spec.optimizer
    assert (choice.name, choice.params["lr"]) == ("adam", 0.01)
    assert choice.wrappers == (
        Choice("clip", {"norm": 1.0, "value": None}),
        Choice("cosine", {"warmup": 50, "floor": 0.0}),
    )
    assert job.optimizer.name == "cosine"
    stored = RunSpec.from_json(json.loads(canonical(job.spec.as_json())))
    assert rebuild(registry, stored, job.labels).optimizer == job.optimizer


def test_each_order_and_each_value_of_a_wrapper_is_a_run(registry: Registry) -> None:
    optimizers = [
        "adam|clip[norm=1,2]|clip[value=1]",
        "adam[lr=0.1,0.2]|clip[value=1]|clip[norm=1]",
        "adam|step|step",
        "adam|step",
    ]
    plan = make_plan(registry, replace(ALL, optimizers=optimizers))
    assert len({job.spec.key for job in plan}) == len({job.labels.optimizer for job in plan}) == 6


def test_a_spec_without_wrappers_has_no_such_key(registry: Registry) -> None:
    (job,) = make_plan(registry, replace(ALL, optimizers=["adam"]))
    assert "wrappers" not in canonical(job.spec.as_json())


def test_the_source_of_a_wrapper_is_part_of_the_key(registry: Registry) -> None:
    plan = make_plan(registry, replace(ALL, optimizers=["adam", "adam|clip[norm=1]", "adam|clip[norm=2]", "adam|cosine"]))
    assert len({job.spec.source for job in plan}) == 3


def test_a_full_batch_optimizer_stays_one_when_wrapped(registry: Registry) -> None:
    (job,) = make_plan(registry, replace(ALL, optimizers=["gd|clip[norm=1]|cosine"]))
    assert job.optimizer.batch == "full"


def test_datasets_are_found_by_name_and_by_folder(
    registry: Registry, dataset: FrozenDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    imported = write(tmp_path / ".optbench" / "datasets" / "mine", dict(dataset.splits), {"name": "mine"})
    assert find_dataset(registry, "mine").digest == imported.digest
    assert find_dataset(registry, str(dataset.folder)) == dataset
    assert find_dataset(registry, "qa-tr").name == "qa-tr"


def test_datasets_of_one_name_and_other_rows_are_both_run(registry: Registry, dataset: FrozenDataset, tmp_path: Path) -> None:
    splits = {name: rows[:-1] if name == "test" else rows for name, rows in dataset.splits.items()}
    other = write(tmp_path / "other", splits, {"name": dataset.name})
    folders = [str(dataset.folder), str(other.folder)]
    plan = make_plan(registry, replace(ALL, optimizers=["sgd"], datasets=[*folders, folders[0]]))
    assert {(job.labels.dataset, job.spec.dataset_digest) for job in plan} == {
        (folders[0], dataset.digest),
        (folders[1], other.digest),
    }
    assert len(plan) == 2


def test_a_dataset_that_breaks_a_rule_is_reported_by_the_plan(registry: Registry, dataset: FrozenDataset) -> None:
    (dataset.folder / "test.csv").write_text("question,answer,label\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"test\.csv is not the file that was frozen"):
        make_plan(registry, replace(ALL, datasets=[str(dataset.folder)]))


def test_planning_with_keys_is_fast_enough_for_a_hundred_thousand_jobs(registry: Registry, dataset: FrozenDataset) -> None:
    selections = Selections(datasets=[str(dataset.folder)], embedders=["hashing"], architectures=["single-layer"])
    per_seed = len(registry.names("optimizer"))
    start = process_time()
    jobs = make_plan(registry, replace(selections, seeds=range(20_000 // per_seed)))
    assert len({job.spec.key for job in jobs}) == len(jobs)
    # 100,000 jobs take at most 2 s; a busy machine is allowed five times as long.
    assert process_time() - start < 5 * 2 * len(jobs) / 100_000
