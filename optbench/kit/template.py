"""The template of a plugin: a distribution that installs, runs and passes its tests as it is."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
from packaging.utils import canonicalize_name, is_normalized_name

import optbench
from optbench.core.contracts import OPTBENCH_CONTRACT
from optbench.core.errors import UsageError
from optbench.core.files import new_folder
from optbench.curation.importing import write
from optbench.data.fields import LONGEST_NAME
from optbench.data.manifest import SPLITS
from optbench.data.rows import Row, parse
from optbench.registry import KINDS, Registry

_COMMON = {
    "pyproject.toml": "common/pyproject.toml.j2",
    "README.md": "common/README.md.j2",
    "LICENSE": "common/LICENSE.j2",
    "tests/test_contract.py": "common/test_contract.py.j2",
}
_FILES: Mapping[str, Mapping[str, str]] = {
    "optimizer": {"{module}.py": "optimizer/module.py.j2"},
    "wrapper": {"{module}.py": "wrapper/module.py.j2"},
    "loss": {"{module}.py": "loss/module.py.j2"},
    "architecture": {"{module}.py": "architecture/module.py.j2"},
    "embedder": {"{module}.py": "embedder/module.py.j2"},
    "dataset": {"{module}/__init__.py": "dataset/module.py.j2"},
}
"""For each kind, the files besides the common ones, and the templates that they are rendered from."""
TEMPLATE_KINDS = tuple(_FILES)
# Names in the templates other than the public ones: a class of one of these names would hide it.
_RESERVED = frozenset({"Any", "ClassVar", "Counter", "Network", "Path", "Sequence", "Workspace"})


def new_plugin(name: str, kind: str, into: Path, registry: Registry) -> Path:
    """Write the distribution `optbench-NAME` into a new folder of that name under `into`, and return the folder.

    Either the whole folder is written or nothing.

    Raises:
        UsageError: the name is not valid or is taken; the folder exists and is not empty, or cannot be written.
    """
    _check_name(name, registry)
    folder = into / f"optbench-{name}"
    try:
        _check_free(folder)
        with new_folder(folder) as unfinished:
            _write(unfinished, name, kind)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}") from error
    return folder


def _check_name(name: str, registry: Registry) -> None:
    if not (is_normalized_name(name) and name[0].isalpha() and len(name) <= LONGEST_NAME):
        raise UsageError(
            f"{name[:200]!r} is not a valid name for a plugin: a name consists of at most {LONGEST_NAME} lower-case letters, "
            "digits and single hyphens, and begins with a letter, such as 'my-method'"
        )
    for kind in KINDS:
        if name in registry.names(kind):
            owner = registry.find(kind, name).plugin
            raise UsageError(f"{name!r} is already the name of an {owner.distribution} {kind}; choose another name")
    if any(canonicalize_name(plugin.distribution) == f"optbench-{name}" for plugin in registry.plugins):
        raise UsageError(f"a distribution 'optbench-{name}' is already installed; choose another name")


def _check_free(folder: Path) -> None:
    empty = folder.is_dir() and not any(folder.iterdir())
    if folder.is_symlink() or (folder.exists() and not empty):
        raise UsageError(
            f"{folder} already exists and is not an empty folder; choose another name, or another place with --into"
        )


def _write(folder: Path, name: str, kind: str) -> None:
    environment = jinja2.Environment(  # noqa: S701  # the output is not HTML, and the name is checked
        loader=jinja2.PackageLoader("optbench.kit"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    variables: dict[str, Any] = {
        "name": name,
        "kind": kind,
        "module": f"optbench_{name.replace('-', '_')}",
        "cls": _class_name(name, kind),
        "contract": OPTBENCH_CONTRACT,
        "version": optbench.__version__,
    }
    for file, template in (_COMMON | dict(_FILES[kind])).items():
        path = folder / file.format_map(variables)
        path.parent.mkdir(exist_ok=True)
        path.write_text(environment.get_template(template).render(variables), encoding="utf-8")
    if kind == "dataset":
        contents = {split: environment.get_template(f"dataset/{split}.csv").render().encode() for split in SPLITS}
        splits: dict[str, list[Row]] = {split: parse(content, f"{split}.csv") for split, content in contents.items()}
        about = {"name": name, "title": "Capitals, right or wrong", "licence": "CC0-1.0", "made": "By hand, as an example."}
        write(folder / variables["module"] / "data", splits, about)


def _class_name(name: str, kind: str) -> str:
    cls = "".join(part.capitalize() for part in name.split("-"))
    taken = cls in optbench.PUBLIC or cls in _RESERVED or keyword.iskeyword(cls)
    return f"{cls}{kind.capitalize()}" if taken else cls
