"""Variations of a planned run: another learning rate, or without one part of its optimizer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from optbench.core.contracts import Optimizer
from optbench.core.hyperparameters import fields_of, values
from optbench.core.plans import Track
from optbench.core.spaces import neutrals_of
from optbench.core.specs import Choice
from optbench.planning.catalogue import Catalogue, layers
from optbench.planning.source_digest import digest
from optbench.registry import Registry
from optbench.training.job import Job

_DIGITS = 4  # of a varied rate


@dataclass(frozen=True)
class Ablation:
    """An optimizer without one of its parts.

    Attributes:
        part: the hyper-parameter that is set to its neutral value, or the wrapper that is left out.
        words: what the optimizer is then without, such as "no momentum".
        choice: the optimizer.
    """

    part: str
    words: str
    choice: Choice


def ablations(optimizer: Optimizer, choice: Choice) -> list[Ablation]:
    """Return the optimizer with one part after another removed: first its hyper-parameters, then its wrappers.

    A hyper-parameter is removed by the neutral value that it declares. One that has this value already, or declares none, is no
    part.

    Args:
        optimizer: the instance, with its wrappers.
        choice: the same as it is stored.
    """
    inner = layers(optimizer)[0]
    current = values(inner)
    found = [
        Ablation(name, neutral.words, replace(choice, params={**choice.params, name: _as_stored(neutral.value)}))
        for name, neutral in neutrals_of(type(inner)).items()
        if name in current and current[name] != neutral.value
    ]
    for place, wrapper in enumerate(choice.wrappers):
        rest = (*choice.wrappers[:place], *choice.wrappers[place + 1 :])
        found.append(Ablation(wrapper.name, f"no {wrapper.name}", replace(choice, wrappers=rest)))
    return found


def rates_of(optimizer: Optimizer, choice: Choice) -> dict[str, float]:
    """Return the learning rates of an optimizer by name: the hyper-parameters that a schedule multiplies, where above 0.

    Empty for a method that sets its own rate.
    """
    rates = {name: choice.params.get(name) for name in optimizer.rates}
    return {name: rate for name, rate in rates.items() if isinstance(rate, int | float) and rate > 0}


def at_rates(optimizer: Optimizer, choice: Choice, factor: float) -> Choice | None:
    """Return a choice with all of its learning rates multiplied by `factor`; None where one leaves its range.

    Rates are rounded to four digits, and not at all with a factor of 1.
    """
    if factor == 1.0:
        return choice
    rates = {name: float(f"{rate * factor:.{_DIGITS}g}") for name, rate in rates_of(optimizer, choice).items()}
    fields = fields_of(layers(optimizer)[0])
    if any(not _in_range(fields[name].metadata, rate) for name, rate in rates.items() if name in fields):
        return None
    return replace(choice, params={**choice.params, **rates})


class Variations:
    """Makes jobs of a planned one.

    Args:
        registry: the installed components.
    """

    def __init__(self, registry: Registry) -> None:
        self._catalogue = Catalogue(registry)

    def job(self, job: Job, choice: Choice, seed: int, track: Track) -> Job:
        """Return a job on the same workload, with another optimizer and seed.

        Raises:
            UsageError: the optimizer cannot be built, for example because a wrapper does not fit any more.
        """
        instance = self._catalogue.instantiate("optimizer", choice)
        parts = (*instance.classes, type(job.architecture), type(job.embedder), type(job.loss))
        return replace(
            job,
            spec=replace(job.spec, optimizer=instance.choice, seed=seed, source=digest(parts)),
            labels=replace(job.labels, optimizer=instance.label, track=track),
            optimizer=instance.component,
        )


def _in_range(metadata: Mapping[str, Any], rate: float) -> bool:
    interval = metadata.get("range")
    return interval is None or rate in interval


def _as_stored(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
