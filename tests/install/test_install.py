"""A fresh virtual environment with wheels in it, as users have them; it needs a package registry, and a minute or two."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.install

ROOT = Path(__file__).parents[2]
NARROW = ("-m", "single-layer", "-e", "hashing", "--seeds", "0", "--epochs", "2", "--json")


def call(*words: str | Path, folder: Path) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPTBENCH", "PYTHON", "VIRTUAL"))}
    ended = subprocess.run(words, cwd=folder, env=kept, capture_output=True, encoding="utf-8", check=False, timeout=1200)
    assert ended.returncode == 0, f"{words}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout


def wheel(project: Path, folder: Path) -> Path:
    """Build a wheel of a copy of the project, so that nothing is left in the original."""
    skip = shutil.ignore_patterns(".*", "build", "dist", "reports", "__pycache__", "*.egg-info", "tests", "peers")
    copy = folder / f"copy-of-{project.name}"
    shutil.copytree(project, copy, ignore=skip)
    call(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, copy, folder=folder)
    (made,) = folder.glob("*.whl") if project != ROOT else folder.glob("optbench-*.whl")
    return made


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of an environment with optbench and the lion plugin, installed as wheels."""
    folder = tmp_path_factory.mktemp("install")
    (folder / "ours").mkdir()
    (folder / "lion").mkdir()
    wheels = [wheel(ROOT, folder / "ours"), wheel(ROOT / "plugins" / "optbench-lion", folder / "lion")]
    venv.create(folder / "venv", with_pip=True)
    found = folder / "venv" / "bin"
    call(found / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wheels, folder=folder)
    assert not {"optbench", "tests"} & {path.name for path in folder.iterdir()}
    return found


def test_a_plugin_runs_beside_ours_with_no_line_of_optbench_changed(scripts: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in call(scripts / "optbench", "plugins", "--json", folder=tmp_path).splitlines()]
    (lion,) = (row for row in rows if row["name"] == "optbench-lion")
    assert (lion["status"], lion["provides"]) == ("ok", "lion")
    project = (ROOT / "plugins" / "optbench-lion" / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{lion["version"]}"' in project
    out = call(scripts / "optbench", "run", "-o", "lion", "-o", "sgd", *NARROW, folder=tmp_path)
    assert {(row["optimizer"], row["status"]) for row in map(json.loads, out.splitlines())} == {("lion", "ok"), ("sgd", "ok")}
    assert (tmp_path / "reports" / "index.html").stat().st_size > 1_000_000
    call(scripts / "optbench", "verify", folder=tmp_path)
    call(scripts / "optbench", "doctor", folder=tmp_path)


def test_the_wheel_holds_what_is_read_at_run_time(scripts: Path) -> None:
    (made,) = (scripts.parents[1] / "ours").glob("*.whl")
    names = set(zipfile.ZipFile(made).namelist())
    for needed in ("py.typed", "presets/original.toml", "datasets/frozen/qa-tr/manifest.json", "report/assets/report.js"):
        assert f"optbench/{needed}" in names
    assert not [name for name in names if name.startswith(("tests", "plugins", "benchmarks"))]
