"""The pytest plugin: one test per check for those who ask for it, and no cost for others."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def run(folder: Path, test: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(test, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--strict-markers", "-W", "error", *options]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


ASKING = """
import pytest

@pytest.mark.optbench({plugin!r})
def test_contract(optbench_check):
    optbench_check()
"""


def test_each_check_is_a_test(tmp_path: Path) -> None:
    done = run(tmp_path, ASKING.format(plugin="optbench:datasets"), "-vv")
    assert done.returncode == 0, done.stdout + done.stderr
    for check in ("plugin-optbench:datasets-loads", "dataset-qa-tr-digests", "dataset-qa-tr-docstring"):
        assert f"test_contract[{check}] PASSED" in done.stdout


def test_a_violation_fails_its_test_with_the_remedy(tmp_path: Path) -> None:
    test = """
import pytest
from optbench.kit import testing
from optbench.kit.examine import Check

bad = Check("optimizer", "mine", "in place", "It moves w.", "write w -= ...", lambda: ["w stays"])

@pytest.mark.parametrize("check", [testing.as_test(bad)])
def test_contract(check):
    check()
"""
    done = run(tmp_path, test)
    assert done.returncode == 1
    assert "optimizer mine: It moves w.\nviolation: w stays\nremedy: write w -= ..." in done.stdout


@pytest.mark.parametrize(
    ("test", "message"),
    [
        (ASKING.format(plugin="no-such-plugin"), "no plugin named 'no-such-plugin' is installed"),
        ("def test_it(optbench_check): pass", "mark it with @pytest.mark.optbench(PLUGIN)"),
    ],
)
def test_a_request_that_cannot_be_met_is_an_error(tmp_path: Path, test: str, message: str) -> None:
    done = run(tmp_path, test)
    assert done.returncode not in (0, 1)
    assert message in done.stdout + done.stderr


def test_an_unrelated_project_imports_next_to_nothing(tmp_path: Path) -> None:
    heavy = ("numpy", "scipy", "sklearn", "pandas", "jinja2", "rich", "click", "pydantic", "optbench.registry")
    test = f"""
import sys

def test_it(request):
    assert request.config.pluginmanager.hasplugin("optbench")
    assert not set({heavy!r}) & set(sys.modules)
    assert {{name for name in sys.modules if name.startswith("optbench")}} == {{
        "optbench", "optbench.kit", "optbench.kit.pytest_plugin"
    }}
"""
    done = run(tmp_path, test)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
