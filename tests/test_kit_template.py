"""`optbench plugin new` and `optbench plugin check` on the command line."""

from __future__ import annotations

import ast
import importlib.util
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

import optbench
from optbench.cli import cli
from optbench.core.errors import UsageError
from optbench.kit.template import TEMPLATE_KINDS, new_plugin
from optbench.registry import KINDS, Registry

RUN = [sys.executable, "-c", "from optbench.cli import main; main()"]


def test_there_is_a_template_for_every_kind_but_suites() -> None:
    assert {*TEMPLATE_KINDS, "suite"} == set(KINDS)


@pytest.mark.parametrize("kind", TEMPLATE_KINDS)
def test_a_new_plugin_keeps_the_whole_contract_as_it_is(tmp_path: Path, registry: Registry, kind: str) -> None:
    folder = new_plugin("my-2nd-try", kind, tmp_path, registry)
    done = subprocess.run([*RUN, "plugin", "check", str(folder), "--json"], capture_output=True, text=True, check=False)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row for row in rows if row["status"] != "holds"] == []
    assert {row["name"] for row in rows} == {"optbench-my-2nd-try", "my-2nd-try"}
    assert done.returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    assert max(len(line) for path in folder.rglob("*.py") for line in path.read_text(encoding="utf-8").splitlines()) <= 128


@pytest.mark.parametrize("kind", TEMPLATE_KINDS)
def test_a_new_plugin_imports_public_names_only_and_hides_none(tmp_path: Path, registry: Registry, kind: str) -> None:
    # "state" would give a class that hides optbench.State, "none" a keyword.
    for name in ("state", "vector", kind, "none", "true", "path", "network", "workspace", "counter"):
        folder = new_plugin(name, kind, tmp_path, registry)
        (module,) = [path for path in folder.rglob("*.py") if path.parent.name != "tests"]
        tree = ast.parse(module.read_text(encoding="utf-8"))
        imported = {
            alias.name: node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names
        }
        assert {name for name, origin in imported.items() if origin == "optbench"} <= set(optbench.PUBLIC)
        defined = [node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
        assert not set(defined) & set(imported)
        assert len(defined) == len(set(defined))


def test_a_new_plugin_says_what_it_is(tmp_path: Path, registry: Registry) -> None:
    folder = new_plugin("my-own", "optimizer", tmp_path, registry)
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["name"] == "optbench-my-own"
    assert project["entry-points"]["optbench"] == {"my-own": "optbench_my_own"}
    assert all("my-own" in (folder / name).read_text() for name in ("README.md", "LICENSE", "tests/test_contract.py"))
    spec = importlib.util.spec_from_file_location("optbench_my_own", folder / "optbench_my_own.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["optbench_my_own"] = module
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules["optbench_my_own"]
    assert module.OPTBENCH_CONTRACT == optbench.OPTBENCH_CONTRACT
    assert module.MyOwn.name == "my-own"


@pytest.mark.parametrize(
    "name", ["", "My", "my_own", "2nd", "-my", "my-", "my--own", "my own", "my\n", "../my", "m" * 65, "é", "my.own", "${my}"]
)
def test_an_invalid_name_is_refused(tmp_path: Path, registry: Registry, name: str) -> None:
    with pytest.raises(UsageError, match="a name consists of at most 64 lower-case letters, digits and single hyphens"):
        new_plugin(name, "optimizer", tmp_path, registry)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "kind"), [("adam", "optimizer"), ("hashing", "embedder"), ("qa-tr", "dataset")])
def test_a_name_that_is_taken_is_refused(tmp_path: Path, registry: Registry, name: str, kind: str) -> None:
    with pytest.raises(UsageError, match=rf"'{name}' is already the name of an optbench {kind}"):
        new_plugin(name, "optimizer", tmp_path, registry)


def test_an_empty_folder_is_used_and_another_refused(tmp_path: Path, registry: Registry) -> None:
    folder = tmp_path / "optbench-mine"
    folder.mkdir()
    assert new_plugin("mine", "optimizer", tmp_path, registry) == folder
    before = sorted(folder.rglob("*"))
    with pytest.raises(UsageError, match="already exists and is not an empty folder"):
        new_plugin("mine", "embedder", tmp_path, registry)
    assert sorted(folder.rglob("*")) == before
    (tmp_path / "optbench-file").touch()
    (tmp_path / "optbench-link").symlink_to(tmp_path / "nowhere")
    for name in ("file", "link"):
        with pytest.raises(UsageError, match="already exists"):
            new_plugin(name, "optimizer", tmp_path, registry)


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path, registry: Registry) -> None:
    (tmp_path / "file").touch()
    for into in (tmp_path / "file" / "below", tmp_path / ("a" * 300)):
        with pytest.raises(UsageError, match=r"optbench-mine cannot be written: "):
            new_plugin("mine", "optimizer", into, registry)


def test_new_prints_the_next_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, ["plugin", "new", "mine", "--kind", "embedder", "--into", "a place"])
    assert result.exit_code == 0
    assert result.stdout == ""
    assert [line.strip() for line in result.stderr.splitlines()[1:]] == [
        "pip install -e './a place/optbench-mine[test]'",
        "optbench plugin check mine",
        "pytest './a place/optbench-mine'",
        "optbench run -e mine -o adam",
    ]


def test_check_prints_violation_and_remedy_and_exits_with_1(tmp_path: Path, registry: Registry) -> None:
    folder = new_plugin("mine", "optimizer", tmp_path, registry)
    module = folder / "optbench_mine.py"
    module.write_text(module.read_text().replace("axpy(-self.lr, s.v, w)", "w = w - self.lr * s.v"))
    done = subprocess.run([*RUN, "plugin", "check", str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (row,) = [line for line in done.stdout.splitlines() if "after 20 steps" in line]
    assert "violation" in row
    assert "in place" in row
    assert "write into the array" in row
    assert "1 violations" in done.stderr  # that it allocates, and that the rate has no effect, has the same cause
    assert "because of the violation of 'in place'" in " ".join(done.stdout.split())


def test_check_of_an_unknown_plugin_exits_with_2() -> None:
    done = subprocess.run([*RUN, "plugin", "check", "no-such-plugin"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: no plugin named 'no-such-plugin' is installed")
