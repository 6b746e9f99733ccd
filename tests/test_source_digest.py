from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from optbench.optimizers import adam, sgd
from optbench.planning import source_digest as sources

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
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "thing"]:
        del sys.modules[name]


def digest() -> str:
    sources._digest.cache_clear()
    sources._module.cache_clear()
    sources._source.cache_clear()
    return sources.digest([importlib.import_module("thing.method").Component])


@pytest.mark.parametrize(
    "name", ["thing/method.py", "thing/helper.py", "thing/deeper/__init__.py", "thing/sibling.py", "thing/lazy.py"]
)
def test_a_change_anywhere_in_what_is_imported_is_noticed(package: Path, name: str) -> None:
    before = digest()
    assert digest() == before
    (package / name).write_text(FILES[name] + "# changed\n")
    assert digest() != before


def test_what_is_not_imported_does_not_matter(package: Path) -> None:
    before = digest()
    (package / "thing/unrelated.py").write_text("u = 5\n")
    assert digest() == before


def test_our_own_kernels_are_part_of_it(package: Path) -> None:
    seen = sources._followed("thing.method", (package / "thing/method.py").read_bytes(), is_package=False)
    assert {"optbench.core.contracts", "optbench.core.numerics", "thing.helper", "thing.sibling"} <= seen
    assert "json" not in seen


def test_optimizers_of_ours_do_not_depend_on_each_other() -> None:
    assert sources.digest([adam.Adam]) != sources.digest([sgd.SGD])
    seen = sources._followed(
        "optbench.optimizers.adam", Path(sys.modules["optbench.optimizers.adam"].__file__ or "").read_bytes(), is_package=False
    )
    assert seen == {"optbench.core.contracts", "optbench.core.numerics", "optbench.core.hyperparameters"}
