"""The house's rules: who may import whom, who may print, who may draw random numbers."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import optbench

ROOT = Path(optbench.__file__).parent
PLUGINS = {"optimizers", "wrappers", "architectures", "embedders", "losses", "datasets", "suites"}
FILES = sorted(path for path in ROOT.rglob("*.py"))


def module(path: Path) -> str:
    return ".".join(("optbench", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are absolute"
            if node.module == "optbench":
                yield from (f"optbench.{alias.name}" for alias in node.names)
            else:
                yield node.module or ""


def ours(path: Path) -> set[str]:
    """The parts of optbench that a file imports, by their first name."""
    return {name.split(".")[1] for name in imports(path) if name.startswith("optbench.") and not name.startswith("optbench.__")}


@pytest.mark.parametrize("path", [path for path in FILES if path.relative_to(ROOT).parts[0] in PLUGINS])
def test_plugins_import_public_names_only(path: Path) -> None:
    own = path.relative_to(ROOT).parts[0]
    assert ours(path) <= set(optbench.PUBLIC) | {own}


def test_the_loop_knows_nothing_of_the_world() -> None:
    loop = ROOT / "training" / "loop.py"
    assert ours(loop) == {"core"}
    assert not {"time", "os", "pathlib", "datetime", "io", "sqlite3"} & set(imports(loop))


@pytest.mark.parametrize("part", ["analysis", "report"])
def test_analysis_and_report_compute_no_runs(part: str) -> None:
    for path in (ROOT / part).rglob("*.py"):
        assert not {"training", "execution"} & ours(path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_command_line_prints_and_only_seeding_makes_generators(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            pytest.fail(f"{path}:{node.lineno} prints")
        if isinstance(node, ast.Attribute) and node.attr in {"default_rng", "RandomState", "PCG64", "SeedSequence"}:
            assert path.name == "seeding.py", f"{path}:{node.lineno}"


HEAVY = (
    "numpy",
    "pandas",
    "scipy",
    "sklearn",
    "matplotlib",
    "plotly",
    "jinja2",
    "pydantic",
    "pluggy",
    "sqlite3",
    "torch",
)


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_loads_nothing_heavy(argument: str) -> None:
    code = f"""
import sys
sys.argv = ["optbench", {argument!r}]
from optbench.cli import main
try:
    main()
except SystemExit:
    print(*sorted(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}
    assert not loaded & set(HEAVY)


def test_the_packages_face_is_lazy_and_complete() -> None:
    code = """
import sys, optbench
print("numpy" in sys.modules)
print(all(hasattr(optbench, name) for name in optbench.__all__))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = optbench.nonsense
