"""Checks of what a plugin's hooks return: lists of classes that follow the contract of their kind.

optbench relies on these declarations without checking them again, so that one plugin's mistake cannot stop every plan.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optbench.core.contracts import Architecture, Dataset, Embedder, GeneratedDataset, Loss, Optimizer, Suite, Wrapper
from optbench.core.errors import OptbenchError, PluginError
from optbench.core.hyperparameters import build, values
from optbench.core.names import is_name
from optbench.core.specs import canonical
from optbench.registry.discovery import Plugin

KINDS: Mapping[str, tuple[str, type]] = {
    "optimizer": ("optbench_optimizers", Optimizer),
    "wrapper": ("optbench_wrappers", Wrapper),
    "architecture": ("optbench_architectures", Architecture),
    "embedder": ("optbench_embedders", Embedder),
    "loss": ("optbench_losses", Loss),
    "dataset": ("optbench_datasets", Dataset),
    "suite": ("optbench_suites", Suite),
}
"""For each kind of component, the hook that returns classes of it and the class that they derive from."""

CHANGES = (
    "docs/contract-2.md says what to change: architectures define layout(inputs, outputs), bind(layout, loss, dtype) and models"
    " whose forward returns z, the outputs before the last activation; optimizers get the loss E, not 2 E, and outputs of shape"
    " (rows, k); wrappers define incompatibility, not misfit"
)
"""What to do with a plugin that was built for contract 1, in a few words: the documents are not installed with optbench."""
_FORMER = {"layout": (("inputs",), ("inputs", "outputs")), "bind": (("layout", "dtype"), ("layout", "loss", "dtype"))}
"""For methods of architectures, their arguments in contract 1 and now."""

_PLACES = {"dataset": "folder", "suite": "file"}
"""The kinds of components that are files, and the attribute that says where."""
_TEXTS: Mapping[type, tuple[str, ...]] = {
    Loss: ("quality_name",),
    GeneratedDataset: ("title", "licence", "citation", "difficulty", "loss"),
}
"""The attributes of a component that are shown or stored as texts."""


@dataclass(frozen=True)
class Component:
    """A registered class and the plugin that registered it."""

    cls: type[Any]
    plugin: Plugin

    @property
    def name(self) -> str:
        """The name by which users select it."""
        name: str = self.cls.name
        return name

    @property
    def summary(self) -> str:
        """The first line of its docstring."""
        text = self.cls.__doc__
        return text.strip().partition("\n")[0] if isinstance(text, str) else ""

    @property
    def defaults(self) -> dict[str, Any]:
        """Its hyper-parameters with their defaults."""
        return values(_with_defaults(self.cls))


def classes_in(answers: Any, hook: str) -> Iterator[Any]:
    """Yield the items of a hook's answers, one list per plugin.

    Raises:
        PluginError: the answers are not lists.
    """
    if not isinstance(answers, list):
        raise PluginError(f"a hook wrapper of {hook} returned {answers!r}; it must return the list that 'yield' gave it")
    for answer in answers:
        yield from as_list(answer, hook)


def as_list(answer: Any, hook: str) -> list[Any]:
    """Return what an implementation of a hook returned as a list.

    Raises:
        PluginError: it is not iterable.
    """
    if not isinstance(answer, Iterable):
        raise PluginError(f"{hook} returned {answer!r}; it must return a list of classes")
    return list(answer)


def check_class(cls: Any, kind: str) -> None:
    """Check that a class can be registered as a component of this kind.

    Raises:
        PluginError: it does not follow the contract; the message names the class and the rule.
    """
    hook, base = KINDS[kind]
    if not (isinstance(cls, type) and issubclass(cls, base)):
        raise PluginError(f"{hook} returned {cls!r}, which is not a subclass of optbench.{base.__name__}")
    if kind == "optimizer" and issubclass(cls, Wrapper):
        raise PluginError(f"{hook} returned {cls!r}, which is a wrapper; return it from optbench_wrappers")
    name = getattr(cls, "name", None)
    if not (isinstance(name, str) and is_name(name)):
        raise PluginError(f"{cls.__qualname__}.name is {name!r}; a name is lower-case letters and digits, joined by - _ or .")
    if kind in _PLACES and not issubclass(cls, GeneratedDataset):
        place = _PLACES[kind]
        if not isinstance(getattr(cls, place, None), str | Path):
            raise PluginError(f"{cls.__qualname__}.{place} is not a path")
        return
    _check_instance(cls, _checked_defaults(cls))


def _checked_defaults(cls: type[Any]) -> Any:
    """Return an instance whose default hyper-parameters can be written as JSON."""
    try:
        instance = _with_defaults(cls)
        canonical(values(instance))
    except OptbenchError as error:
        raise PluginError(f"{cls.__qualname__} cannot be instantiated with its defaults: {error}") from error
    except (TypeError, ValueError) as error:
        raise PluginError(f"a default of {cls.__qualname__} is not a plain number, text, bool or tuple: {error}") from error
    return instance


def _with_defaults(cls: type[Any]) -> Any:
    """Return an instance with default hyper-parameters; a wrapper is put around an optimizer that cannot be run."""
    parts = {"inner": Optimizer()} if issubclass(cls, Wrapper) else {}
    return build(cls, {}, **parts)


def _check_instance(cls: type[Any], instance: Any) -> None:
    """Check the types of what a class declares, such as `needs` and `rates`."""
    for name in {"needs", "provides"} & set(dir(instance)):
        value = getattr(instance, name)
        if not (isinstance(value, frozenset) and all(isinstance(word, str) for word in value)):
            raise PluginError(
                f"{cls.__qualname__}.{name} is {value!r}; it must be a frozenset of words, such as frozenset({{'hvp'}})"
            )
    _check_texts(cls, instance)
    if isinstance(instance, Architecture):
        _check_signatures(cls, instance)
    if isinstance(instance, Wrapper) and hasattr(instance, "misfit"):
        raise PluginError(f"{cls.__qualname__} has misfit, a method of contract 1; {CHANGES}")
    if isinstance(instance, Optimizer):
        if instance.batch not in ("mini", "full"):
            raise PluginError(f"{cls.__qualname__}.batch is {instance.batch!r}; it must be 'mini' or 'full'")
        if not (isinstance(instance.rates, tuple) and all(isinstance(rate, str) for rate in instance.rates)):
            raise PluginError(f"{cls.__qualname__}.rates is {instance.rates!r}; it must be a tuple of names, such as ('lr',)")


def _check_texts(cls: type[Any], instance: Any) -> None:
    for name in (name for base, names in _TEXTS.items() if isinstance(instance, base) for name in names):
        if not isinstance(value := getattr(instance, name, None), str):
            raise PluginError(f"{cls.__qualname__}.{name} is {value!r}; it must be a text")
    if isinstance(instance, Embedder) and instance.takes not in ("texts", "table"):
        raise PluginError(f"{cls.__qualname__}.takes is {instance.takes!r}; it must be 'texts' or 'table'")


def _check_signatures(cls: type[Any], architecture: Architecture) -> None:
    """Refuse methods of contract 1: a plugin need not declare for which contract it was built."""
    for name, (former, current) in _FORMER.items():
        try:
            signature = inspect.signature(getattr(architecture, name))
        except (TypeError, ValueError):  # of a function in another language
            continue
        if _accepts(signature, former) and not _accepts(signature, current):
            called = f"{name}({', '.join(current)})"
            raise PluginError(f"{cls.__qualname__}.{name}({', '.join(former)}) is of contract 1 and now {called}; {CHANGES}")


def _accepts(signature: inspect.Signature, arguments: tuple[str, ...]) -> bool:
    try:
        signature.bind(*arguments)
    except TypeError:
        return False
    return True
