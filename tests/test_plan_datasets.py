"""What a plan pairs with a dataset: losses for its task, embedders for its kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from losses import LOSSES, TASKS, named

from optbench import GeneratedDataset, Split, TableRows, Task, hookimpl
from optbench.core.errors import UsageError
from optbench.core.seeding import stream
from optbench.planning.plan import make_plan, rebuild
from optbench.planning.selections import Selections
from optbench.registry import Registry
from optbench.training.run_job import run_job

OPTBENCH_CONTRACT = 2


@dataclass(frozen=True, kw_only=True)
class Rows(GeneratedDataset):
    """Thirty random rows with targets of a task."""

    licence: ClassVar[str] = "CC0-1.0"
    difficulty: ClassVar[str] = "none"
    predicted: ClassVar[Task]

    @property
    def task(self) -> Task:
        return self.predicted

    def generate(self) -> Mapping[Split, TableRows]:
        def rows(seed: int) -> TableRows:
            x = stream(seed, "init").standard_normal((10, 4))
            if not self.task.classes:
                return TableRows(x, x[:, : self.task.columns].copy())
            return TableRows(x, (np.arange(10.0) % len(self.task.classes))[:, None])

        return {"train": rows(0), "validation": rows(1), "test": rows(2)}


def table(name: str, task: Task) -> type[Rows]:
    fitting = next(loss for loss in LOSSES if not LOSSES[loss]().incompatibility(task))
    return type(name, (Rows,), {"name": name, "title": name, "predicted": task, "loss": fitting, "__module__": __name__})


TABLES = {named(task).replace(" ", "-"): task for task in TASKS}
CLASSES = [dataclass(frozen=True, kw_only=True)(table(name, task)) for name, task in TABLES.items()]


@hookimpl
def optbench_datasets() -> list[type[GeneratedDataset]]:
    return list(CLASSES)


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A registry with this module as a plugin."""
    info = tmp_path / "tables-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: tables\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[optbench]\ntables = {__name__}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return Registry(autoload=True)


def on(dataset: str, **changes: object) -> Selections:
    few = Selections(optimizers=["sgd"], architectures=["two-layer-mlp[hidden=3]"], seeds=[0], epochs=2, batch_size=4)
    return replace(few, datasets=[dataset], **changes)


@pytest.mark.parametrize("table", TABLES)
def test_every_kind_of_table_is_run_with_each_of_its_losses_and_embedders(registry: Registry, table: str) -> None:
    fitting = [name for name in LOSSES if not LOSSES[name]().incompatibility(TABLES[table])]
    plan = make_plan(registry, on(table, losses=fitting))
    tables = [one.name for one in registry.components("embedder") if one.cls.takes == "table" and one.cls.in_all]
    assert sorted((job.labels.loss, job.labels.embedder) for job in plan) == sorted((a, b) for a in fitting for b in tables)
    assert len({job.spec.key for job in plan}) == len(plan)
    for job in plan:
        result = run_job(job)
        assert (result.status, result.quality) == ("ok", job.loss.quality_name), result.reason
        assert run_job(rebuild(registry, result.spec, result.labels)).digest == result.digest


@pytest.mark.parametrize("table", TABLES)
def test_a_loss_that_is_not_named_is_the_datasets_own(registry: Registry, table: str) -> None:
    own = next(cls for cls in CLASSES if cls.name == table).loss
    assert {job.labels.loss for job in make_plan(registry, on(table))} == {own}
    assert {job.labels.loss for job in make_plan(registry, on("qa-tr-2"))} == {"squared-tanh"}


@pytest.mark.parametrize(
    ("table", "loss"),
    [(table, loss) for table in TABLES for loss in LOSSES if LOSSES[loss]().incompatibility(TABLES[table])],
)
def test_a_loss_that_does_not_fit_the_task_is_refused(registry: Registry, table: str, loss: str) -> None:
    said = rf"loss '{loss}' cannot be used with dataset '{table}': it is for .*: use (squared|cross-entropy)$"
    with pytest.raises(UsageError, match=said):
        make_plan(registry, on(table, losses=[loss]))


@pytest.mark.parametrize("loss", ["squared", "squared-tanh", "cross-entropy"])
def test_texts_have_two_classes(registry: Registry, loss: str) -> None:
    if LOSSES[loss]().incompatibility(TASKS[0]):
        with pytest.raises(UsageError, match="use cross-entropy"):
            make_plan(registry, on("qa-tr-2", losses=[loss]))
    else:
        assert {job.labels.loss for job in make_plan(registry, on("qa-tr-2", losses=[loss]))} == {loss}


@pytest.mark.parametrize(
    ("dataset", "embedder", "said"),
    [
        (
            "3-numbers",
            "hashing",
            "embedder 'hashing' takes texts, and dataset '3-numbers' has rows of numbers; use one of ",
        ),
        ("qa-tr-2", "raw", "embedder 'raw' takes rows of numbers, and dataset 'qa-tr-2' has texts; use one of "),
    ],
)
def test_an_embedder_of_the_other_kind_is_refused(registry: Registry, dataset: str, embedder: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        make_plan(registry, on(dataset, embedders=[embedder]))
    assert str(refused.value).startswith(said)
