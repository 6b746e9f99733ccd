"""The kit's checks: every violation is reported, and nothing else."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bad_methods
import numpy as np
import pytest
from click.testing import CliRunner

from optbench import Dataset
from optbench.cli import cli
from optbench.core.errors import MissingExtra, UsageError
from optbench.curation.importing import write
from optbench.data.rows import Row
from optbench.kit.checks import RULES
from optbench.kit.examine import Check, Finding, checks_of
from optbench.kit.problems import SMALL, LeastSquares, start
from optbench.kit.rules import Subject
from optbench.kit.testing import plugin_checks
from optbench.registry import KINDS, Plugin

PLUGINS = Path(__file__).parents[1] / "plugins"
BAD = Plugin("bad", "bad", "0", "bad = bad_methods")


def finding(kind: str, cls: type[Any], name: str, plugin: Plugin = BAD) -> Finding:
    (rule,) = (one for one in RULES[kind] if one.name == name)
    subject = Subject(kind, cls, plugin, ((kind, cls),))
    return Check(kind, cls.name, name, rule.promise, rule.remedy, lambda: rule.violations(subject)).run()


@pytest.mark.parametrize("check", plugin_checks("optbench"))
def test_built_in_components_keep_the_contract(check: Callable[[], None]) -> None:
    check()


@pytest.mark.parametrize("plugin", ["optbench-lion", "optbench-frontier"])
def test_our_plugins_keep_the_contract_from_their_folders(plugin: str) -> None:
    code = "from optbench.cli import main; main()"
    command = [sys.executable, "-c", code, "plugin", "check", str(PLUGINS / plugin), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row for row in rows if row["status"] != "holds"] == []
    assert done.returncode == 0
    assert len(rows) > 20


@pytest.mark.parametrize(("kind", "rule"), [(kind, rule.name) for kind in bad_methods.SOUND for rule in RULES[kind]])
def test_a_sound_component_keeps_every_rule(kind: str, rule: str) -> None:
    assert finding(kind, bad_methods.SOUND[kind], rule).status == "holds"


@pytest.mark.parametrize(
    ("kind", "rule", "detail", "cls"),
    [pytest.param(*example, id=f"{example[1]}-{example[3].__name__}") for example in bad_methods.EXAMPLES],
)
def test_a_violation_is_reported(kind: str, rule: str, detail: str, cls: type[Any]) -> None:
    result = finding(kind, cls, rule)
    assert result.status == "violation"
    assert detail in result.detail
    assert result.remedy


def test_a_plugin_must_declare_its_contract_version() -> None:
    result = finding("optimizer", bad_methods.Sound, "contract version", Plugin("other", "other", "0", "other = tiny"))
    assert "tiny does not declare" in result.detail
    assert "OPTBENCH_CONTRACT = 1" in result.remedy


def rows(words: str, labels: tuple[int, ...] = (1, -1)) -> list[Row]:
    return [Row(f"{word}?", f"{word} {label}.", label) for word in words for label in labels]


def dataset(folder: Path, labels: tuple[int, ...] = (1, -1), **about: str) -> type[Dataset]:
    splits = {"train": rows("abc", labels), "validation": rows("de"), "test": rows("fg")}
    write(folder, splits, {"name": "some", "title": "Some", "licence": "CC0-1.0", "made": "Here.", **about})
    return type("Some", (Dataset,), {"__doc__": "Some rows.", "name": "some", "folder": folder})


@pytest.mark.parametrize("rule", [rule.name for rule in RULES["dataset"]])
def test_a_sound_dataset_keeps_every_rule(tmp_path: Path, rule: str) -> None:
    assert finding("dataset", dataset(tmp_path / "some"), rule).status == "holds"


@pytest.mark.parametrize(
    ("rule", "detail", "change"),
    [
        ("name", "that in the manifest 'other'", {"name": "other"}),
        ("origin", "licence is empty", {"licence": ""}),
        ("both labels", "train has only the label 1", {"labels": (1,)}),
    ],
)
def test_a_violation_of_a_dataset_is_reported(tmp_path: Path, rule: str, detail: str, change: dict[str, Any]) -> None:
    result = finding("dataset", dataset(tmp_path / "some", **change), rule)
    assert (result.status, detail in result.detail) == ("violation", True)


@pytest.mark.parametrize("rule", ["loads", "digests"])
def test_a_changed_file_of_a_dataset_is_reported(tmp_path: Path, rule: str) -> None:
    cls = dataset(tmp_path / "some")
    with (tmp_path / "some" / "test.csv").open("a") as file:
        file.write("More?,More.,1\n")
    assert "not the file that was frozen" in finding("dataset", cls, rule).detail


def test_a_dataset_without_a_docstring_is_reported(tmp_path: Path) -> None:
    cls = dataset(tmp_path / "some")
    cls.__doc__ = None
    assert finding("dataset", cls, "docstring").status == "violation"


def test_every_rule_has_an_example_that_breaks_it() -> None:
    broken = {rule for kind, name, _, _ in bad_methods.EXAMPLES for rule in RULES[kind] if rule.name == name}
    tested_here = {"contract version", "name", "origin", "both labels", "loads", "digests"}
    assert {rule.name for rules in RULES.values() for rule in {*rules} - broken} == tested_here


def test_every_kind_has_rules() -> None:
    assert set(RULES) == set(KINDS)


def test_the_problem_is_an_objective_whose_gradients_can_be_changed() -> None:
    at = LeastSquares(start(SMALL, "float64"), steps=7)
    plain = at.gradient().copy()
    changed = at.after(lambda g: np.negative(g, out=g))
    assert np.array_equal(changed.gradient(), -plain)
    assert (changed.steps, changed.evaluations) == (7, 2)


@pytest.mark.parametrize("kind", RULES)
def test_rules_have_a_promise_and_a_remedy(kind: str) -> None:
    names = [rule.name for rule in RULES[kind]]
    assert len(names) == len(set(names))
    for rule in RULES[kind]:
        assert rule.promise.endswith((".", ")")), rule.name
        assert rule.remedy, rule.name


def test_a_violation_does_not_change_the_global_random_state() -> None:
    np.random.seed(7)
    random.seed(7)
    before = np.random.get_state()[1].copy(), random.getstate()
    finding("optimizer", bad_methods.Shuffling, "global random state")
    assert np.array_equal(np.random.get_state()[1], before[0])
    assert random.getstate() == before[1]


def test_an_exception_is_a_violation_and_output_is_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    def leave() -> list[str]:
        print("a word")  # noqa: T201  # must not reach standard output
        raise SystemExit(3)

    result = Check("optimizer", "loud", "runs", "It runs.", "make it run", leave).run()
    assert (result.status, result.remedy) == ("violation", "make it run")
    assert "SystemExit: 3" in result.detail
    assert capsys.readouterr().out == ""


def test_a_component_that_exits_the_second_process_does_not_affect_its_siblings() -> None:
    siblings = (("optimizer", bad_methods.Leaving), ("optimizer", bad_methods.Sound))
    (rule,) = (one for one in RULES["optimizer"] if one.name == "same in two processes")
    assert list(rule.violations(Subject("optimizer", bad_methods.Sound, BAD, siblings))) == []


def test_a_missing_extra_is_not_a_violation() -> None:
    def missing() -> list[str]:
        raise MissingExtra("install optbench[embed]")

    result = Check("embedder", "neural", "runs", "It runs.", "make it run", missing).run()
    assert (result.status, result.detail) == ("skipped", "install optbench[embed]")


def plugin_in(folder: Path, module: str, name: str = "optbench-stray") -> str:
    folder.mkdir()
    (folder / "stray_module.py").write_text(module, encoding="utf-8")
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "{name}"\nversion = "1.2"\n[project.entry-points.optbench]\nstray = "stray_module"\n'
    )
    return str(folder)


STRAY = """
from bad_methods import Sound
from optbench import hookimpl

