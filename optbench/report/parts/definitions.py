"""Definitions of the scores in benchmark tables."""

from __future__ import annotations

from optbench.analysis.time_to_target import TARGET_MARGIN
from optbench.core.metrics import SCORES
from optbench.report.contents import Part
from optbench.report.sections import Section, Table

_DEFINITIONS = {
    SCORES["test_quality"].label: """
        The quality of the predictions for the test rows at the epoch of the lowest validation loss. The loss says what it is:
        the accuracy, the balanced accuracy (the mean over the classes of the share of their rows that is recognised), or R²,
        the share of the variance of the targets that is explained.
    """,
    "Target": f"""
        A validation loss. A frozen target was made from tuned baselines before these runs and is the same on every page. A
        provisional one is {TARGET_MARGIN} times the lowest median of the best validation loss, over the optimizers on this
        page: with other optimizers it is another one.
    """,
    "Work to target": """
        The passes until the validation loss first crossed the target, interpolated between the two evaluations around it. This
        is the one score that verdicts and rank intervals are about. Epochs, gradients and seconds are counted in the same way.
        “never” means that most seeds did not reach it or diverged.
    """,
    "Verdict": """
        “better” and “worse”: the 95 % interval of the effect excludes 1, and either the Wilcoxon test on exactly the planned
        seeds is significant after Holm's adjustment for the family, or seeds were added and the e-value is at least 40 times
        the size of the family. “equivalent”: both reached the target on every seed, and the 90 % interval is within 10 % of 1.
        “undecided” otherwise, which does not mean that they are equal. Two optimizers are compared on the seeds that both have;
        a time beyond the smaller budget of the two is a miss for both.
    """,
    "Effect": """
        The median over seeds of the ratio of both optimizers' passes to target, with the interval in brackets, in the same
        direction: “1.2x sooner (0.9 to 1.5)” is between 1 / 0.9 times later and 1.5 times sooner. Where
        one optimizer or both missed the target on most seeds: on how many each reached it.
    """,
    "Rank interval": """
        From 1 + the number of optimizers that are surely better to the number of optimizers - that of those that are surely
        worse, by the verdicts of all pairs.
    """,
    "Passes and gradients": """
        A pass takes the gradient of as many rows as there are training rows. Full-batch optimizers take one step per epoch, the
        others one per batch, and some need several gradients per step: compare passes or gradients rather than epochs.
    """,
    SCORES["seconds"].label: "Seconds of the optimizer and the gradient, without the evaluation.",
    "Update": "Seconds of one call of the optimizer's update, divided by the median of SGD's in the same process.",
    f"{SCORES['state_bytes'].label}, {SCORES['scratch_bytes'].label.lower()}": """
        Memory that carries information from one step to the next, and buffers that do not.
    """,
    "Diverged runs": """
        They count with the quality of always predicting the same, such as the share of the majority class, with the loss at
        epoch 0, and as not reaching the target. For a regression that is an R² of 0, which is above that of a run that did not
        diverge but predicts worse than the mean.
    """,
    "Median and quartiles": """
        Over seeds. The quartiles are values that occurred; where they read the same, only the median is shown.
    """,
}


def part() -> Part:
    """Return the section."""
    rows = [(term, " ".join(definition.split())) for term, definition in _DEFINITIONS.items()]
    return Part("definitions.html.j2", Section("Definitions", [Table(("Score", "Definition"), rows)]), "definitions")
