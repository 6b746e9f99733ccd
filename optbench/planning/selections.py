"""What is selected to be run, and the settings that are no components."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from optbench.core.errors import UsageError
from optbench.core.plans import Track
from optbench.core.seeding import RESERVED
from optbench.planning import defaults


@dataclass(frozen=True, kw_only=True)
class Selections:
    """What to run. None selects the default.

    That is for optimizers, architectures and embedders all that are installed, `in_all` and for such a dataset, and for losses
    the dataset's own. A suite fixes architectures, embedders, losses, datasets, epochs, batch size and dtype:
    they stay None. `track` is "default" for published hyper-parameters or "tuned" for those that `study` found with `budget`
    draws.
    """

    optimizers: Sequence[str] | None = None
    architectures: Sequence[str] | None = None
    embedders: Sequence[str] | None = None
    losses: Sequence[str] | None = None
    datasets: Sequence[str] | None = None
    suite: str | None = None
    expression: str = ""
    seeds: Sequence[int] | None = None
    epochs: int | None = None
    batch_size: int | None = None
    dtype: str | None = None
    track: Track = "default"
    budget: int = defaults.BUDGET
    study: int = 0


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of a run that are no components, defaults filled in."""

    seeds: Sequence[int]
    epochs: int
    batch_size: int
    dtype: str


def settings_of(selections: Selections) -> Settings:
    """Return the settings of a selection, defaults filled in.

    Raises:
        UsageError: a number is out of range.
    """
    settings = Settings(
        seeds=defaults.SEEDS if selections.seeds is None else selections.seeds,
        epochs=defaults.EPOCHS if selections.epochs is None else selections.epochs,
        batch_size=defaults.BATCH_SIZE if selections.batch_size is None else selections.batch_size,
        dtype=defaults.DTYPE if selections.dtype is None else selections.dtype,
    )
    for name, value in (("epochs", settings.epochs), ("batch_size", settings.batch_size)):
        if value < 1:
            raise UsageError(f"{name} = {value} is too small; the least is 1")
    if any(seed < 0 for seed in settings.seeds):
        raise UsageError(f"seed {min(settings.seeds)} is negative; a seed is a whole number from 0")
    if reserved := sorted(seed for seed in set(settings.seeds) if seed in RESERVED):
        raise UsageError(f"seed {reserved[0]} is reserved: {RESERVED.start} to {RESERVED.stop - 1} are for tuning and targets")
    if settings.dtype not in defaults.DTYPES:
        raise UsageError(f"dtype {settings.dtype!r} is not one of {', '.join(defaults.DTYPES)}")
    return settings
