"""The digest of the source code that computes a run, which is part of the run's key.

Where this source changes, runs get new keys, so that the result of other code is never reused. The modules of optbench that
compute every run are listed in `COMPUTING`. To these a component adds the modules that define its class and base classes, and
what these modules import from their own package of optbench or, for a plugin, from their own distribution. Nothing else decides
a key: modules that a worker imports although they compute nothing are listed in `EXEMPT`, and the versions of libraries are
recorded in the fingerprint of a run.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import optbench
from optbench.core.errors import UsageError
from optbench.core.specs import RunSpec, digest_of
from optbench.planning.catalogue import classes_of
from optbench.planning.imports import imported_modules, installed_file, same_distribution, top_level
from optbench.registry import Registry

COMPUTING = (
    "optbench.core.contracts",
    "optbench.core.hyperparameters",
    "optbench.core.numerics",
    "optbench.core.seeding",
    "optbench.core.turkish",
    "optbench.data.columns",
    "optbench.data.embedded",
    "optbench.data.fields",
    "optbench.data.generated",
    "optbench.data.loader",
    "optbench.data.manifest",
    "optbench.data.operators",
    "optbench.data.records",
    "optbench.data.rows",
    "optbench.data.same_text",
    "optbench.data.splitting",
    "optbench.data.table",
    "optbench.data.vectors",
    "optbench.losses",
    "optbench.training",
)
"""The modules that compute every run; the name of a package stands for all of its modules."""

LISTS = tuple(f"optbench.{name}" for name in ("architectures", "embedders", "optimizers", "wrappers"))
"""Packages whose `__init__` registers the components that are defined in their modules."""

EXEMPT: Mapping[str, str] = {
    "optbench.__init__": "imports each public name from the module that defines it",
    "optbench.core.__init__": "empty but for its docstring",
    "optbench.core.errors": "classes of exceptions; a run that raises one has no digest",
    "optbench.core.files": "reads and writes files, whose digests are checked elsewhere",
    "optbench.core.hookspecs": "signatures of hooks, which no worker calls",
    "optbench.core.metrics": "names, labels and units; a change in what is recorded is a change of the protocol",
    "optbench.core.names": "checks the names of components and datasets",
    "optbench.core.oracles": "declares what tests compare a component with",
    "optbench.core.spaces": "declares where a search draws hyper-parameters; the drawn values are part of a run's spec",
    "optbench.core.specs": "records what is run and what comes out; a change in their meaning is a change of the protocol",
    "optbench.core.vector_cache": "returns vectors that were computed before, after checking their digest",
    "optbench.data.__init__": "empty but for its docstring",
    "optbench.data.provenance": "records how texts were generated, which no run reads",
    "optbench.datasets": "generates rows, whose digest is part of a run's spec",
    "optbench.execution": "carries jobs to workers and results back",
    "optbench.experiment": "plans runs, has them computed and stores the results",
    "optbench.planning": "decides which runs there are; a worker on another machine compares digests of its source with it",
    "optbench.registry": "finds classes by name; imported with `optbench.planning`",
    "optbench.report": "a plugin may define sections of the report beside its components",
    "optbench.results": "what users do with the results of runs",
    **{f"{package}.__init__": "lists components, whose own modules are part of the keys of their runs" for package in LISTS},
}
"""The modules that a worker imports although they compute nothing, each with the reason. The name of a package stands for all
of its modules, and the name of a package followed by `.__init__` for that one module."""

ROOT = Path(optbench.__file__).parent


def exempt(module: str) -> str:
    """Return why a module is not part of any key; empty where no reason is listed."""
    parts = module.split(".")
    packages = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((EXEMPT[name] for name in (f"{module}.__init__", *packages) if name in EXEMPT), "")


@dataclass(frozen=True)
class _Module:
    sha256: str
    imports: frozenset[str]
    """The modules that it imports from its own package or distribution."""


class SourceTree:
    """The source files of optbench and of the installed plugins; each file is read once per instance.

    Args:
        root: the folder of the package `optbench`.
    """

    def __init__(self, root: Path = ROOT) -> None:
        self._root = root
        self._modules: dict[str, _Module | None] = {}
        self._digests: dict[frozenset[str], str] = {}
        self._computing: dict[str, str] = {}

    def digest(self, classes: Iterable[type]) -> str:
        """Return the SHA-256 of all source that computes a run with components of these classes, in hexadecimal."""
        defining = _defining(classes)
        if defining not in self._digests:
            self._digests[defining] = digest_of(self._reached(defining))
        return self._digests[defining]

    def modules(self, classes: Iterable[type]) -> Mapping[str, str]:
        """Return the SHA-256 of each module that computes a run with components of these classes, by the module's name."""
        return self._reached(_defining(classes))

    def _reached(self, start: Iterable[str]) -> dict[str, str]:
        found = dict(self._every_run())
        waiting = sorted(start)
        while waiting:
            name = waiting.pop()
            module = None if name in found else self._module(name)
            if module is not None:
                found[name] = module.sha256
                waiting += sorted(module.imports)
        return found

    def _every_run(self) -> Mapping[str, str]:
        """The modules of `COMPUTING`; their imports need not be followed, since the list is complete."""
        if not self._computing:
            for listed in COMPUTING:
                for name, path in self._files(listed):
                    self._computing[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        return self._computing

    def _files(self, name: str) -> Iterator[tuple[str, Path]]:
        """Yield the module of that name or, for a package, all of its modules, each with its file."""
        path = self._path(name)
        if path is None:
            raise FileNotFoundError(f"no module {name} under {self._root}")
        files = sorted(path.parent.rglob("*.py")) if path.name == "__init__.py" else [path]
        for file in files:
            parts = file.relative_to(self._root.parent).with_suffix("").parts
            yield ".".join(parts).removesuffix(".__init__"), file

    def _module(self, name: str) -> _Module | None:
        if name not in self._modules:
            self._modules[name] = self._read(name)
        return self._modules[name]

    def _read(self, name: str) -> _Module | None:
        path = self._path(name)
        if path is None:
            return None
        source = path.read_bytes()
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        imports = {module for module in imported_modules(source, package) if _computes_with(name, module)}
        return _Module(hashlib.sha256(source).hexdigest(), frozenset(imports))

    def _path(self, name: str) -> Path | None:
        if not _is_ours(name):
            return installed_file(name)
        path = self._root.joinpath(*name.split(".")[1:])
        files = (path / "__init__.py", path.with_name(f"{path.name}.py"))
        return next((file for file in files if file.is_file()), None)


_INSTALLED = SourceTree()


def digest(classes: Iterable[type]) -> str:
    """Return the SHA-256 of all installed source that computes a run with components of these classes, in hexadecimal."""
    return _INSTALLED.digest(classes)


def installed_source(registry: Registry, spec: RunSpec) -> str | None:
    """Return the digest of the installed source for a stored spec, or None where one of its components is not installed."""
    choices = {
        "optimizer": spec.optimizer,
        "architecture": spec.architecture,
        "embedder": spec.embedder,
        "loss": spec.loss,
    }
    try:
        return digest(cls for kind, choice in choices.items() for cls in classes_of(registry, kind, choice))
    except UsageError:
        return None


def _defining(classes: Iterable[type]) -> frozenset[str]:
    """The modules that define the classes and their bases; those of Python itself are in the fingerprint."""
    modules = {base.__module__ for cls in classes for base in cls.__mro__}
    return frozenset(name for name in modules if top_level(name) not in sys.stdlib_module_names)


def _computes_with(importer: str, imported: str) -> bool:
    """Whether a change in the module `imported` can change what `importer` computes and is not covered by `COMPUTING`."""
    if _is_ours(imported) and imported.partition(".")[2] in ("", *optbench.PUBLIC):
        return False  # public names are defined in modules that are listed
    if not _is_ours(imported):
        return not _is_ours(importer) and same_distribution(top_level(importer), top_level(imported))
    if not _is_ours(importer) and imported in LISTS:
        return True  # a plugin that takes a component from the list may compute with any of them
    same_package = importer.split(".")[:2] == imported.split(".")[:2]
    return not exempt(imported) and (same_package or not _is_ours(importer))


def _is_ours(module: str) -> bool:
    return top_level(module) == "optbench"
