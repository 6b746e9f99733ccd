"""The trials of a search: the default, then independent draws that all optimizers have in common."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from optbench.core.errors import UsageError
from optbench.core.hyperparameters import fields_of, values
from optbench.core.numerics import Array
from optbench.core.seeding import TUNING, stream
from optbench.core.spaces import LogUniform, Space, spaces_of
from optbench.core.studies import SEEDS_PER_TRIAL
from optbench.planning.catalogue import layers
from optbench.planning.entries import Instance

DIMENSIONS = 32
"""Of the unit cube; an optimizer with fewer hyper-parameters to search uses the first coordinates."""
STUDIES = 900
"""How many studies have seeds of their own."""
WIDE = 1e3
"""A rate without a declared space is searched over its default divided and multiplied by this."""


def tuning_seeds(study: int) -> tuple[int, ...]:
    """Return the seeds of the trials of a study; no evaluation run has them."""
    if not 0 <= study < STUDIES:
        raise UsageError(f"study {study} is out of range; a study is a whole number from 0 to {STUDIES - 1}")
    first = TUNING + 1000 * study
    return tuple(range(first, first + SEEDS_PER_TRIAL))


@lru_cache
def cube(study: int, budget: int) -> Array:
    """Return the draws of a study: shape (budget, 32), in [0, 1).

    They are independent, not a low-discrepancy sequence, for which the budget curve would be biased. Draw i is the same point
    whatever the budget, and for every optimizer. Source: PROTOCOL 2, section 2.
    """
    return stream(study, "tune").random((budget, DIMENSIONS))


def searched(instance: Instance) -> dict[str, Space]:
    """Return the spaces of the hyper-parameters that are searched: the declared ones that have their default.

    One to which the user gave another value is kept. Where the optimizer declares no space, its rates are searched over their
    default times 1/1000 to 1000.

    Raises:
        UsageError: nothing is left to be searched.
    """
    optimizer = layers(instance.component)[0]
    declared = spaces_of(optimizer) or _of_rates(optimizer)
    own, fields = values(optimizer), fields_of(optimizer)
    spaces = {name: space for name, space in declared.items() if own[name] == fields[name].default}
    if not declared:
        raise UsageError(
            f"optimizer {instance.label!r} cannot be tuned: it declares no space and no rate; declare one, such as "
            "lr: float = positive(0.001, space=scaled(1e-3, 1e3))"
        )
    if not spaces:
        raise UsageError(
            f"optimizer {instance.label!r} cannot be tuned: every hyper-parameter that is searched ({', '.join(declared)}) has "
            "a value of yours; leave one out"
        )
    return spaces


def trial_params(instance: Instance, study: int, budget: int) -> list[dict[str, Any]]:
    """Return the searched hyper-parameters of each trial: the default, then `budget` draws."""
    spaces, own = searched(instance), values(layers(instance.component)[0])
    default = {name: own[name] for name in spaces}
    return [default, *(_at(spaces, point) for point in cube(study, budget))]


def edges(spaces: Mapping[str, Space], params: Mapping[str, Any]) -> list[str]:
    """Return the hyper-parameters in the outer 5 % of a logarithmic range, where a wider range may hold a better value."""
    outer = 0.05
    return [
        name
        for name, space in spaces.items()
        if space.log and name in params and not outer <= space.place(params[name]) <= 1 - outer
    ]


def _at(spaces: Mapping[str, Space], point: Sequence[float] | Array) -> dict[str, Any]:
    return {name: space.at(float(u)) for (name, space), u in zip(spaces.items(), point, strict=False)}


def _of_rates(optimizer: Any) -> dict[str, Space]:
    own = values(optimizer) if dataclasses.is_dataclass(optimizer) else {}
    defaults = {name: fields_of(optimizer)[name].default for name in getattr(optimizer, "rates", ()) if name in own}
    rates = {name: rate for name, rate in defaults.items() if isinstance(rate, float) and rate > 0}
    return {name: LogUniform(rate / WIDE, rate * WIDE) for name, rate in rates.items()}
