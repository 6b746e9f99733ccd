"""Suites: named workloads in a versioned TOML file, with the digests of their data."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from optbench.core.errors import UsageError, nearest
from optbench.core.names import PATTERN
from optbench.data.loader import FrozenDataset
from optbench.planning import defaults
from optbench.planning.datasets import find_dataset
from optbench.planning.selectors import parse_seeds
from optbench.registry import Registry

if TYPE_CHECKING:
    from optbench.planning.plan import Selections

_Name = Annotated[str, Field(pattern=PATTERN, max_length=64)]
_Count = Annotated[int, Field(ge=1)]
_FIXED = ("architectures", "embedders", "losses", "datasets", "epochs", "batch_size")


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
        optimizers: what is run where no optimizer is named; all that are installed where it is empty.
        seeds: the seeds where none are named, such as "0-4".
    """

    name: _Name
    version: _Count
    title: str
    optimizers: list[str] = []
    seeds: str = f"{defaults.SEEDS.start}-{defaults.SEEDS.stop - 1}"
    workload: list[SuiteWorkload] = Field(min_length=1)

    @property
    def label(self) -> str:
        """Name and version, such as `core, version 1`."""
        return f"{self.name}, version {self.version}"


def find_suite(registry: Registry, name: str) -> SuiteFile:
    """Return the registered suite of that name, or the suite in the TOML file of that name.

    Raises:
        UsageError: there is neither, or the file breaks a rule; the message names file, place and rule.
    """
    known = registry.names("suite")
    path = Path(registry.find("suite", name).cls.file) if name in known else Path(name)
    if name not in known and path.suffix != ".toml":
        raise UsageError(
            f"no suite named {name[:200]!r}{nearest(name, known)}; known: {', '.join(known)}; your own is a TOML file"
        )
    try:
        suite = SuiteFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"suite {str(path)[:200]} cannot be read: {error.strerror}") from error
    except RecursionError:
        raise UsageError(f"{path} is nested too deeply") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UsageError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except ValueError as error:  # not UTF-8, not TOML, or an integer of more digits than Python parses
        raise UsageError(f"{path} cannot be read as TOML: {error}") from error
    names = [workload.name for workload in suite.workload]
    if repeated := sorted({one for one in names if names.count(one) > 1}):
        raise UsageError(f"{path}: two workloads are named {repeated[0]!r}; each has a name of its own")
    return suite


def dataset_of(registry: Registry, suite: SuiteFile, workload: SuiteWorkload) -> FrozenDataset:
    """Return the dataset of a workload.

    Raises:
        UsageError: it is not installed, or it has other rows than those that the suite names.
    """
    dataset = find_dataset(registry, workload.dataset)
    if dataset.digest != workload.digest:
        raise UsageError(
            f"suite {suite.label}: workload {workload.name!r} is on dataset {workload.dataset!r} with digest "
            f"{workload.digest[:12]}, the installed one has {dataset.digest[:12]}; install the version that it names"
        )
    return dataset


def workloads(registry: Registry, selections: Selections) -> Iterator[tuple[str, Selections]]:
    """Yield the name and the selections of each workload of the suite in `selections`; these alone, where there is none.

    Raises:
        UsageError: the suite cannot be found or used, or what it fixes is selected as well.
    """
    if selections.suite is None:
        yield "", selections
        return
    for axis in _FIXED:
        if getattr(selections, axis) is not None:
            raise UsageError(f"a suite fixes its workloads: leave out {axis.replace('_', ' ')}, or the suite")
    suite = find_suite(registry, selections.suite)
    for workload in suite.workload:
        dataset_of(registry, suite, workload)
        yield (
            workload.name,
            replace(
                selections,
                suite=None,
                optimizers=(suite.optimizers or None) if selections.optimizers is None else selections.optimizers,
                architectures=[workload.architecture],
                embedders=[workload.embedder],
                losses=[workload.loss],
                datasets=[workload.dataset],
                seeds=parse_seeds(suite.seeds) if selections.seeds is None else selections.seeds,
                epochs=workload.epochs,
                batch_size=workload.batch_size,
            ),
        )
