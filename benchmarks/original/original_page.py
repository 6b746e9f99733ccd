"""The page docs/original.md, from the runs: claims beside measurements, faults with the effect of their correction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from faults_of_choice import tuned_on_test
from faults_of_data import solved_by_length
from faults_of_means import means_only
from faults_of_measurement import half_of_it, one_step_per_epoch, timed_together
from original_runs import CLAIMED, FIGURE, Measured, highest_quality, last_quality, quality
from original_text import accuracy, counted, listed, table

import optbench
from optbench.core.specs import PROTOCOL

ADAM = "adam"


@dataclass(frozen=True)
class Origin:
    """What made the page.

    Attributes:
        command: without the folder of the data.
        own_data: whether the original's files were there.
    """

    command: str
    own_data: bool


def page(measured: Sequence[Measured], origin: Origin) -> str:
    """Return the page.

    Args:
        measured: the runs, by dataset and embedder; all of one design, which has adam and gd.
        origin: what made it.
    """
    lines = [
        *_head(measured, origin),
        *_claims(measured),
        "## Faults and corrections",
        "",
        *tuned_on_test(measured),
        *means_only(measured),
        *one_step_per_epoch(measured),
        *timed_together(measured),
        *half_of_it(measured),
        *solved_by_length(measured),
        *_not_run(measured, origin),
        *_provenance(measured, origin),
    ]
    return "\n".join(lines) + "\n"


def _head(measured: Sequence[Measured], origin: Origin) -> Iterator[str]:
    design = measured[0].design
    rates = listed([f"{name} ({rate:g})" for name, rate in design.rates.items()])
    yield "# The original experiment, reproduced and corrected"
    yield ""
    yield "<!-- Made by benchmarks/original/run.py: edit that, not this. -->"
    yield ""
    yield (
        f"optbench grew out of an experiment: `{design.architecture}` with tanh units, the optimizers {rates}, seeds "
        f"{listed([str(seed) for seed in design.seeds])}, {counted(design.epochs, 'epoch')} in batches of {design.batch_size}. "
        f"This page runs it again on {listed(list(_sizes(measured)))}, and measures what each of its faults amounts to. Every "
        "number is computed from the runs by the command under [Provenance](#provenance)."
    )
    yield ""
    if not origin.own_data:
        yield (
            "**The original's files were absent when this page was made** (no `--data`): what is said below is about "
            f"{listed([f'`{title}`' for title in _titles(measured)])} alone, and nothing was measured on the original's own "
            "data."
        )
        yield ""


def _titles(measured: Sequence[Measured]) -> list[str]:
    return list(dict.fromkeys(one.title for one in measured))


def _sizes(measured: Sequence[Measured]) -> Iterator[str]:
    for title, dataset in {one.title: one.dataset for one in measured}.items():
        rows = dataset.sizes
        yield f"{title} ({rows['train']} training, {rows['validation']} validation and {rows['test']} test rows)"


def _claims(measured: Sequence[Measured]) -> Iterator[str]:
    runs = {(one.name, run.spec.key): (one, run) for one in measured for run in one.results}
    where, best = max(runs.values(), key=lambda found: highest_quality(found[1]))
    reached = sum(highest_quality(run) >= CLAIMED for _, run in runs.values())
    yield "## Claims"
    yield ""
    yield (
        f"The original's README claims a test accuracy of {CLAIMED} for Adam, where its own figure shows {FIGURE}. The claims, "
        "and the test accuracy of Adam at the original's rate as measured here, of "
        f"{counted(len(measured[0].design.seeds), 'seed')}:"
    )
    yield ""
    yield from table(
        (
            "what",
            "last epoch, mean",
            "lowest to highest seed",
            "at the lowest validation loss, mean",
            "best epoch by test, mean",
        ),
        (
            ("claimed: the original's README", f"{CLAIMED}", *3 * ["-"]),
            ("claimed: the original's figure, its data, turkish-e5-large", FIGURE, *3 * ["-"]),
            *((f"measured: {place}", *cells) for place, *cells in map(_claim, measured)),
        ),
    )
    yield (
        f"Of {counted(len(runs), 'run')} with all optimizers, learning rates and seeds, "
        f"{'none' if not reached else f'{reached:,}'} had a test accuracy of {CLAIMED} after any epoch. The highest is "
        f"{accuracy(highest_quality(best))}: {best.spec.optimizer.name}[lr={best.spec.optimizer.params['lr']:g}] on "
        f"{where.name}, seed {best.spec.seed}, with optimizer, rate, seed and epoch all chosen by the test rows."
    )
    yield ""


def _claim(one: Measured) -> tuple[str, ...]:
    runs = one.runs(ADAM)
    last = [last_quality(run) for run in runs]
    means = [accuracy(fmean(map(score, runs))) for score in (quality, highest_quality)]
    return one.name, accuracy(fmean(last)), f"{accuracy(min(last))} to {accuracy(max(last))}", *means


def _not_run(measured: Sequence[Measured], origin: Origin) -> Iterator[str]:
    yield "## What was not run"
    yield ""
    yield (
        "- turkish-e5-large, the original's embedder, was not available. Its figure cannot be reproduced exactly: the "
        f"embedders here are {listed(list(dict.fromkeys(one.embedder for one in measured)))}."
    )
    yield (
        "- The original's own code was not run, but its experiment with optbench's networks and optimizers. Initial weights, "
        "batches and embeddings differ from the original's even for equal seeds."
    )
    if origin.own_data:
        yield (
            "- The original trained on all of its training rows. Here a fifth of their questions are validation rows, since "
            "there must be something other than the test rows to choose by; what was left to train on is smaller, and a "
            "choice by so few validation rows is uncertain itself."
        )
    else:
        yield "- The original's own data: its files were absent. `--data FOLDER` adds them."
    yield (
        "- gd with as many updates as the others make: instead the others were stopped at its number of updates. The search of "
        "learning rates is coarse, with the original's seeds."
    )
    yield ""


def _provenance(measured: Sequence[Measured], origin: Origin) -> Iterator[str]:
    runs = {run.spec.key: run for one in measured for run in one.results}
    diverged = sum(run.status == "diverged" for run in runs.values())
    yield "## Provenance"
    yield ""
    yield "```bash"
    yield origin.command
    yield "```"
    yield ""
    yield (
        f"{counted(len(runs), 'run')}, of which {diverged} diverged and count with the majority class's accuracy. The command "
        "gives the same numbers again in the same environment, seconds aside."
    )
    yield ""
    yield f"- optbench {optbench.__version__}, protocol {PROTOCOL}"
    yield from (f"- {line}" for line in dict.fromkeys(_environment(run.fingerprint) for run in runs.values()))
    for title, dataset in {one.title: one.dataset for one in measured}.items():
        yield f"- {title}: data digest `{dataset.digest}`"


def _environment(fingerprint: Mapping[str, object]) -> str:
    names = ("python", "numpy", "scipy", "scikit-learn", "platform")
    return ", ".join(f"{name} {fingerprint[name]}" for name in names if name in fingerprint)
