"""The kit's checks: of our own components, of folders and datasets; tests/broken has the plugins that each break one rule."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from broken import BROKEN
from broken.sources import source
from click.testing import CliRunner

from optbench import Dataset, Embedder, GeneratedDataset, Optimizer, positive
from optbench.cli import cli
from optbench.core.errors import MissingExtra, UsageError
from optbench.curation.importing import write
from optbench.data.rows import Row
from optbench.kit.checks import RULES, rules_of
from optbench.kit.examine import Check, checks_of
from optbench.kit.finding import Finding
from optbench.kit.problems import SMALL, LeastSquares, start
from optbench.kit.rules import Subject
from optbench.kit.testing import plugin_checks
from optbench.registry import KINDS, Plugin

PLUGINS = Path(__file__).parents[1] / "plugins"
PLUGIN_CHECKS = ["loads", "contract", "hooks", "unique names", "registers components"]
HERE = Plugin("here", "here", "0", f"here = {__name__}")
OPTBENCH_CONTRACT = 2
SECOND = sys.argv[0].endswith("digest_process.py")
"""Whether this is the second process of the check."""


@dataclass(frozen=True, kw_only=True)
class Descent(Optimizer):
    """Gradient descent. Cauchy 1847."""

    name: ClassVar[str] = "descent"
    lr: float = positive(0.01)

    def update(self, w, g, s, t):
        g *= self.lr
        w -= g


@dataclass(frozen=True, kw_only=True)
class Shuffling(Descent):
    name: ClassVar[str] = "shuffling"

    def update(self, w, g, s, t):
        np.random.seed(t)
        random.random()  # noqa: S311  # the violation
        super().update(w, g, s, t)


@dataclass(frozen=True, kw_only=True)
class Leaving(Descent):
    name: ClassVar[str] = "leaving"

    def init(self, w, layout):
        return sys.exit(0) if SECOND else super().init(w, layout)


@dataclass(frozen=True, kw_only=True)
class Ending(Descent):
    name: ClassVar[str] = "ending"

    def init(self, w, layout):
        return os._exit(7) if SECOND else super().init(w, layout)


def finding(kind: str, cls: type[Any], name: str, siblings: tuple[type[Any], ...] = ()) -> Finding:
    (rule,) = (one for one in rules_of(kind, cls) if one.name == name)
    subject = Subject(kind, cls, HERE, tuple((kind, one) for one in (cls, *siblings)))
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
    assert [row for row in rows if row["status"] == "violation"] == []
    assert done.returncode == 0
    assert len(rows) > 20


def rows(words: str, labels: tuple[int, ...] = (1, -1)) -> list[Row]:
    return [Row(f"{word}?", f"{word} {label}.", label) for word in words for label in labels]


def dataset(folder: Path, labels: tuple[int, ...] = (1, -1), **about: str) -> type[Dataset]:
    splits = {"train": rows("abc", labels), "validation": rows("de"), "test": rows("fg")}
    write(folder, splits, {"name": "some", "title": "Some", "licence": "CC0-1.0", "made": "Here.", **about})
    return type("Some", (Dataset,), {"__doc__": "Some rows.", "name": "some", "folder": folder})


@pytest.mark.parametrize("rule", [rule.name for rule in rules_of("dataset", Dataset)])
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
    broken = {rule for one in BROKEN for rule in RULES.get(one.kind, ()) if rule.name == one.check}
    tested_here = {"name", "both labels", "loads", "digests"}
    assert {rule.name for rules in RULES.values() for rule in {*rules} - broken} == tested_here


def test_every_kind_has_rules() -> None:
    assert set(RULES) == set(KINDS)


def test_the_problem_is_an_objective_whose_gradients_can_be_changed() -> None:
    at = LeastSquares(start(SMALL, "float64"), steps=7)
    plain = at.gradient().copy()
    changed = at.after(lambda g: np.negative(g, out=g))
    assert np.array_equal(changed.gradient(), -plain)
    assert (changed.steps, changed.evaluations) == (7, 2)


class Table(Embedder):
    takes = "table"


@pytest.mark.parametrize("kind", [*RULES, "table", "generated"])
def test_rules_have_a_promise_and_a_remedy(kind: str) -> None:
    special = {"table": ("embedder", Table), "generated": ("dataset", GeneratedDataset)}
    rules = rules_of(*special.get(kind, (kind, KINDS.get(kind, ("", object))[1])))
    names = [rule.name for rule in rules]
    assert len(names) == len(set(names))
    for place, rule in enumerate(rules):
        assert rule.promise.endswith((".", ")")), rule.name
        assert rule.remedy, rule.name
        assert {*rule.after} <= {*names[:place]} or kind == "table", rule.name


def test_a_violation_does_not_change_the_global_random_state() -> None:
    np.random.seed(7)
    random.seed(7)
    before = np.random.get_state()[1].copy(), random.getstate()
    assert finding("optimizer", Shuffling, "global random state").status == "violation"
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


@pytest.mark.parametrize(("cls", "word"), [(Leaving, "SystemExit: 0"), (Ending, "exit code 7")])
def test_a_component_that_exits_the_second_process_does_not_affect_its_siblings(cls: type[Any], word: str) -> None:
    assert finding("optimizer", Descent, "same in two processes", (cls,)).status == "holds"
    result = finding("optimizer", cls, "same in two processes", (Descent,))
    assert (result.status, word in result.detail) == ("violation", True)


def test_a_check_is_skipped_where_one_that_it_needs_is_violated() -> None:
    first = Check("optimizer", "mine", "runs", "It runs.", "make it run", lambda: ["it stops"])
    second = Check("optimizer", "mine", "types", "It has types.", "give it some", lambda: ["it has none"], (first,))
    assert (second.run().status, second.run().detail) == ("skipped", "because of the violation of 'runs'")


def test_what_is_missing_does_not_skip_other_checks() -> None:
    def missing() -> list[str]:
        raise MissingExtra("install optbench[embed]")

    first = Check("embedder", "mine", "runs", "It runs.", "make it run", missing)
    assert Check("embedder", "mine", "types", "It has types.", "give it some", list, (first,)).run().status == "holds"


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


@pytest.mark.parametrize(
    ("module", "check", "detail"),
    [
        ("1 / 0", "loads", "ZeroDivisionError"),
        ("OPTBENCH_CONTRACT = 99", "contract", "built for contract 99, this optbench has contract 2"),
        ("", "registers components", "it registers none"),
        (source("adam", "optimizer", ""), "unique names", "two optimizers are named 'adam'"),
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
        assert [one.check for one in checks] == PLUGIN_CHECKS
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
    (tmp_path / "rival_module.py").write_text(source("stray", "optimizer", ""))
    monkeypatch.syspath_prepend(str(tmp_path))
    folder = plugin_in(tmp_path / "stray", source("stray", "optimizer", ""))
    assert statuses("plugin", "check", folder)["unique names"] == "violation"
    for words in (("plugin", "check", folder, "-p", "no:a-rival"), ("-p", "no:a-rival", "plugin", "check", folder)):
        assert statuses(*words) == dict.fromkeys(PLUGIN_CHECKS, "holds")
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
