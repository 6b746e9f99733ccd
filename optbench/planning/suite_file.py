"""The content of a suite's TOML file, and what is wrong with one in words."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from optbench.core.errors import UsageError, nearest, shown
from optbench.core.names import PATTERN
from optbench.planning import defaults
from optbench.planning.selectors import parse_seeds, parse_selection

_Name = Annotated[str, Field(pattern=PATTERN, max_length=64)]
_Count = Annotated[int, Field(ge=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Facts(_Strict):
    """What is known of a workload's data, measured once: shown by `optbench list workloads`.

    Attributes:
        inputs: the number of inputs of the network, the constant 1 included.
        condition: the ratio of the largest to the smallest singular value, of those that are not 0, of the training inputs as
            the network sees them.
        baselines: the test quality of simple models, by the model's name.
    """

    inputs: _Count
    condition: float
    baselines: dict[str, float] = {}


class SuiteWorkload(_Strict):
    """A workload of a suite: each component as users write it."""

    name: _Name
    dataset: str
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    embedder: str
    architecture: str
    loss: str
    epochs: _Count = defaults.EPOCHS
    batch_size: _Count = defaults.BATCH_SIZE
    why: str = Field(description="what it tells about an optimizer, in a sentence")
    facts: Facts | None = None


class SuiteFile(_Strict):
    """The content of a suite's TOML file.

    Attributes:
        version: raised whenever a workload changes; results of different versions are not comparable.
        optimizers: what is run where no optimizer is named; None for all that are installed.
        seeds: the seeds where none are named, such as "0-4".
    """

    name: _Name
    version: _Count
    title: str
    optimizers: list[str] | None = Field(None, min_length=1)
    seeds: str = f"{defaults.SEEDS.start}-{defaults.SEEDS.stop - 1}"
    workload: list[SuiteWorkload] = Field(min_length=1)

    @property
    def label(self) -> str:
        """Name and version, such as `core, version 1`."""
        return f"{self.name}, version {self.version}"


_PATTERNS = {
    "name": "a name is lower-case letters and digits, joined by single - _ or .",
    "digest": "a digest is 64 hexadecimal digits: 'optbench data info NAME' shows it",
}
_RULES = {
    "string_type": "is not a text; write it in quotes",
    "int_type": "is not a whole number",
    "float_type": "is not a number",
    "list_type": "is not a list",
    "dict_type": "is not a table, such as {{ majority = 0.5 }}",
    "model_type": "is not a table of keys and values",
    "greater_than_equal": "is too small; the least is {ge}",
    "string_too_long": "is too long; the most is {max_length} characters",
}
"""By the type of pydantic's error."""
_EMPTY = {"optimizers": "names none; leave it out to run all that are installed", "workload": "is empty; name at least one"}
_COMPONENTS = ("embedder", "architecture", "loss")


def read(path: Path) -> SuiteFile:
    """Return the suite in a file.

    Raises:
        UsageError: the file cannot be read or breaks a rule; the message names file, workload, key and rule.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        suite = SuiteFile.model_validate(content)
    except OSError as error:
        raise UsageError(f"suite {str(path)[:200]} cannot be read: {error.strerror}") from error
    except RecursionError:
        raise UsageError(f"{path} is nested too deeply") from None
    except ValidationError as error:
        raise UsageError(f"{path}: {_explain(content, error)}") from error
    except ValueError as error:  # not UTF-8, not TOML, or an integer of more digits than Python parses
        raise UsageError(f"{path} cannot be read as TOML: {error}") from error
    names = [workload.name for workload in suite.workload]
    if repeated := sorted({one for one in names if names.count(one) > 1}):
        raise UsageError(f"{path}: two workloads are named {repeated[0]!r}; each has a name of its own")
    try:
        parse_seeds(suite.seeds)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    seen: dict[SuiteWorkload, str] = {}
    for workload in suite.workload:
        _check_single(path, workload)
        first = seen.setdefault(workload.model_copy(update={"name": "", "why": "", "facts": None}), workload.name)
        if first != workload.name:
            raise UsageError(f"{path}: workloads {first!r} and {workload.name!r} are the same; leave one of them out")
    return suite


def _check_single(path: Path, workload: SuiteWorkload) -> None:
    for key in _COMPONENTS:
        text = getattr(workload, key)
        where = f"{path}: workload {workload.name!r}: {key} = {shown(text)}"
        try:
            params = parse_selection(text).params
        except UsageError as error:
            raise UsageError(f"{where}: {error}") from error
        for name, values in params.items():
            if len(values) > 1:
                raise UsageError(f"{where} has {len(values)} values of {name}; write one value for each hyper-parameter")


def _explain(content: Mapping[str, Any], error: ValidationError) -> str:
    errors = error.errors(include_url=False)
    first = min(errors, key=lambda one: one["type"] != "extra_forbidden")  # a key that is misspelt is missing as well
    loc = list(first["loc"])
    model: type[BaseModel] = SuiteFile
    where = ""
    if len(loc) > 1 and loc[0] == "workload":
        where = f"workload {_called(content['workload'], int(loc[1]))}: "
        model, loc = SuiteWorkload, loc[2:]
    if len(loc) > 1 and loc[0] == "facts":
        model = Facts
    label = ".".join(part for part in loc if isinstance(part, str))  # without places in a list
    key = label.rpartition(".")[2]
    if first["type"] == "extra_forbidden":
        return f"{where}unknown key {label!r}{nearest(key, model.model_fields)} (known: {', '.join(model.model_fields)})"
    if first["type"] == "missing":
        return f"{where}key {label!r} is missing"
    value = f"{label} = {shown(first['input'])}" if label else shown(first["input"])
    if first["type"] == "string_pattern_mismatch" and key in _PATTERNS:
        return f"{where}{value}: {_PATTERNS[key]}"
    if first["type"] == "too_short" and key in _EMPTY:
        return f"{where}{value} {_EMPTY[key]}"
    rule = _RULES.get(first["type"])
    return f"{where}{value} {rule.format_map(first.get('ctx', {}))}" if rule else f"{where}{value}: {first['msg']}"


def _called(entries: list[Any], place: int) -> str:
    """Return the name of a workload as it is quoted, or its place counted from 1 where it has no name of its own."""
    names = [entry.get("name") if isinstance(entry, dict) else None for entry in entries]
    name = names[place]
    return shown(name) if isinstance(name, str) and name and names.count(name) == 1 else str(place + 1)
