from __future__ import annotations

import ast
import importlib
import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import optbench
from optbench.core.contracts import Wrapper
from optbench.core.errors import UsageError
from optbench.core.specs import Choice
from optbench.data.loader import FrozenDataset
from optbench.data.vectors import FrozenVectors
from optbench.optimizers.adam import Adam
from optbench.optimizers.sgd import SGD
from optbench.planning.catalogue import layers
from optbench.planning.datasets import find_dataset
from optbench.planning.imports import installed_file
from optbench.planning.plan import make_plan
from optbench.planning.selections import Selections
from optbench.planning.source_digest import COMPUTING, EXEMPT, LISTS, ROOT, SourceTree, exempt, installed_source
from optbench.registry import Registry
from optbench.training.job import Job

NOT_COMPUTING = (
    "cli",
    "planning",
    "registry",
    "execution",
    "store",
    "report",
    "analysis",
    "kit",
    "curation",
    "core.errors",
    "core.hookspecs",
)


def modules(*names: str) -> list[str]:
    """The modules of optbench of these names and, for packages, all within."""
    found = []
    for name in names:
        path = ROOT.joinpath(*name.removeprefix("optbench.").split("."))
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
        found += [".".join(("optbench", *file.relative_to(ROOT).with_suffix("").parts)) for file in files]
    return found


def classes(job: Job) -> list[type]:
    return [type(part) for part in (*layers(job.optimizer), job.architecture, job.embedder, job.loss)]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT, tmp_path / "optbench", ignore=shutil.ignore_patterns("__pycache__")))


def append_comment(copy: Path, module: str) -> None:
    path = copy.joinpath(*module.split(".")[1:]).with_suffix(".py")
    path.write_bytes(path.read_bytes() + b"# reworded\n")


@pytest.mark.parametrize("module", modules(*NOT_COMPUTING))
def test_a_module_that_computes_nothing_changes_no_digest(copy: Path, plan: list[Job], module: str) -> None:
    before = [SourceTree(copy).digest(classes(job)) for job in plan]
    assert before == [job.spec.source for job in plan]
    append_comment(copy, module)
    assert [SourceTree(copy).digest(classes(job)) for job in plan] == before


@pytest.mark.parametrize("module", modules(*COMPUTING))
def test_a_module_that_computes_changes_every_digest(copy: Path, plan: list[Job], module: str) -> None:
    append_comment(copy, module)
    assert not {SourceTree(copy).digest(classes(job)) for job in plan} & {job.spec.source for job in plan}


KEYS = """
import json, sys
import optbench
from optbench.planning.plan import make_plan
from optbench.planning.selections import Selections
from optbench.registry import Registry
assert optbench.__file__.startswith(sys.argv[1])
selections = Selections(optimizers=["adam", "sgd|clip[norm=1]"], embedders=["hashing", "e5-small"])
plan = make_plan(Registry(autoload=False), selections)
print(json.dumps([job.spec.key for job in plan]))
"""


