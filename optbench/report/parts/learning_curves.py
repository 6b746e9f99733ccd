"""Learning curves of one workload: a chart for each recorded loss, quality and diagnostic."""

from __future__ import annotations

from optbench.analysis.curves import COUNTS, DRAWN, Curves
from optbench.core.metrics import DIAGNOSTICS, RECORDED, SCORES
from optbench.report.contents import Part
from optbench.report.score_text import heading
from optbench.report.sections import Figure, Section, paragraph

AXES = {
    "epochs": "Epochs",
    "seconds": heading(SCORES["seconds"]),
    **{name: RECORDED[name].label for name in COUNTS},
}
"""What curves are drawn against, with the axis's title."""
_GROUPS = (("quality", "Losses and quality"), ("weights", "Gradients and weights"))


def part(number: int, curves: dict[str, Curves], quality: str) -> Part:
    """Return the section for workload `number`, whose curves are given by the label of the variant.

    Args:
        number: the place of the workload on the page.
        curves: by the label of the variant.
        quality: what the quality of predictions is called on the workload, such as "accuracy".
    """
    text = paragraph("""
        Lines are medians over seeds, bands the range between the quartiles. Test curves are shown for information: scores
        read them at the epoch of the lowest validation loss and after the last epoch only. The norms of gradient and update
        belong to the last step of each epoch; the gradient is that of its batch, before clipping.
    """)
    figures = [
        Figure(
            chart="curves",
            label=f"{RECORDED[name].heading(quality)} of each optimizer",
            title=RECORDED[name].heading(quality),
            options={"workload": number, "metric": name, "group": "weights" if name in DIAGNOSTICS else "quality"},
        )
        for name in DRAWN
    ]
    recorded = {axis for one in curves.values() for axis in one.axes} | {"epochs"}
    axes = [(name, label) for name, label in AXES.items() if name in recorded]
    return Part(
        "learning_curves.html.j2",
        Section("Learning curves", [text, *figures]),
        choices={"group": _GROUPS, "axis": axes},
    )
