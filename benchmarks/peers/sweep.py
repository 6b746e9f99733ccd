"""The whole sweep from a cold process: five optimizers, the two-layer network, five seeds, a hundred epochs.

    python sweep.py optbench FOLDER | torch [SHARE] | jax [SHARE]

Prints the training loss after the first epoch of every run, as JSON. `run.py` makes FOLDER, and the clock is its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from problem import RATES, Job

ARCHITECTURE, EPOCHS, SEEDS, PROCESSES = "two-layer-mlp", 100, 5, 2
Losses = Iterator[tuple[str, float]]


def with_optbench(folder: Path) -> Losses:
    from optbench.execution.local import LocalExecutor
    from optbench.planning.plan import make_plan
    from optbench.planning.selections import Selections
    from optbench.registry import Registry
    from optbench.store import Store

    wanted = Selections(
        optimizers=sorted(RATES),
        architectures=[ARCHITECTURE],
        embedders=["synthetic"],
        datasets=[str(folder / "dataset")],
        seeds=range(SEEDS),
        epochs=EPOCHS,
    )
    with Store(folder / "runs.sqlite") as store:
        for result in LocalExecutor(PROCESSES).run(make_plan(Registry(), wanted)):
            store.put(result)
        for result in store.results():
            yield f"{result.spec.optimizer.name} {result.spec.seed}", float(result.curves["train_loss"][1])


def with_torch(share: int) -> Losses:
    import with_torch

    runs = [(optimizer, seed) for optimizer in sorted(RATES) for seed in range(SEEDS)]
    for optimizer, seed in runs[share::PROCESSES]:
        losses, _ = with_torch.prepare(Job(optimizer, ARCHITECTURE, EPOCHS), fused=True, seed=seed)()
        yield f"{optimizer} {seed}", losses[0]


def with_jax(share: int) -> Losses:
    import with_jax

    for optimizer in sorted(RATES)[share::PROCESSES]:
        train, arguments = with_jax.program(Job(optimizer, ARCHITECTURE, EPOCHS), SEEDS)
        losses, _ = train(*arguments)
        for seed in range(SEEDS):
            yield f"{optimizer} {seed}", float(losses[seed, 0])


def shared(name: str) -> Losses:
    """Divide the runs between two processes."""
    command = [sys.executable, __file__, name]
    children = [subprocess.Popen([*command, str(share)], stdout=subprocess.PIPE, text=True) for share in range(PROCESSES)]
    for child in children:
        yield from json.loads(child.communicate()[0]).items()


def main() -> None:
    name, *argument = sys.argv[1:]
    if name == "optbench":
        losses = with_optbench(Path(argument[0]))
    elif argument:
        losses = {"torch": with_torch, "jax": with_jax}[name](int(argument[0]))
    else:
        losses = shared(name)
    print(json.dumps(dict(losses)))


if __name__ == "__main__":
    main()
