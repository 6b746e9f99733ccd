"""The two optimizers of a comparison: which variant each of them is on each workload."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from optbench.analysis.grouping import Grouped, Variant
from optbench.analysis.labels import variant_labels
from optbench.core.errors import UsageError
from optbench.core.workload import Workload


@dataclass(frozen=True)
class Asked:
    """An optimizer as a user named it.

    Attributes:
        text: what was written, such as `adam[lr=1e-3]` or a display label.
        choice: the canonical JSON of the `Choice` that it stands for; empty where no such optimizer is installed.
        label: the label of that choice; empty as well.
    """

    text: str
    choice: str = ""
    label: str = ""


@dataclass(frozen=True)
class Opponent:
    """One of the two optimizers.

    Attributes:
        label: its display name.
        variants: its variant on each workload that it was run on. On the tuned track their hyper-parameters differ.
    """

    label: str
    variants: Mapping[Workload, Variant]


def find_opponent(asked: Asked, grouped: Grouped) -> Opponent | None:
    """Return the optimizer that a user named, from the runs there are.

    On the default track that is the one with exactly these hyper-parameters. On the tuned track, and where there is none, it is
    the one with that display name, so that an optimizer whose plugin is not installed any more can be compared.

    Returns:
        None where nothing of that name was run.

    Raises:
        UsageError: two variants on one workload match.
    """
    labels = variant_labels(grouped)
    by_choice = {w: [v for v, runs in own.items() if _is(asked, v, runs[0].labels.track)] for w, own in grouped.items()}
    by_display = {w: [v for v in own if labels[v] == asked.text] for w, own in grouped.items()}
    by_label = {
        w: [v for v, runs in own.items() if {labels[v], *(run.labels.optimizer for run in runs)} & {asked.text, asked.label}]
        for w, own in grouped.items()
    }
    for matching in (by_choice, by_display, by_label):
        found = {w: variants for w, variants in matching.items() if variants}
        if found:
            _require_one(asked, found, labels)
            variants = {w: of_workload[0] for w, of_workload in found.items()}
            return Opponent(min((labels[v] for v in variants.values()), key=lambda text: (len(text), text)), variants)
    return None


def require_two(a: Opponent, b: Opponent) -> None:
    """Raise UsageError where both are the same optimizer."""
    if any(b.variants.get(workload) == variant for workload, variant in a.variants.items()):
        raise UsageError(f"A and B are both {a.label!r}; name two different optimizers")


def known_labels(grouped: Grouped) -> list[str]:
    """Return the display names of all optimizers that were run, sorted."""
    return sorted(set(variant_labels(grouped).values()))


def _is(asked: Asked, variant: Variant, track: str) -> bool:
    return track == "default" and variant.optimizer == asked.choice


def _require_one(asked: Asked, found: Mapping[Workload, list[Variant]], labels: Mapping[Variant, str]) -> None:
    for several in _ambiguous(found):
        names = ", ".join(sorted(repr(labels[variant]) for variant in several))
        raise UsageError(f"{asked.text!r} stands for {len(several)} optimizers, {names}; name one of them")


def _ambiguous(found: Mapping[Workload, list[Variant]]) -> Iterator[list[Variant]]:
    yield from (variants for variants in found.values() if len(variants) > 1)
