"""Factor importance: which share of the variance of log time belongs to the optimizer, the workload, the seed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from optbench.analysis.statistics.available import NotAvailable
from optbench.core.numerics import Array


@dataclass(frozen=True)
class Importance:
    """Shares of the total sum of squares; with `rest` they add up to 1.

    Attributes:
        levels: the crossed design, the number of levels of each factor that varies.
        main: eta^2 of each factor: how much its levels differ on average over all others.
        pairs: eta^2 of each interaction of two factors, such as optimizer and workload: how much the differences between
            optimizers depend on the workload.
        rest: all higher interactions together, and noise.
    """

    levels: Mapping[str, int]
    main: Mapping[str, float]
    pairs: Mapping[tuple[str, str], float]
    rest: float


def importance(
    factors: Mapping[str, Sequence[object]], times: npt.ArrayLike, miss: float | None = None
) -> Importance | NotAvailable:
    """Return eta^2 = SS_factor / SS_total of log time for each factor of a fully crossed design.

    With one run in each cell all sums of squares are orthogonal: SS_f = (n / levels_f) sum (mean_f - mean)^2 and
    SS_fg = n / (levels_f levels_g) sum (mean_fg - mean_f - mean_g + mean)^2.

    Args:
        factors: by name ("optimizer", "workload", "seed", "split", "lr"), the level of each of the n runs. A factor with one
            level does not vary and is left out.
        times: shape (n,), times to target, infinity for a miss.
        miss: the time that stands for a miss, for example the budget, the least that it can be; None to refuse misses.

    Returns:
        Not available where the design is not crossed (a combination of levels without a run, or with several), where a run
        missed the target and `miss` is None, where a time is 0, or where nothing varies.

    Raises:
        ValueError: the lengths differ, or a time is NaN or negative.

    Source: Fisher's analysis of variance; Cohen, Eta-squared and partial eta-squared in fixed factor ANOVA designs (1973).
    Deviation: with one run per cell the interaction of all factors cannot be told from noise and is part of `rest`.
    """
    values = np.asarray(times, np.float64)
    if any(len(levels) != values.size for levels in factors.values()) or values.ndim != 1:
        raise ValueError("each run has one time and one level of each factor")
    if np.isnan(values).any() or (values < 0).any():
        raise ValueError("times to target are at least 0; a run that missed the target has infinity, not NaN")
    missed = int(np.isinf(values).sum())
    if missed and miss is None:
        return NotAvailable(f"{missed} of {values.size} runs missed the target, and a miss has no logarithm")
    values = np.where(np.isinf(values), np.inf if miss is None else miss, values)
    if not np.isfinite(values).all() or (values == 0).any():
        return NotAvailable("a time is 0, which has no logarithm: the target is above a first loss")
    varying = {name: levels for name, levels in factors.items() if len(set(levels)) > 1}
    if not varying:
        return NotAvailable("no factor has two levels")
    table = _crossed(varying, np.log(values))
    return table if isinstance(table, NotAvailable) else _shares(tuple(varying), table)


def _crossed(factors: Mapping[str, Sequence[object]], values: Array) -> Array | NotAvailable:
    """Return the values with one axis for each factor."""
    numbers = [{level: i for i, level in enumerate(dict.fromkeys(levels))} for levels in factors.values()]
    shape = tuple(len(levels) for levels in numbers)
    cells = list(
        zip(*([own[level] for level in levels] for own, levels in zip(numbers, factors.values(), strict=True)), strict=True)
    )
    if len(set(cells)) != len(cells):
        return NotAvailable(f"not crossed: a combination of {', '.join(factors)} has several runs")
    if len(cells) != math.prod(shape):
        missing = math.prod(shape) - len(cells)
        return NotAvailable(f"not crossed: {missing} of {math.prod(shape)} combinations of {', '.join(factors)} have no run")
    table = np.empty(shape)
    table[tuple(np.array(cells).T)] = values
    return table


def _shares(names: tuple[str, ...], table: Array) -> Importance | NotAvailable:
    centred = table - table.mean()
    total = float((centred**2).sum())
    # Rounding of the mean alone leaves about this much.
    if total <= table.size * (1e-14 * max(1.0, float(np.abs(table).max()))) ** 2:
        return NotAvailable("all times are equal: there is no variance to share out")

    def mean(*kept: int) -> Array:
        return np.asarray(centred.mean(axis=tuple(axis for axis in range(table.ndim) if axis not in kept), keepdims=True))

    def share(effect: Array) -> float:
        return float((effect**2).sum()) * (table.size / effect.size) / total

    axes = range(table.ndim)
    main = {names[i]: share(mean(i)) for i in axes}
    pairs = {(names[i], names[j]): share(mean(i, j) - mean(i) - mean(j)) for i, j in combinations(axes, 2)}
    rest = 1 - sum(main.values()) - sum(pairs.values())
    return Importance(dict(zip(names, table.shape, strict=True)), main, pairs, max(0.0, rest))
