"""Faults in what the original measured: epochs of gd, seconds with evaluation, the mean squared error."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import fmean, median

from faults_of_choice import best_rate
from original_runs import DOUBLED, Measured, lowest_loss, quality
from original_text import accuracy, counted, listed, loss, places, points, table

from optbench.core.specs import RunResult
from optbench.losses.squared_tanh import SquaredTanh

FULL_BATCH = "gd"


def one_step_per_epoch(measured: Sequence[Measured]) -> Iterator[str]:
    """Yield the section on gd, which takes one step per epoch."""
    design = measured[0].design
    yield "### One step per epoch for gd, many for the others"
    yield ""
    yield (
        f"In {counted(design.epochs, 'epoch')} gd makes as many updates as there are epochs, the others one per batch of "
        f"{design.batch_size}. The original compared per epoch and did not say so. The unit of optbench, passes over the "
        f"training rows, charges a full-batch step like an epoch of batches: {_same_passes(measured)}, so that the ranking per "
        "pass is the ranking per epoch. The column of the updates of gd compares per update: each run counts up to its last "
        "epoch within as many updates. In the last column each optimizer has its best learning rate by validation loss among "
        f"those above. Lowest validation loss, median of {counted(len(design.seeds), 'seed')}, and place:"
    )
    yield ""
    yield from table(
        ("data, embedder", "optimizer", "updates", "per epoch or pass", "at the updates of gd", "best rate", "per pass, at it"),
        (row for one in measured for row in _per_unit(one)),
        texts=2,
    )
    per_pass, per_update, tuned = ([_place_of_gd(one, kind) for one in measured] for kind in range(3))
    yield (
        f"**Effect of the correction:** the place of gd, in the order of the data and embedders above, is {listed(per_pass)} "
        f"per epoch and per pass, {listed(per_update)} per update, and {listed(tuned)} per pass once all learning rates are "
        "chosen by validation loss. optbench shows epochs, gradients and passes beside each other, and decides by passes."
    )
    yield ""


def _same_passes(measured: Sequence[Measured]) -> str:
    runs = [run for one in measured for run in one.at_own_rates() if run.status == "ok"]
    differing = sum(abs(float(run.curves["passes"][-1]) - run.spec.epochs) > 1e-9 for run in runs)  # noqa: PLR2004  # rounding
    return (
        f"{differing} of {counted(len(runs), 'run')} made another number of passes than of epochs"
        if differing
        else f"each of the {counted(len(runs), 'run')} that ended made as many passes as epochs"
    )


def _updates(one: Measured, name: str) -> int:
    """Return the number of updates of a whole run; each of these optimizers takes one gradient for an update."""
    steps = 1 if name == FULL_BATCH else math.ceil(one.dataset.sizes["train"] / one.design.batch_size)
    return steps * one.design.epochs


def _losses(one: Measured) -> list[list[float]]:
    """Return three lists of losses, one for each optimizer: per pass, at the updates of gd, and per pass at the best rates."""
    limit, names = _updates(one, FULL_BATCH), list(one.design.rates)
    return [
        [median(lowest_loss(run) for run in one.runs(name)) for name in names],
        [median(lowest_loss(run, limit) for run in one.runs(name)) for name in names],
        [median(lowest_loss(run) for run in one.runs(name, best_rate(one, name))) for name in names],
    ]


def _per_unit(one: Measured) -> Iterator[tuple[str, ...]]:
    losses = _losses(one)
    ranks = [places(values, lower=True) for values in losses]
    for i, name in enumerate(one.design.rates):
        cells = [f"{loss(values[i])} ({rank[i]})" for values, rank in zip(losses, ranks, strict=True)]
        yield one.name, name, f"{_updates(one, name):,}", cells[0], cells[1], f"{best_rate(one, name):g}", cells[2]


def _place_of_gd(one: Measured, kind: int) -> str:
    return places(_losses(one)[kind], lower=True)[list(one.design.rates).index(FULL_BATCH)]


def timed_together(measured: Sequence[Measured]) -> Iterator[str]:
    """Yield the section on evaluation within the time of training."""
    rows = [(one, name, *_seconds(one, name)) for one in measured for name in one.design.rates]
    shares = [1 - alone / whole for _, _, alone, whole in rows if whole]
    yield "### Evaluation timed together with training"
    yield ""
    yield (
        "The original's clock ran during evaluation. optbench stops it; the whole duration of a run, with evaluation and "
        "diagnostics, is stored beside it. Elapsed seconds, median of the original's seeds without runs that diverged, and "
        "both as a multiple of gd's. They include what other processes took from the machine, so that rows compare only as far "
        "as it was idle; the share, from two clocks of the same run, is little affected."
    )
    yield ""
    yield from table(
        (
            "data, embedder",
            "optimizer",
            "training",
            "with evaluation",
            "share of evaluation",
            "training / gd",
            "with evaluation / gd",
        ),
        (_time_row(row, rows) for row in rows),
        texts=2,
    )
    ratios = [
        (alone / base_alone, whole / base)
        for one, name, alone, whole in rows
        for base_alone, base in [_seconds(one, FULL_BATCH)]
        if name != FULL_BATCH and whole and base
    ]
    yield (
        f"**Effect of the correction:** evaluation was {100 * min(shares):.0f} to {100 * max(shares):.0f} % of what such a "
        f"clock shows, median {100 * median(shares):.0f} %. It is the same work for every optimizer and so makes them look "
        f"alike: with evaluation the others take {median(ratio for _, ratio in ratios):.2f} times as long as gd (median over "
        f"the rows), without it {median(ratio for ratio, _ in ratios):.2f} times."
        if shares and ratios
        else "**Effect of the correction:** not available, because every run diverged."
    )
    yield ""


def _seconds(one: Measured, name: str) -> tuple[float, float]:
    """Return the median seconds of training and of the whole run; 0 where every run diverged."""
    ended = [run for run in one.runs(name) if run.status == "ok"]
    if not ended:
        return 0.0, 0.0
    return median(run.seconds[-1] for run in ended), median(run.measured.duration or 0.0 for run in ended)


def _time_row(row: tuple[Measured, str, float, float], rows: Sequence[tuple[Measured, str, float, float]]) -> tuple[str, ...]:
    one, name, alone, whole = row
    if not whole:
        return one.name, name, *["diverged"] * 5
    base, base_whole = next((own, all_) for other, of, own, all_ in rows if other is one and of == FULL_BATCH)
    ratios = [f"{alone / base:.2f}", f"{whole / base_whole:.2f}"] if base_whole else ["gd diverged"] * 2
    return one.name, name, f"{alone:.2f} s", f"{whole:.2f} s", f"{100 * (1 - alone / whole):.0f} %", *ratios


def half_of_it(measured: Sequence[Measured]) -> Iterator[str]:
    """Yield the section on the mean squared error and the half of it."""
    factor = SquaredTanh.reported
    yield "### Mean squared error reported, half of it descended"
    yield ""
    yield (
        "The original printed the mean squared error and descended half of it. The curves of optbench, and all losses of this "
        f"page, are the mean squared error too, labelled as what it is: {factor:g} times the objective of `squared-tanh`. No "
        "ranking at given rates changes, since all losses have the same factor. But who takes the printed loss for the "
        f"objective has other learning rates: descending {factor:g} times the objective at a rate is descending the objective "
        f"at {factor:g} times the rate, for {listed(DOUBLED)}; the others divide by a scale of the gradient, and change only "
        "through eps. Test accuracy at the epoch of the lowest validation loss and lowest validation loss, means of the "
        "original's seeds:"
    )
    yield ""
    yield from table(
        (
            "data, embedder",
            "optimizer",
            "reported at the end",
            "objective",
            "accuracy",
            "at twice the rate",
            "loss",
            "at twice the rate",
        ),
        (_half_row(one, name) for one in measured for name in DOUBLED if name in one.design.rates),
        texts=2,
    )
    changes = [
        100 * (fmean(map(quality, one.runs(name, one.design.doubled(name)))) - fmean(map(quality, one.runs(name))))
        for one in measured
        for name in DOUBLED
        if name in one.design.rates
    ]
    yield (
        f"**Effect of the correction:** a factor of {factor:g} in every printed loss. Where the printed loss is taken for the "
        f"objective, test accuracy moves by {points(min(changes) / 100)} to {points(max(changes) / 100)} points."
    )
    yield ""


def _half_row(one: Measured, name: str) -> tuple[str, ...]:
    own, doubled = one.runs(name), one.runs(name, one.design.doubled(name))
    end = fmean(_last_loss(run) for run in own)
    return (
        one.name,
        name,
        loss(end),
        loss(end / SquaredTanh.reported),
        accuracy(fmean(map(quality, own))),
        accuracy(fmean(map(quality, doubled))),
        loss(fmean(map(lowest_loss, own))),
        loss(fmean(map(lowest_loss, doubled))),
    )


def _last_loss(run: RunResult) -> float:
    return float(run.curves["train_loss"][0 if run.status == "diverged" else -1])