@hookimpl
def optbench_optimizers():
    return [Stray]

class Stray(Sound):
    name = {name!r}
"""


@pytest.mark.parametrize(
    ("module", "check", "detail"),
    [
        ("1 / 0", "loads", "ZeroDivisionError"),
        ("OPTBENCH_CONTRACT = 99", "loads", "built for contract 99, this optbench has contract 1"),
        ("", "registers components", "it registers none"),
        (STRAY.format(name="adam"), "unique names", "two optimizers are named 'adam'"),
    ],
)
def test_a_plugin_without_components_is_a_violation(
    tmp_path: Path, module: str, check: str, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "stray_module", raising=False)
    before = list(sys.path)
    with checks_of(plugin_in(tmp_path / "stray", module)) as checks:
        results = [one.run() for one in checks]
    assert sys.path == before
    (violation,) = [result for result in results if result.status == "violation"]
    assert (violation.check, detail in violation.detail) == (check, True)
    sys.modules.pop("stray_module", None)


def test_a_folder_with_nothing_to_check_is_refused(tmp_path: Path) -> None:
    for content, message in ((None, "neither a pyproject.toml"), ("[project]\nname = 'x'\n", "no entry point"), ("[", "TOML")):
        if content is not None:
            (tmp_path / "pyproject.toml").write_text(content)
        with pytest.raises(UsageError, match=message), checks_of(str(tmp_path)):
            pass


@pytest.mark.parametrize("name", ["a/b", "../outside", "", "-a", "a-", "a b", "é", "a\\nb"])
def test_a_project_with_an_invalid_name_is_refused(tmp_path: Path, name: str) -> None:
    folder = plugin_in(tmp_path / "stray", "", name)
    with (
        pytest.raises(UsageError, match=r"pyproject\.toml: .* is not a valid project name.*correct it in \[project\]"),
        checks_of(folder),
    ):
        pass


def test_a_version_is_not_part_of_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "stray_module", raising=False)
    folder = plugin_in(tmp_path / "stray", "")
    file = Path(folder, "pyproject.toml")
    file.write_text(file.read_text().replace("1.2", "1/../../2"))
    with checks_of(folder) as checks:
        assert [one.check for one in checks] == ["loads", "unique names", "registers components"]
    sys.modules.pop("stray_module", None)


def test_a_folder_is_checked_where_another_distribution_has_lost_its_metadata(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "stray_module", raising=False)
    damaged = tmp_path / "damaged-1.0.dist-info"
    damaged.mkdir()
    (damaged / "entry_points.txt").write_text("[optbench]\ndamaged = math\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with checks_of(plugin_in(tmp_path / "stray", "")) as checks:
        assert {one.name for one in checks} == {"optbench-stray"}
    sys.modules.pop("stray_module", None)


def statuses(*words: str) -> dict[str, str]:
    result = CliRunner().invoke(cli, [*words, "--json"])
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    return {row["check"]: row["status"] for row in rows if row["kind"] == "plugin"}


def test_check_leaves_out_a_plugin_with_a_component_of_the_same_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "stray_module", raising=False)
    (tmp_path / "rival-1.0.dist-info").mkdir()
    (tmp_path / "rival-1.0.dist-info" / "METADATA").write_text("Name: a-rival\nVersion: 1.0\n")
    (tmp_path / "rival-1.0.dist-info" / "entry_points.txt").write_text("[optbench]\nrival = rival_module\n")
    (tmp_path / "rival_module.py").write_text(STRAY.format(name="stray"))
    monkeypatch.syspath_prepend(str(tmp_path))
    folder = plugin_in(tmp_path / "stray", STRAY.format(name="stray"))
    assert statuses("plugin", "check", folder)["unique names"] == "violation"
    for words in (("plugin", "check", folder, "-p", "no:a-rival"), ("-p", "no:a-rival", "plugin", "check", folder)):
        assert statuses(*words) == {"loads": "holds", "unique names": "holds", "registers components": "holds"}
    for module in ("stray_module", "rival_module"):
        sys.modules.pop(module, None)


def test_a_plugin_that_is_left_out_cannot_be_checked() -> None:
    with pytest.raises(UsageError, match="'optbench' is left out with '-p no:NAME'"), checks_of("optbench", ["optbench"]):
        pass


def test_an_unknown_plugin_gets_the_nearest() -> None:
    with (
        pytest.raises(UsageError, match="no plugin named 'optbenhc' is installed; did you mean 'optbench'"),
        checks_of("optbenhc"),
    ):
        pass
