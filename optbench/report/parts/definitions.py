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
        {TARGET_MARGIN} times the lowest median of the best validation loss, over the optimizers on this page. It depends on
        which optimizers were run.
    """,
    "Time to target": """
        The first epoch whose validation loss is at or below the target, in epochs, passes, gradients and seconds. “never” means
        that most seeds did not reach it or diverged.
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
