from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits
from tiny import tiny_splits

from optbench.curation.importing import write
from optbench.data.loader import FrozenDataset
from optbench.planning.plan import make_plan
from optbench.planning.selections import Selections
from optbench.registry import Registry
from optbench.training.job import Job


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Compute with one BLAS thread, as workers do, because their results are compared."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """Restore Ctrl-C where a shell has disabled it for background jobs, because tests interrupt the processes they start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _offline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep installed extras from downloading or caching anything outside the temporary folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("OPTBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def registry() -> Registry:
    return Registry(autoload=False)


@pytest.fixture
def dataset(tmp_path: Path) -> FrozenDataset:
    return write(tmp_path / "tiny", tiny_splits(), {"name": "tiny"})


@pytest.fixture
def plan(registry: Registry, dataset: FrozenDataset) -> list[Job]:
    """Six short runs on a tiny dataset: two optimizers, one architecture, one embedder, three seeds."""
    selections = Selections(
        optimizers=["adam", "sgd"],
        architectures=["single-layer"],
        embedders=["hashing[features=16]"],
        datasets=[str(dataset.folder)],
        seeds=[0, 1, 2],
        epochs=3,
        batch_size=5,
    )
    return make_plan(registry, selections)


@pytest.fixture(params=["float32", "float64"])
def dtype(request: pytest.FixtureRequest) -> np.dtype[np.floating]:
    return np.dtype(request.param)