def keys(copy: Path) -> list[str]:
    environment = {**os.environ, "PYTHONPATH": str(copy.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", KEYS, str(copy)]
    done = subprocess.run(command, env=environment, cwd=copy.parent, capture_output=True, text=True, check=True)
    found: list[str] = json.loads(done.stdout)
    return found


def test_keys_move_in_a_real_installation_only_where_a_computing_module_changes(copy: Path) -> None:
    before = keys(copy)
    for module in modules(*NOT_COMPUTING):
        append_comment(copy, module)
    assert keys(copy) == before
    append_comment(copy, "optbench.core.seeding")
    assert not set(keys(copy)) & set(before)


def test_a_component_changes_its_own_digest_alone(copy: Path) -> None:
    before = SourceTree(copy)
    old = before.digest([Adam]), before.digest([SGD])
    append_comment(copy, "optbench.optimizers.adam")
    after = SourceTree(copy)
    assert after.digest([Adam]) != old[0]
    assert after.digest([SGD]) == old[1]


def test_a_helper_in_the_package_of_a_kind_is_part_of_what_imports_it(registry: Registry) -> None:
    tree = SourceTree()
    network = "optbench.architectures.network"
    assert network in tree.modules([registry.find("architecture", "two-layer-mlp").cls])
    assert network not in tree.modules([Adam])
    embedder = tree.modules([registry.find("embedder", "sentence-transformer").cls])
    assert "optbench.embedders.model_files" in set(embedder)
    assert "optbench.embedders.hashing" not in embedder


# Each job runs in a process of its own, forked from one that has imported libraries but no module of optbench.
RUN_EACH = """
import json, os, pickle, sys
import numpy, scipy.linalg.blas, sklearn.feature_extraction.text, threadpoolctl
assert not [name for name in sys.modules if name.partition(".")[0] == "optbench"]
with open(sys.argv[1], "rb") as file:
    jobs = pickle.load(file)
for number, pickled in enumerate(jobs):
    if not (child := os.fork()):
        job = pickle.loads(pickled)
        from optbench.training.run_job import run_job
        result = run_job(job)
        loaded = sorted(name for name in sys.modules if name.partition(".")[0] == "optbench")
        with open(f"{sys.argv[1]}.{number}", "w") as file:
            json.dump({"status": result.status, "reason": result.reason, "modules": loaded}, file)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""


@pytest.fixture(scope="module")
def runs_of_all_components(registry: Registry) -> list[Job]:
    """A short run of each optimizer, wrapper, architecture, embedder, loss and kind of dataset that is installed."""
    around = [f"sgd|{name}{'[norm=1]' if name == 'clip' else ''}" for name in registry.names("wrapper")]
    one = Selections(optimizers=["sgd"], architectures=["single-layer"], embedders=["e5-small"], seeds=[0], epochs=1)
    selections = [
        replace(one, optimizers=[*registry.names("optimizer"), *around]),
        replace(one, architectures=registry.names("architecture")),
        replace(one, embedders=_embedders(registry, "texts")),
        replace(one, embedders=_embedders(registry, "table"), datasets=["spirals"]),
        *(
            replace(one, embedders=["standardized"], losses=[loss], datasets=[_dataset(registry, loss)])
            for loss in registry.names("loss")
        ),
    ]
    return [job for selection in selections for job in make_plan(registry, selection)]


def _embedders(registry: Registry, takes: str) -> list[str]:
    """The embedders for texts or for tables; not the encoder, whose extra is in an environment of its own."""
    named = {component.name: component.cls for component in registry.components("embedder")}
    return [name for name, cls in named.items() if cls.takes == takes and name != "sentence-transformer"]


def _dataset(registry: Registry, loss: str) -> str:
    """The first table that networks can be trained on with a loss."""
    instance = registry.find("loss", loss).cls()
    tables = (name for name in registry.names("dataset") if find_dataset(registry, name).kind == "table")
    return next(name for name in tables if not instance.incompatibility(find_dataset(registry, name).task))


def test_every_module_that_a_run_imports_is_listed(
    runs_of_all_components: list[Job], registry: Registry, tmp_path: Path
) -> None:
    tree = SourceTree()
    script = tmp_path / "jobs"
    script.write_bytes(pickle.dumps([pickle.dumps(job) for job in runs_of_all_components]))
    subprocess.run([sys.executable, "-W", "ignore", "-c", RUN_EACH, str(script)], check=True)
    # A package's list imports all components of a kind; a component is part of the keys of its own runs.
    kinds = ("optimizer", "wrapper", "architecture", "embedder", "loss")
    others = {name for kind in kinds for component in registry.components(kind) for name in tree.modules([component.cls])}
    for number, job in enumerate(runs_of_all_components):
        ended = json.loads((tmp_path / f"jobs.{number}").read_text(encoding="utf-8"))
        assert ended["status"] == "ok", ended["reason"]
        own = tree.modules(classes(job))
        unlisted = [name for name in ended["modules"] if name not in own and name not in others and not exempt(name)]
        assert unlisted == [], f"{job.labels}: neither in COMPUTING nor in EXEMPT"


def test_the_modules_that_define_public_names_are_listed() -> None:
    listed = SourceTree().modules([])
    for module in set(optbench.PUBLIC.values()):
        assert f"optbench.{module}" in listed or exempt(f"optbench.{module}"), module


def test_no_module_is_both_computing_and_exempt() -> None:
    assert [name for name in SourceTree().modules([]) if exempt(name)] == []
    assert all(EXEMPT.values())
    assert exempt("optbench.execution.pool")
    assert not exempt("optbench.training.loop")
    assert not exempt("optbench.optimizers.adam")


@pytest.mark.parametrize("package", LISTS)
def test_a_list_of_components_computes_nothing(package: str) -> None:
    path = ROOT.joinpath(*package.split(".")[1:]) / "__init__.py"
    for statement in ast.parse(path.read_bytes()).body:
        is_docstring = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        is_hook = isinstance(statement, ast.FunctionDef) and isinstance(statement.body[-1], ast.Return)
        assert is_docstring or is_hook or isinstance(statement, ast.ImportFrom), ast.unparse(statement)


FILES = {
    "thing/__init__.py": "",
    "thing/method.py": """
from thing.helper import x
from . import sibling
import json
from optbench import Optimizer, axpy
class Component(Optimizer):
    name = "m"
""",
    "thing/helper.py": "from .deeper import y\nx = 1\n",
    "thing/deeper/__init__.py": "y = 2\n",
    "thing/sibling.py": "def f():\n    from thing import lazy\n",
    "thing/lazy.py": "z = 3\n",
    "thing/unrelated.py": "u = 4\n",
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    write(tmp_path, FILES)
    monkeypatch.syspath_prepend(str(tmp_path))
    installed_file.cache_clear()
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "thing"]:
        del sys.modules[name]
    installed_file.cache_clear()


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def third_party() -> type[Any]:
    cls: type[Any] = importlib.import_module("thing.method").Component
    return cls


@pytest.mark.parametrize(
    "name", ["thing/method.py", "thing/helper.py", "thing/deeper/__init__.py", "thing/sibling.py", "thing/lazy.py"]
)
def test_a_change_in_what_a_plugin_imports_from_itself_changes_the_digest(package: Path, name: str) -> None:
    before = SourceTree().digest([third_party()])
    assert SourceTree().digest([third_party()]) == before
    write(package, {name: FILES[name] + "# changed\n"})
    assert SourceTree().digest([third_party()]) != before


def test_what_a_plugin_does_not_import_changes_nothing(package: Path) -> None:
    before = SourceTree().digest([third_party()])
    write(package, {"thing/unrelated.py": "u = 5\n"})
    assert SourceTree().digest([third_party()]) == before


def test_a_plugin_adds_its_own_modules_to_those_of_every_run(package: Path) -> None:
    tree = SourceTree()
    own = set(tree.modules([third_party()])) - set(tree.modules([]))
    assert own == {"thing", "thing.method", "thing.helper", "thing.deeper", "thing.sibling", "thing.lazy"}


@pytest.mark.parametrize(
    ("statement", "module"),
    [
        ("from optbench.architectures.network import Network", "optbench.architectures.network"),
        ("from optbench.architectures import TwoLayerMLP", "optbench.architectures.two_layer_mlp"),
        ("from optbench.kit import problems", "optbench.kit.problems"),
    ],
)
def test_what_a_plugin_imports_of_optbench_itself_is_part_of_its_digest(package: Path, statement: str, module: str) -> None:
    write(package, {"thing/lazy.py": f"{statement}\n"})
    assert module in SourceTree().modules([third_party()])


def test_the_source_that_is_installed_for_a_stored_spec(registry: Registry, plan: list[Job], dataset: FrozenDataset) -> None:
    for job in plan:
        assert installed_source(registry, replace(job.spec, source="0" * 64)) == job.spec.source
    spec = plan[0].spec
    for kind in ("optimizer", "architecture", "embedder", "loss"):
        assert installed_source(registry, replace(spec, **{kind: Choice("gone", {"lr": 1.0})})) is None
    wrapped = replace(spec.optimizer, wrappers=(Choice("gone"),))
    assert installed_source(registry, replace(spec, optimizer=wrapped)) is None


def test_the_source_that_is_installed_for_vectors_and_wrappers(registry: Registry) -> None:
    selections = Selections(optimizers=["sgd|clip[norm=1]"], architectures=["single-layer"], embedders=["e5-small"], seeds=[0])
    (job,) = make_plan(registry, selections)
    assert isinstance(job.embedder, FrozenVectors)
    assert isinstance(job.optimizer, Wrapper)
    assert installed_source(registry, job.spec) == job.spec.source
    with pytest.raises(UsageError):
        registry.find("embedder", job.spec.embedder.name)
