"""Suites: the files that come with optbench, files of users, and those of plugins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from optbench.analysis.tables import tables
from optbench.core.errors import UsageError
from optbench.execution.local import LocalExecutor
from optbench.execution.workload_facts import described, measured
from optbench.experiment import Experiment
from optbench.planning.datasets import find_dataset
from optbench.planning.plan import make_plan
from optbench.planning.selections import Selections
from optbench.planning.suites import dataset_of, find_suite
from optbench.registry import Registry

SUITES = Registry(autoload=False).names("suite")
WORKLOAD = {
    "name": "one",
    "dataset": "qa-tr-2",
    "embedder": "hashing[features=16]",
    "architecture": "single-layer",
    "loss": "squared-tanh",
    "epochs": 2,
    "batch_size": 500,
    "why": "small",
}


def toml(registry: Registry, path: Path, head: str = 'version = 1\ntitle = "Ours"', **changes: Any) -> Path:
    values = WORKLOAD | {"digest": find_dataset(registry, "qa-tr-2").digest} | changes
    lines = [
        f"{name} = {value if isinstance(value, int) else repr(value)}" for name, value in values.items() if value is not None
    ]
    path.write_text("\n".join([f'name = "mine"\n{head}', "[[workload]]", *lines]), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", SUITES)
def test_every_workload_of_a_suite_can_be_planned_on_the_data_that_it_names(registry: Registry, name: str) -> None:
    suite = find_suite(registry, name)
    for workload in suite.workload:
        dataset_of(registry, suite, workload)
    jobs = make_plan(registry, Selections(suite=name, optimizers=["sgd"], seeds=[0]))
    assert len(jobs) == len(suite.workload)
    for job, workload in zip(jobs, suite.workload, strict=True):
        assert (job.spec.epochs, job.spec.batch_size) == (workload.epochs, workload.batch_size)
        assert job.spec.dataset_digest == workload.digest


@pytest.mark.parametrize("name", SUITES)
def test_workloads_of_a_suite_are_described(registry: Registry, name: str) -> None:
    rows = described(registry, find_suite(registry, name))
    for row in rows:
        assert row["rows"] > 0
        assert row["seconds"] > 0
        assert row["condition"] >= 1
        assert row["baselines"]
        assert row["why"]


@pytest.mark.parametrize("name", [workload.name for workload in find_suite(Registry(autoload=False), "core").workload])
def test_facts_are_what_is_measured(registry: Registry, name: str) -> None:
    """Up to what another version of a library may change; the condition of vectors in 4 bits is near its limit."""
    suite = find_suite(registry, "core")
    (workload,) = (one for one in suite.workload if one.name == name)
    found = measured(registry, suite, workload)
    assert workload.facts is not None
    assert found.inputs == workload.facts.inputs
    assert found.condition == pytest.approx(workload.facts.condition, rel=1e-3)
    assert found.baselines == pytest.approx(workload.facts.baselines, abs=0.02)


def test_quick_has_workloads_of_core_with_fewer_epochs(registry: Registry) -> None:
    core = {workload.name: workload for workload in find_suite(registry, "core").workload}
    for workload in find_suite(registry, "quick").workload:
        assert workload.epochs < core[workload.name].epochs
        assert workload == core[workload.name].model_copy(update={"epochs": workload.epochs})


def test_core_has_twelve_workloads_three_of_them_on_the_default_dataset(registry: Registry) -> None:
    workloads = find_suite(registry, "core").workload
    assert len(workloads) == 12
    assert sum(workload.dataset == "qa-tr-2" for workload in workloads) == 3
    assert {workload.loss.partition("[")[0] for workload in workloads} == {"squared-tanh", "cross-entropy", "squared"}


def test_a_suite_without_optimizers_runs_all_and_named_ones_replace_its_own(registry: Registry, tmp_path: Path) -> None:
    everything = toml(registry, tmp_path / "all.toml")
    some = toml(registry, tmp_path / "some.toml", head='version = 1\ntitle = "Ours"\noptimizers = ["sgd"]\nseeds = "3-4"')

    def planned(path: Path, **selected: Any) -> tuple[set[str], set[int]]:
        jobs = make_plan(registry, Selections(suite=str(path), **selected))
        return {job.spec.optimizer.name for job in jobs}, {job.spec.seed for job in jobs}

    assert planned(everything) == (set(registry.names("optimizer")), {0, 1, 2, 3, 4})
    assert planned(some) == ({"sgd"}, {3, 4})
    assert planned(some, optimizers=["adam"], seeds=[9]) == ({"adam"}, {9})


def test_an_expression_selects_workloads_by_name(registry: Registry, tmp_path: Path) -> None:
    path = toml(registry, tmp_path / "mine.toml")
    assert make_plan(registry, Selections(suite=str(path), expression="one and sgd", seeds=[0]))


@pytest.mark.parametrize(
    "fixed",
    [
        {"architectures": ["single-layer"]},
        {"embedders": ["hashing"]},
        {"losses": ["squared-tanh"]},
        {"datasets": ["qa-tr"]},
        {"epochs": 1},
        {"batch_size": 1},
        {"dtype": "float64"},
    ],
)
def test_what_a_suite_fixes_is_refused_beside_it(registry: Registry, fixed: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="a suite fixes its workloads: leave out"):
        make_plan(registry, Selections(suite="quick", **fixed))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"digest": "0" * 64}, "digest 000000000000, the installed one has"),
        (
            {"digest": "0"},
            "workload 'one': digest = '0': a digest is 64 hexadecimal digits: 'optbench data info NAME' shows it",
        ),
        ({"name": "One"}, "workload 'One': name = 'One': a name is lower-case letters and digits, joined by single - _ or ."),
        ({"name": None}, "workload 1: key 'name' is missing"),
        ({"name": 3}, "workload 1: name = 3 is not a text; write it in quotes"),
        ({"name": "x" * 65}, "is too long; the most is 64 characters"),
        ({"epochs": 0}, "workload 'one': epochs = 0 is too small; the least is 1"),
        ({"epochs": "2"}, "workload 'one': epochs = '2' is not a whole number"),
        ({"why": None}, "workload 'one': key 'why' is missing"),
        ({"batchsize": 3}, "workload 'one': unknown key 'batchsize'; did you mean 'batch_size'? (known: name, dataset"),
        ({"facts": 3}, "workload 'one': facts = 3 is not a table of keys and values"),
        (
            {"architecture": "two-layer-mlp[hidden=4,8]"},
            "workload 'one': architecture = 'two-layer-mlp[hidden=4,8]' has 2 values of hidden; write one value for each",
        ),
        ({"architecture": "two-layer-mlp[hidden="}, "workload 'one': architecture = 'two-layer-mlp[hidden=': cannot read"),
        ({"dataset": "teacher[kappa=1,2]"}, "'teacher[kappa=1,2]' is 2 datasets; name one value for each parameter"),
        ({"dataset": "qa-tr-22"}, "no dataset named 'qa-tr-22' and no such folder; did you mean 'qa-tr-2'"),
        ({"loss": "squared"}, "loss 'squared' cannot be used with dataset 'qa-tr-2'"),
        ({"embedder": "raw"}, "embedder 'raw' takes rows of numbers"),
    ],
)
def test_a_suite_that_breaks_a_rule_is_refused(
    registry: Registry, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    path = toml(registry, tmp_path / "mine.toml", **changes)
    with pytest.raises(UsageError) as raised:
        make_plan(registry, Selections(suite=str(path)))
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name = ", "cannot be read as TOML"),
        (b"\xff", "cannot be read as TOML"),
        (b"a = " + b"[" * 5000, "nested too deeply"),
        (b"a = " + b"9" * 5000, "cannot be read as TOML"),
        (b'name = "x"', "key 'version' is missing"),
        (b'name = "x"\nversion = 1\ntitle = ""\nworkload = []', r"workload = \[\] is empty; name at least one"),
        (b'name = "x"\nversion = 1\ntitle = ""\nworkload = 3', "workload = 3 is not a list"),
        (b'name = "x"\nversion = 1\ntitle = ""\nworkload = [3]', "workload 1: 3 is not a table of keys and values"),
        (b'name = "x"\nversion = 1\ntitle = ""\nseed = "0"', "unknown key 'seed'; did you mean 'seeds'"),
    ],
)
def test_a_file_that_is_no_suite_is_refused(registry: Registry, tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=message):
        find_suite(registry, str(path))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("optimizers = []", r"optimizers = \[\] names none; leave it out to run all that are installed"),
        ("optimizers = [3]", "optimizers = 3 is not a text"),
        ('seeds = "4-0"', "mine.toml: the range of seeds '4-0' is empty"),
    ],
)
def test_optimizers_and_seeds_that_select_nothing_are_refused(
    registry: Registry, tmp_path: Path, line: str, message: str
) -> None:
    path = toml(registry, tmp_path / "mine.toml", head=f'version = 1\ntitle = "Ours"\n{line}')
    with pytest.raises(UsageError, match=message):
        find_suite(registry, str(path))


def test_facts_that_break_a_rule_are_named_with_the_workload(registry: Registry, tmp_path: Path) -> None:
    path = toml(registry, tmp_path / "mine.toml")
    with path.open("a", encoding="utf-8") as file:
        file.write("\n[workload.facts]\ncondition = 2.0\n")
    with pytest.raises(UsageError, match=r"workload 'one': key 'facts.inputs' is missing"):
        find_suite(registry, str(path))


def test_a_file_has_no_name_of_another_installed_suite(registry: Registry, tmp_path: Path) -> None:
    installed = Path(registry.find("suite", "quick").cls.file)
    assert find_suite(registry, str(installed)).name == "quick"
    copy = tmp_path / "mine.toml"
    copy.write_bytes(installed.read_bytes())
    with pytest.raises(UsageError, match="'quick' is the name of an installed suite; choose another name"):
        find_suite(registry, str(copy))


def test_the_file_of_the_page_can_be_planned(registry: Registry, tmp_path: Path) -> None:
    page = (Path(__file__).parents[1] / "docs" / "suites.md").read_text(encoding="utf-8")
    block = page.partition("```toml\n")[2].partition("```")[0]
    path = tmp_path / "mine.toml"
    path.write_text(block.replace('"..."', f'"{find_dataset(registry, "digits").digest}"'), encoding="utf-8")
    jobs = make_plan(registry, Selections(suite=str(path)))
    assert {(job.spec.optimizer.name, job.spec.seed) for job in jobs} == {(o, s) for o in ("adam", "sgd") for s in range(5)}


def test_two_workloads_of_one_name_are_refused(registry: Registry, tmp_path: Path) -> None:
    path = toml(registry, tmp_path / "mine.toml")
    text = path.read_text(encoding="utf-8")
    path.write_text(text + "\n[[workload]]" + text.partition("[[workload]]")[2], encoding="utf-8")
    with pytest.raises(UsageError, match="two workloads are named 'one'"):
        find_suite(registry, str(path))


def test_two_workloads_of_the_same_components_are_refused(registry: Registry, tmp_path: Path) -> None:
    path = toml(registry, tmp_path / "mine.toml")
    text = path.read_text(encoding="utf-8")
    again = text.partition("[[workload]]")[2].replace("'one'", "'two'").replace("'small'", "'another reason'")
    path.write_text(text + "\n[[workload]]" + again, encoding="utf-8")
    with pytest.raises(UsageError, match="workloads 'one' and 'two' are the same"):
        find_suite(registry, str(path))


@pytest.mark.parametrize("name", ["no-such-suite", "missing.toml", "core2", "x" * 300])
def test_a_suite_that_is_not_there(registry: Registry, name: str) -> None:
    with pytest.raises(UsageError, match=r"no suite named|cannot be read"):
        find_suite(registry, name)


def test_results_are_headed_with_the_name_that_the_plan_gives_a_workload(registry: Registry, tmp_path: Path) -> None:
    path = toml(registry, tmp_path / "mine.toml")
    with Experiment(registry, tmp_path / "runs.sqlite", LocalExecutor(1)) as experiment:
        alone = Selections(
            optimizers=["sgd"],
            architectures=["single-layer"],
            embedders=["hashing[features=16]"],
            seeds=[0],
            epochs=2,
            batch_size=500,
        )
        (before,) = tables(experiment.complete(alone))
        plan = experiment.plan(Selections(suite=str(path), optimizers=["sgd"], seeds=[0]))
        assert experiment.missing(plan) == []
        (after,) = tables(experiment.results(plan))
    assert (before.name, after.name) == ("", "one")
    assert after.label == f"one: {before.label}"
