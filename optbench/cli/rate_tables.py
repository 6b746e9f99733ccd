"""Tables and curves of `optbench sensitivity`, 80 columns wide."""

from __future__ import annotations

import math
from collections.abc import Sequence

from optbench.analysis.sensitivity import GridWins, RateCurve
from optbench.analysis.statistics import NotAvailable
from optbench.cli.columns import print_columns, print_wrapped
from optbench.cli.console import out
from optbench.core.names import counted

_BLOCKS = "▁▂▃▄▅▆▇█"
_MOST_TABLES = 3
"""Of so many curves the losses are printed; those of more are in --json."""
_MOST_OPPONENTS = 8
"""Of so many optimizers the wins over each other are printed."""


def print_curves(curves: Sequence[RateCurve]) -> None:
    """Print each curve with its sensitivity and, of few curves, the loss with each rate."""
    if not curves:
        out("No optimizer was run with two learning rates on one workload.")
        return
    print_columns([_summary(curve) for curve in curves], ("Optimizer", "Workload", "Loss by lr"))
    print_wrapped("Loss by lr: from the lowest (▁) to the loss before the first step (█), x where every seed diverged.")
    for curve in curves:
        if isinstance(curve.sensitivity, NotAvailable):
            print_wrapped(f"{curve.sweep.name} on {curve.sweep.label}: {curve.sensitivity.reason}.")
    if len(curves) <= _MOST_TABLES:
        for curve in curves:
            _print_losses(curve)


def sparkline(curve: RateCurve) -> str:
    """Return the losses as blocks, one for each rate: the lowest block for the lowest loss, the highest for the first one."""
    clipped = [min(loss, curve.first_loss) for loss in curve.losses.tolist()]
    if not curve.seeds or not all(map(math.isfinite, clipped)):
        return "-"
    lowest = min(clipped)
    height = max(curve.first_loss - lowest, 1e-300)
    return "".join(
        "x" if diverged == len(curve.seeds) else _BLOCKS[round((loss - lowest) / height * (len(_BLOCKS) - 1))]
        for loss, diverged in zip(clipped, curve.diverged, strict=True)
    )


def print_wins(wins: GridWins | NotAvailable) -> None:
    """Print in how many places of the grid each optimizer has the lower loss than each other one."""
    out("")
    if isinstance(wins, NotAvailable):
        print_wrapped(f"No wins over the grid of learning rates: {wins.reason}.")
        return
    shown = range(len(wins.names)) if len(wins.names) <= _MOST_OPPONENTS else range(0)
    order = sorted(range(len(wins.names)), key=lambda at: -float(wins.won[at]))
    print_columns(
        [
            {
                "Optimizer": wins.names[row],
                "Won": f"{100 * wins.won[row]:.0f} %",
                "Lost": f"{100 * wins.lost[row]:.0f} %",
                **{wins.names[column][:10]: str(wins.counts[row, column]) if row != column else "" for column in shown},
            }
            for row in order
        ],
        ("Optimizer",),
    )
    print_wrapped(
        f"Places with the lower loss, of {wins.places}: {len(wins.multiples)} rates from {wins.multiples[0]:g} to "
        f"{wins.multiples[-1]:g} x default, {counted(len(wins.workloads), 'workload')}, {counted(len(wins.seeds), 'seed')}."
    )


def _summary(curve: RateCurve) -> dict[str, str]:
    row = {"Optimizer": curve.sweep.name, "Workload": curve.sweep.label, "Loss by lr": sparkline(curve)}
    found = curve.sensitivity
    if isinstance(found, NotAvailable):
        values = ("-",) * 4
    else:
        at = curve.rates.tolist().index(found.best)
        values = (f"{curve.losses[at]:.3g}", f"{found.best:.3g}", f"{found.mean_excess:.3g}", f"{found.decades:.2f}")
    row |= dict(zip(("Lowest", "at lr", "S", "Decades"), values, strict=True))
    return row | {"Seeds": str(len(curve.seeds))}


def _print_losses(curve: RateCurve) -> None:
    out("")
    out(f"{curve.sweep.name} on {curve.sweep.label}")
    print_columns(
        [
            {
                "lr": f"{rate:.4g}",
                "x default": f"{curve.sweep.multiple(rate):g}",
                "Loss": f"{loss:.4g}" if math.isfinite(loss) else "-",
                "Diverged": f"{diverged}/{len(curve.seeds)}",
            }
            for rate, loss, diverged in zip(curve.rates.tolist(), curve.losses.tolist(), curve.diverged, strict=True)
        ],
        (),
    )
