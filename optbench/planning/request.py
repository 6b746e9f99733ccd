"""What a user asks for: options, a configuration file and `--quick`, joined into selections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optbench.core.errors import NothingSelected, UsageError
from optbench.planning import config
from optbench.planning.config import Config
from optbench.planning.selections import Selections
from optbench.planning.selectors import parse_seeds

QUICK = "presets/quick.toml"
_AXES = ("optimizers", "architectures", "embedders", "suite")


def join(
    options: Mapping[str, Any], *, config_name: str | None = None, quick: bool = False, everything: bool = False
) -> tuple[Selections, float | None]:
    """Return the selections and the time-out in seconds that a command asks for.

    An option wins over the configuration file, which wins over `--quick`; what none of them names has its default.

    Args:
        options: values by the names of `Config`'s keys; None or an empty tuple for an option that was not used.
        config_name: a TOML file or the name of a preset.
        quick: use the preset `quick` for everything else.
        everything: `--all` was used, so that no axis needs to be named.

    Raises:
        NothingSelected: no axis is named and `everything` is False.
        UsageError: the configuration cannot be read, the seeds are malformed, or a suite is combined with `--all` or `--quick`.
    """
    sources = (options, _values(config_name), _values(QUICK if quick else None))
    chosen: dict[str, Any] = {}
    for name in Config.model_fields:
        values = (source.get(name) for source in sources)
        value = next((value for value in values if value is not None and value != ()), None)
        if value is not None:
            chosen[name] = value
    if not (everything or config_name is not None or any(axis in chosen for axis in _AXES)):
        raise NothingSelected(
            "nothing is selected; use --all for every combination, --suite core for several datasets, --quick for a few runs, "
            "or name an axis, such as -o adam"
        )
    if "suite" in chosen and (everything or quick):
        raise UsageError(f"--suite names its own workloads: leave out {'--all' if everything else '--quick'}")
    timeout = chosen.pop("timeout", None)
    if "seeds" in chosen:
        seeds = chosen["seeds"]
        chosen["seeds"] = parse_seeds(seeds if isinstance(seeds, str) else ",".join(map(str, seeds)))
    return Selections(**chosen), timeout


def _values(name: str | None) -> Mapping[str, Any]:
    return config.read(name).model_dump() if name is not None else {}
