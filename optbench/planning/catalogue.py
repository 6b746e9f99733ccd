"""The catalogue: all components that can be selected, those of plugins and the vectors that are shipped with datasets."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

from optbench.core.contracts import Optimizer, Wrapper
from optbench.core.errors import UsageError, nearest
from optbench.core.names import plural
from optbench.core.specs import Choice
from optbench.data.loader import FrozenDataset
from optbench.data.vectors import FrozenVectors
from optbench.planning.entries import Entry, Instance, registered, shipped
from optbench.planning.selectors import Selection, parse_selection
from optbench.registry import Registry


class Catalogue:
    """The registered components and, among the embedders, the vectors that are shipped with datasets.

    Args:
        registry: the registered components.
        datasets: the datasets whose vectors can be selected. A job has one dataset; several are for listings.
    """

    def __init__(self, registry: Registry, datasets: Iterable[FrozenDataset] = ()) -> None:
        self._registry = registry
        self._datasets = tuple(datasets)
        self._entries: dict[str, list[Entry]] = {}

    def entries(self, kind: str) -> list[Entry]:
        """Return all components of a kind, those included that are not available: the registered ones first, by name.

        Raises:
            DataError: the vectors of a dataset break a rule.
        """
        if kind not in self._entries:
            entries = list(map(registered, self._registry.components(kind)))
            if kind == "embedder":
                entries += [entry for dataset in self._datasets for entry in shipped(dataset)]
            self._entries[kind] = entries
        return self._entries[kind]

    def missing(self, kind: str) -> list[Entry]:
        """Return the components of a kind that are listed but not available."""
        return [entry for entry in self.entries(kind) if entry.missing]

    def select(self, kind: str, texts: Sequence[str] | None) -> list[Instance]:
        """Return what is selected of a kind, each instance once, sorted by label.

        Args:
            kind: the kind of component.
            texts: selections such as `adam[lr=1e-3,1e-2]|cosine`; None for all that are `in_all`, with their defaults.

        Raises:
            UsageError: an unknown name, hyper-parameter or value, or a wrapper that does not fit.
        """
        if texts is None:
            texts = [entry.name for entry in self.entries(kind) if entry.in_all]
        choices = (choice for text in texts for choice in _choices(parse_selection(text)))
        by_label = {instance.label: instance for instance in (self.instantiate(kind, choice) for choice in choices)}
        return [by_label[label] for label in sorted(by_label)]

    def instantiate(self, kind: str, choice: Choice) -> Instance:
        """Return an instance of the component that a choice names, with its wrappers around it.

        Args:
            kind: the kind of component.
            choice: a choice as selected or as stored; hyper-parameters that it lacks have their defaults.

        Raises:
            UsageError: it is not available, or a wrapper does not fit.
        """
        if choice.wrappers and kind != "optimizer":
            article = "an" if kind[0] in "aeo" else "a"
            raise UsageError(
                f"{choice.name}|{choice.wrappers[0].name}: wrappers go around optimizers, not around {article} {kind}"
            )
        instance = self._find(kind, choice.name).instantiate(choice.params)
        for wrapper in choice.wrappers:
            outer = self._find("wrapper", wrapper.name).instantiate(wrapper.params, inner=instance.component)
            instance = outer.around(instance)
            if incompatibility := instance.component.incompatibility():
                raise UsageError(f"optimizer {instance.label!r} cannot be run: {wrapper.name} {incompatibility}")
        return instance

    def _find(self, kind: str, name: str) -> Entry:
        entries = self.entries(kind)
        named = [entry for entry in entries if entry.name == name]
        if named:
            # A dataset's own vectors are the same for everyone; an embedder of their name need not be installed.
            return min(named, key=lambda entry: (bool(entry.missing), not entry.frozen))
        known = [entry.name for entry in entries if not entry.missing]
        raise UsageError(
            f"no {kind} named {name!r}{nearest(name, known)}; 'optbench list {plural(kind)}' shows all {len(known)}",
        )


def classes_of(registry: Registry, kind: str, choice: Choice) -> list[type]:
    """Return the classes that compute a stored choice: the component's, then those of its wrappers.

    Raises:
        UsageError: one of them is not installed.
    """
    # Whether the vectors themselves are available depends on the dataset; the class that looks them up does not.
    if kind == "embedder" and choice.params.keys() == {"sha256"}:
        return [FrozenVectors]
    component = registry.find(kind, choice.name)
    return [component.cls, *(registry.find("wrapper", wrapper.name).cls for wrapper in choice.wrappers)]


def _choices(selection: Selection) -> Iterator[Choice]:
    """Yield a choice for each combination of the values that a selection names."""
    for params in itertools.product(*(part.combinations() for part in (selection, *selection.wrappers))):
        wrappers = (Choice(part.name, own) for part, own in zip(selection.wrappers, params[1:], strict=True))
        yield Choice(selection.name, params[0], tuple(wrappers))


def layers(optimizer: Optimizer) -> list[Optimizer]:
    """Return an optimizer without its wrappers, then each of the wrappers around it, the innermost first."""
    return [*layers(optimizer.inner), optimizer] if isinstance(optimizer, Wrapper) else [optimizer]
