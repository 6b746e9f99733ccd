"""The README's tutorial, and each template, in a fresh virtual environment, as their reader would."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^<!-- (\w+) ?(\S*) -->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OUR_OWN = {".git", ".venv", ".tox", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".optbench", ".asv", "__pycache__"}
TRIALS = {
    "optimizer": {"-o": "{name}"},
    "wrapper": {"-o": "'sgd|{name}'"},
    "loss": {"--loss": "{name}", "-d": "diabetes", "-e": "standardized"},
    "architecture": {"-m": "{name}"},
    "embedder": {"-e": "{name}"},
    "dataset": {"-d": "{name}"},
}

pytestmark = pytest.mark.install


def blocks(marker: str) -> Iterator[tuple[str, str]]:
    """Yield the file that a code block of the README is for, or "", and the block."""
    for found, file, text in BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8")):
        if found == marker:
            yield file, text


def shell(commands: str, folder: Path) -> str:
    foreign = ("PYTHON", "PYTEST_", "VIRTUAL_ENV", "OPTBENCH")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    command = ["bash", "-euo", "pipefail", "-c", commands]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the source with a fresh `.venv`, made by the README's first commands."""
    copy = tmp_path_factory.mktemp("reader") / "optbench"
    shutil.copytree(ROOT, copy, ignore=lambda _, names: OUR_OWN & set(names))
    ((_, commands),) = blocks("run")
    shell("\n".join(line for line in commands.splitlines() if "optbench run" not in line), copy)
    return copy


def test_the_tutorial_leads_from_the_template_to_a_row_in_the_table(folder: Path) -> None:
    commands, out = 0, ""
    for file, text in blocks("tutorial"):
        if file:
            assert (folder / file).exists()
            (folder / file).write_text(text, encoding="utf-8")
        else:
            commands += len(text.splitlines())
            out += shell(text, folder)
    assert commands <= 5
    assert "violation" not in out
    assert re.search(r"\d+ passed", out)
    rows = [line for line in out.splitlines() if re.search(r"normalized-sgd .*\b5 ok", line)]
    assert len(rows) == 1, out


@pytest.mark.parametrize("kind", TRIALS)
def test_each_template_installs_runs_and_passes_its_tests(folder: Path, kind: str) -> None:
    name = f"my-{kind}"
    given = {"-o": "sgd", "-m": "single-layer", "-e": "hashing", "-d": "qa-tr"} | TRIALS[kind]
    run = " ".join(f"{option} {value.format(name=name)}" for option, value in given.items())
    out = shell(
        f"""
        .venv/bin/optbench plugin new {name} --kind {kind}
        .venv/bin/pip install --quiet --disable-pip-version-check "./optbench-{name}[test]"
        .venv/bin/optbench plugin check {name} --json
        .venv/bin/pytest -q optbench-{name}
        .venv/bin/optbench run {run} --seeds 0 --epochs 2 --no-report
        """,
        folder,
    )
    assert '"violation"' not in out
    assert re.search(r"\d+ passed", out)
    assert "1 ok" in out
