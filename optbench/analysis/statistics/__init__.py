"""Statistics of comparisons: pure functions of arrays, one method in each module.

Differences are negative where A is better: log(t_A / t_B) for times. A miss, or a run that diverged, is infinite, never NaN. A
statistic that the data do not allow is returned as `NotAvailable`, with the reason in words.
"""

from __future__ import annotations

from optbench.analysis.statistics.available import NotAvailable
from optbench.analysis.statistics.budget_curve import budget_curve
from optbench.analysis.statistics.comparison import Comparison, compare_differences, compare_times
from optbench.analysis.statistics.crossing import crossing
from optbench.analysis.statistics.e_value import e_value, seeds_still_needed
from optbench.analysis.statistics.effect import Effect, effect
from optbench.analysis.statistics.friedman import Friedman, friedman
from optbench.analysis.statistics.holm import holm
from optbench.analysis.statistics.importance import Importance, importance
from optbench.analysis.statistics.interval import Interval, median_interval
from optbench.analysis.statistics.iqm import Iqm, budget_scores, interquartile_means, iqm
from optbench.analysis.statistics.overall import compare_overall, net_wins
from optbench.analysis.statistics.pairs import log_ratios
from optbench.analysis.statistics.profile import performance_profile, performance_ratios, profile_integral
from optbench.analysis.statistics.ranks import rank_intervals
from optbench.analysis.statistics.runtime import average_running_time, running_time_distribution, target_ladder
from optbench.analysis.statistics.sensitivity import Sensitivity, lr_sensitivity
from optbench.analysis.statistics.verdict import ACCURACY_MARGIN, TIME_MARGIN, Verdict, judge
from optbench.analysis.statistics.wilcoxon import SignedRank, fewest_seeds, smallest_p, wilcoxon
from optbench.analysis.statistics.wins import Wins, win_counts, wins
from optbench.analysis.statistics.words import sentence

__all__ = [
    "ACCURACY_MARGIN",
    "TIME_MARGIN",
    "Comparison",
    "Effect",
    "Friedman",
    "Importance",
    "Interval",
    "Iqm",
    "NotAvailable",
    "Sensitivity",
    "SignedRank",
    "Verdict",
    "Wins",
    "average_running_time",
    "budget_curve",
    "budget_scores",
    "compare_differences",
    "compare_overall",
    "compare_times",
    "crossing",
    "e_value",
    "effect",
    "fewest_seeds",
    "friedman",
    "holm",
    "importance",
    "interquartile_means",
    "iqm",
    "judge",
    "log_ratios",
    "lr_sensitivity",
    "median_interval",
    "net_wins",
    "performance_profile",
    "performance_ratios",
    "profile_integral",
    "rank_intervals",
    "running_time_distribution",
    "seeds_still_needed",
    "sentence",
    "smallest_p",
    "target_ladder",
    "wilcoxon",
    "win_counts",
    "wins",
]
