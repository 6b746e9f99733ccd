"""What paired differences say about A and B: effect, wins, p-value on the planned seeds, e-value on all of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optbench.analysis.statistics.available import NotAvailable
from optbench.analysis.statistics.e_value import e_value
from optbench.analysis.statistics.effect import Effect, effect
from optbench.analysis.statistics.pairs import checked_times, log_ratios
from optbench.analysis.statistics.wilcoxon import SignedRank, wilcoxon
from optbench.analysis.statistics.wins import Wins, wins


@dataclass(frozen=True)
class Comparison:
    """The evidence from one comparison; `judge` makes verdicts of a family of them.

    Attributes:
        seeds: how many pairs there are.
        added: how many of them are beyond the planned ones.
        effect: median difference and intervals over all pairs. Once seeds were added the intervals are those that hold for any
            number of seeds.
        wins: wins, losses and ties of A.
        test: Wilcoxon's test on exactly the planned seeds; not available until all of them are there.
        e: the e-value of all pairs.
        reached_a: pairs in which A reached the target; None where the differences are not of times.
        reached_b: pairs in which B did.
    """

    seeds: int
    added: int
    effect: Effect
    wins: Wins
    test: SignedRank | NotAvailable
    e: float
    reached_a: int | None = None
    reached_b: int | None = None

    @property
    def all_reached(self) -> bool:
        """Whether both reached the target on every seed, where there is a target."""
        return self.reached_a in {None, self.seeds} and self.reached_b in {None, self.seeds}


def compare_times(
    times_a: npt.ArrayLike, times_b: npt.ArrayLike, seeds: Sequence[int], planned: Collection[int], budget: float = np.inf
) -> Comparison:
    """Return the comparison of A and B on one workload.

    Args:
        times_a: shape (n,), times to target of A, infinity for a miss or divergence.
        times_b: those of B.
        seeds: the n seeds of these pairs.
        planned: the seeds that were planned before the first run.
        budget: the smaller budget of the two.

    Raises:
        ValueError: the lengths differ, a seed occurs twice, or a time is NaN or negative.
    """
    differences = log_ratios(times_a, times_b, budget)
    reached = [int(np.isfinite(checked_times(times, budget)).sum()) for times in (times_a, times_b)]
    return compare_differences(differences, seeds, planned, (reached[0], reached[1]))


def compare_differences(
    differences: npt.ArrayLike,
    seeds: Sequence[int],
    planned: Collection[int],
    reached: tuple[int, int] | tuple[None, None] = (None, None),
) -> Comparison:
    """Return the comparison from differences, negative where A is better, for example of losses; see `compare_times`."""
    values, own, plan = np.asarray(differences, np.float64), set(seeds), set(planned)
    if len(own) != len(seeds) or values.shape != (len(seeds),):
        raise ValueError(f"differences of shape {values.shape} need as many distinct seeds, not {list(seeds)}")
    added = len(own - plan)
    counts = wins(values)
    return Comparison(
        seeds=len(seeds),
        added=added,
        effect=effect(values, anytime=added > 0),
        wins=counts,
        test=_planned_test(values, seeds, plan),
        e=e_value(counts.wins, counts.losses),
        reached_a=reached[0],
        reached_b=reached[1],
    )


def _planned_test(values: npt.NDArray[np.float64], seeds: Sequence[int], planned: set[int]) -> SignedRank | NotAvailable:
    missing = planned.difference(seeds)
    if not planned:
        return NotAvailable("no seeds were planned")
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        return NotAvailable(f"{len(missing)} of the {len(planned)} planned seeds {verb} missing, the first is {min(missing)}")
    return wilcoxon(values[[seed in planned for seed in seeds]])
