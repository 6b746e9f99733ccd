"""Display names of workloads and variants, with the differences spelled out where two would read the same.

The labels stored with the runs leave out hyper-parameters that had their default value. Two specs can therefore have one label,
for example when a default changed between their runs.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from optbench.analysis.grouping import Grouped, Variant
from optbench.core.specs import RunResult, canonical, digest_of
from optbench.core.workload import Workload

K = TypeVar("K", bound=Hashable)
_DIGITS = 8  # of a digest, enough to tell two apart by eye


def variant_labels(grouped: Grouped) -> dict[Variant, str]:
    """Return a display name for each variant; within a workload no two are equal.

    Args:
        grouped: the results as `by_workload` returns them.

    Returns:
        The stored label, on the tuned track whatever the settings of the workload. With hyper-parameters such as
        `adam[lr=0.001]` where two optimizers share it; with `(source 1a2b3c4d)` where one workload has runs of one optimizer
        from several sources.
    """
    names = _choice_labels(
        (variant.optimizer, run.labels.optimizer)
        for variants in grouped.values()
        for variant, runs in variants.items()
        for run in runs
        if run.labels.track == "default"
    )
    names |= _tuned_labels(grouped)
    several = {
        optimizer
        for variants in grouped.values()
        for optimizer, sources in Counter(variant.optimizer for variant in variants).items()
        if sources > 1
    }
    return {
        variant: names[variant.optimizer] + (f" (source {variant.source[:_DIGITS]})" if variant.optimizer in several else "")
        for variants in grouped.values()
        for variant in variants
    }


def _tuned_labels(grouped: Grouped) -> dict[str, str]:
    """Return the display names of tuned optimizers, which keep their name though each workload has its own settings.

    Two of one name on one workload are told apart by their hyper-parameters.
    """
    found: dict[str, str] = {}
    for variants in grouped.values():
        labels = {
            variant.optimizer: run.labels.optimizer
            for variant, runs in variants.items()
            for run in runs
            if run.labels.track == "tuned"
        }
        found |= _spelled_out(labels, {choice: _hyperparameters(json.loads(choice)) for choice in labels})
    return found


def workload_labels(grouped: Grouped) -> dict[Workload, str]:
    """Return a display name for each workload, such as `single-layer on hashing, qa-tr`; no two are equal.

    One that was run for a suite has its name there in front: `qa-linear: single-layer on e5-small, qa-tr-2`.

    Where two would be, loss, epochs, batch size, dtype, dataset digest or protocol follow in parentheses, whichever differ.
    """
    architectures, embedders, losses = architecture_labels(grouped), embedder_labels(grouped), loss_labels(grouped)
    named = workload_names(grouped)
    return _spelled_out(
        {
            w: f"{named[w]}: " * bool(named[w]) + f"{architectures[w.architecture]} on {embedders[w.embedder]}, {w.dataset}"
            for w in grouped
        },
        {
            w: {
                "loss": losses[w.loss],
                "epochs": f"{w.epochs} epochs",
                "batch_size": f"batch size {w.batch_size}",
                "dtype": w.dtype,
                "dataset": f"dataset {w.dataset_digest[:_DIGITS]}",
                "protocol": f"protocol {w.protocol}",
            }
            for w in grouped
        },
    )


def workload_names(grouped: Grouped) -> dict[Workload, str]:
    """Return the name of each workload in the suite that all of its runs were planned for; empty where there is none."""
    found: dict[Workload, set[str]] = {}
    for workload, run in _runs(grouped):
        found.setdefault(workload, set()).add(run.labels.workload)
    return {workload: next(iter(names)) if len(names) == 1 else "" for workload, names in found.items()}


def short_workload_labels(grouped: Grouped) -> dict[Workload, str]:
    """Return the name of each workload in its suite, or its full label where it has none or shares it with another."""
    names, labels = workload_names(grouped), workload_labels(grouped)
    counts = Counter(names.values())
    return {workload: name if name and counts[name] == 1 else labels[workload] for workload, name in names.items()}


def architecture_labels(grouped: Grouped) -> dict[str, str]:
    """Return a display name for each architecture, by its canonical JSON."""
    return _choice_labels((workload.architecture, run.labels.architecture) for workload, run in _runs(grouped))


def embedder_labels(grouped: Grouped) -> dict[str, str]:
    """Return a display name for each embedder, by its canonical JSON."""
    return _choice_labels((workload.embedder, run.labels.embedder) for workload, run in _runs(grouped))


def loss_labels(grouped: Grouped) -> dict[str, str]:
    """Return a display name for each loss, by its canonical JSON."""
    return _choice_labels((workload.loss, run.labels.loss) for workload, run in _runs(grouped))


def _runs(grouped: Grouped) -> Iterator[tuple[Workload, RunResult]]:
    for workload, variants in grouped.items():
        for runs in variants.values():
            yield from ((workload, run) for run in runs)


def _choice_labels(labelled: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return one label for each choice, given as canonical JSON; no two are equal."""
    labels: dict[str, str] = {}
    for choice, label in labelled:  # one choice may have two, if a default changed: the shorter one, whatever their order
        labels[choice] = min(labels.get(choice, label), label, key=lambda text: (len(text), text))
    return _spelled_out(labels, {choice: _hyperparameters(json.loads(choice)) for choice in labels})


def _hyperparameters(choice: Mapping[str, Any]) -> dict[str, str]:
    """Return what each hyper-parameter is displayed as, the wrappers' with the wrapper's name in front."""
    shown = {name: f"{name}={canonical(value)}" for name, value in sorted(choice["params"].items())}
    for place, wrapper in enumerate(choice.get("wrappers", ())):
        for name, value in sorted(wrapper["params"].items()):
            shown[f"{place} {name}"] = f"{wrapper['name']}.{name}={canonical(value)}"
    return shown


def _spelled_out(labels: Mapping[K, str], facts: Mapping[K, Mapping[str, str]]) -> dict[K, str]:
    """Return the labels, with those facts added to equal ones in which their owners differ."""
    found = dict(labels)
    for label, owners in _by_label(labels).items():
        if len(owners) > 1:
            names = dict.fromkeys(name for owner in owners for name in facts[owner])
            different = [name for name in names if len({facts[owner].get(name) for owner in owners}) > 1]
            for owner in owners:
                found[owner] = _with(label, [facts[owner][name] for name in different if name in facts[owner]])
    for label, owners in _by_label(found).items():  # they differ in something that has no words
        if len(owners) > 1:
            found |= {owner: f"{label} (spec {digest_of(repr(owner))[:_DIGITS]})" for owner in owners}
    return found


def _by_label(labels: Mapping[K, str]) -> dict[str, list[K]]:
    owners: dict[str, list[K]] = {}
    for owner, label in labels.items():
        owners.setdefault(label, []).append(owner)
    return owners


def _with(label: str, facts: list[str]) -> str:
    if not facts:
        return label
    plain = label.replace("-", "").replace("_", "").isalnum()
    return f"{label}[{', '.join(facts)}]" if plain else f"{label} ({', '.join(facts)})"
