"""The e-value of wins and losses, which stays valid however often one looks, and the seeds it would still take."""

from __future__ import annotations

import math

from optbench.analysis.statistics.available import NotAvailable


def e_value(wins: int, losses: int) -> float:
    """Return E = 2^n / ((n + 1) C(n, wins)), with n = wins + losses decided pairs.

    E is the likelihood of the observed order of wins and losses with a uniformly distributed probability of winning, divided by
    that with probability 1/2. If A and B are equally good, P(E >= e at any n) <= 1/e (Ville's inequality), so that pairs may be
    added until E is large. It is large in favour of either: the sign of wins - losses tells which.

    Args:
        wins: pairs in which A was better.
        losses: pairs in which B was better; ties belong to neither.

    Returns:
        1 without a decided pair; infinity beyond the range of floats (from about 1,030 wins in a row).

    Source: Ville (1939); Ramdas et al., Game-theoretic statistics and safe anytime-valid inference (2023), for a beta(1, 1)
    mixture of Bernoulli likelihoods.
    """
    if min(wins, losses) < 0:
        raise ValueError(f"numbers of wins and losses are at least 0, not {wins} and {losses}")
    n = wins + losses
    try:
        return float(2**n / ((n + 1) * math.comb(n, wins)))
    except OverflowError:
        return math.inf


def seeds_still_needed(wins: int, losses: int, ties: int, threshold: float) -> int | NotAvailable:
    """Return how many more seeds E would take to reach `threshold`, if pairs go on to be won, lost and tied in the same shares.

    With the share s of wins, log E(N) = N log 2 - log(N + 1) - log C(N, sN), with the gamma function for C. Once at or above
    the threshold it stays there, so the smallest N is found by bisection. It is a projection: at 5 seeds the shares are hardly
    known.

    Args:
        wins: pairs in which A was better.
        losses: pairs in which B was better.
        ties: undecided pairs, which cost a seed and count for nothing.
        threshold: the E to reach, for example 40 m for m comparisons.

    Returns:
        0 if it is reached already.
    """
    n = wins + losses
    if e_value(wins, losses) >= threshold:
        return 0
    if n == 0:
        return NotAvailable("no pair is decided, so there is no win rate to project")
    if wins == losses:
        return NotAvailable("wins and losses are equal: at this rate no number of seeds shows a difference")
    goal, share = math.log(threshold), wins / n
    enough = n + 1
    while _log_e(enough, share) < goal:
        enough *= 2
    short = n
    while enough - short > 1:
        middle = (short + enough) // 2
        short, enough = (short, middle) if _log_e(middle, share) >= goal else (middle, enough)
    return math.ceil((enough - n) * (n + ties) / n)


def _log_e(n: int, share: float) -> float:
    log_choose = math.lgamma(n + 1) - math.lgamma(share * n + 1) - math.lgamma((1 - share) * n + 1)
    return n * math.log(2) - math.log(n + 1) - log_choose
