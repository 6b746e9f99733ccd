"""A distribution to begin a plugin with: it installs, runs and passes its tests as it is."""

from __future__ import annotations

import keyword
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

import optbench
from optbench.core.contracts import OPTBENCH_CONTRACT
from optbench.core.errors import UsageError
from optbench.curation.importing import write
from optbench.data.rows import parse
from optbench.registry import KINDS, Registry

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 64  # as for a dataset's name
_COMMON = {
    "pyproject.toml": "common/pyproject.toml.j2",
    "README.md": "common/README.md.j2",
    "LICENSE": "common/LICENSE.j2",
    "tests/test_contract.py": "common/test_contract.py.j2",
}
_FILES: Mapping[str, Mapping[str, str]] = {
    "optimizer": {"{module}.py": "optimizer/module.py.j2"},
    "architecture": {"{module}.py": "architecture/module.py.j2"},
    "embedder": {"{module}.py": "embedder/module.py.j2"},
    "dataset": {"{module}/__init__.py": "dataset/module.py.j2"},
}
"""For each kind, the files beside the common ones, and the templates that they are made from."""
TEMPLATE_KINDS = tuple(_FILES)
_SPLITS = ("train", "validation", "test")
# What the templates import besides public names: a class of one of these names would hide it.
_IMPORTED = frozenset({"Any", "ClassVar", "Counter", "Network", "Path", "Sequence", "Workspace"})


def new_plugin(name: str, kind: str, into: Path, registry: Registry) -> Path:
    """Write the distribution `optbench-NAME` into a folder of that name under `into`, all or nothing; return the folder.

    Raises:
        UsageError: the name is none, or is taken; the folder exists and is not empty, or cannot be written.
    """
    _check_name(name, registry)
    folder = into / f"optbench-{name}"
    try:
        _check_free(folder)
        into.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=into))
        try:
            _write(beside, name, kind)
            beside.chmod(0o755)
            beside.rename(folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}") from error
    return folder


def _check_name(name: str, registry: Registry) -> None:
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        raise UsageError(
            f"a plugin cannot be called {name[:200]!r}: a name is at most {_LONGEST} lower-case letters, digits and single "
            "hyphens, and begins with a letter; such as 'my-method'"
        )
    for axis in KINDS:
        if name in registry.names(axis):
            owner = registry.find(axis, name).plugin
            raise UsageError(f"there is {axis} {name!r} already, of {owner.distribution} {owner.version}; choose another name")
    if any(plugin.distribution == f"optbench-{name}" for plugin in registry.plugins):
        raise UsageError(f"a distribution 'optbench-{name}' is installed already; choose another name")


def _check_free(folder: Path) -> None:
    if folder.is_symlink() or (folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))):
        raise UsageError(f"{folder} exists already and is no empty folder; choose another name, or another folder with --into")


def _write(folder: Path, name: str, kind: str) -> None:
    environment = jinja2.Environment(  # noqa: S701  # no HTML, and a name that has been checked
        loader=jinja2.PackageLoader("optbench.kit"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    words: dict[str, Any] = {
        "name": name,
        "kind": kind,
        "module": f"optbench_{name.replace('-', '_')}",
        "cls": _class_name(name, kind),
        "contract": OPTBENCH_CONTRACT,
        "version": optbench.__version__,
    }
    for file, template in (_COMMON | dict(_FILES[kind])).items():
        path = folder / file.format_map(words)
        path.parent.mkdir(exist_ok=True)
        path.write_text(environment.get_template(template).render(words), encoding="utf-8")
    if kind == "dataset":
        rows = {split: environment.get_template(f"dataset/{split}.csv").render().encode() for split in _SPLITS}
        about = {"name": name, "title": "Capitals, right or wrong", "licence": "CC0-1.0", "made": "By hand, as an example."}
        write(folder / words["module"] / "data", {split: parse(text, f"{split}.csv") for split, text in rows.items()}, about)


def _class_name(name: str, kind: str) -> str:
    found = "".join(part.capitalize() for part in name.split("-"))
    hidden = found in optbench.PUBLIC or found in _IMPORTED or keyword.iskeyword(found)
    return f"{found}{kind.capitalize()}" if hidden else found
