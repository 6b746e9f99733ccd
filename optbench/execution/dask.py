"""Runs on a Dask cluster: one on this machine, or one that is there already."""

from __future__ import annotations

import importlib.util
import json
import logging
import warnings
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from optbench.core.errors import MissingExtra, OptbenchError, UsageError
from optbench.core.specs import RunResult
from optbench.execution.pool import default_workers
from optbench.execution.worker import without_main
from optbench.training.job import Job

if TYPE_CHECKING:
    from distributed import Client

CONNECT = 10.0
"""Seconds within which a scheduler must answer."""
_LOGGERS = ("distributed", "distributed.client", "distributed.gc", "tornado", "tornado.application", "asyncio")


class DaskExecutor:
    """Runs jobs on the workers of a Dask cluster, in processes of the workers' own.

    Args:
        address: of a scheduler, such as `"tcp://10.0.0.1:8786"`; without it, or a file, a cluster is started on this machine.
        scheduler_file: the JSON file in which a scheduler wrote its address.
        workers: the number of workers to start; None for one per processor. A cluster that is there already has its own.
        timeout: seconds after which a run is killed and ends as `timeout`; None for no limit.

    Raises:
        MissingExtra: `distributed` is not installed.
        UsageError: the address or the file is not valid.
    """

    def __init__(
        self,
        address: str | None = None,
        scheduler_file: Path | None = None,
        workers: int | None = None,
        timeout: float | None = None,
    ) -> None:
        if importlib.util.find_spec("distributed") is None:
            raise MissingExtra("the executor 'dask' needs distributed, which is not installed; pip install 'optbench[dask]'")
        self._address = _address_in(scheduler_file) if scheduler_file is not None else address
        if self._address is not None:
            _check_address(self._address)
            if workers is not None:
                raise UsageError(f"{workers} workers were asked for, but {self._address} has its own; leave the number out")
        self._workers = workers
        self._timeout = timeout

    @property
    def workers(self) -> int:
        """The number of runs that are computed at the same time: the threads of the cluster's workers.

        Raises:
            UsageError: the scheduler does not answer.
        """
        if self._address is None:
            return self._workers or default_workers()
        if self._workers is None:
            with _quiet(), _connected(self._address) as client:
                self._workers = max(1, sum(client.nthreads().values()))
        return self._workers

    def run(self, jobs: Sequence[Job]) -> Generator[RunResult]:
        """Yield one result per job, in order of completion; see `Executor.run`.

        Raises:
            OptbenchError: a worker has another version, source or dataset; or the cluster is gone.
        """
        if not jobs:
            return
        from optbench.execution.dask_session import Session

        with ExitStack() as stack:
            stack.enter_context(_quiet())
            address = self._address or stack.enter_context(_local_cluster(min(self.workers, len(jobs))))
            client = stack.enter_context(_connected(address))
            yield from Session(client, str(getattr(address, "scheduler_address", address)), self._timeout).results(jobs)


@contextmanager
def _connected(address: Any) -> Iterator[Client]:
    from distributed import Client

    try:
        with warnings.catch_warnings():  # about versions: those that matter are checked, and are errors
            warnings.filterwarnings("ignore", "Mismatched versions")
            client = Client(address, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UsageError(f"no Dask scheduler answers at {address}: {error}; 'dask scheduler' starts one") from error
    with client:
        yield client


@contextmanager
def _local_cluster(workers: int) -> Iterator[Any]:
    """Start a scheduler and workers of one thread each, which only this machine can reach; files go to a temporary folder."""
    from distributed import LocalCluster, Nanny

    class ScriptlessNanny(Nanny):  # type: ignore[misc]  # untyped
        async def instantiate(self) -> Any:
            with without_main():
                return await super().instantiate()

    with TemporaryDirectory(prefix="optbench-dask-") as folder:
        try:
            cluster = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                host="127.0.0.1",
                scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
                worker_class=ScriptlessNanny,
                local_directory=folder,
                memory_limit=None,  # what uses memory are processes of ours, which Dask does not see
                silence_logs=_SILENT,
            )
        except (OSError, RuntimeError) as error:
            raise OptbenchError(f"no Dask cluster could be started: {error}") from error
        with cluster:
            yield cluster


_SILENT = logging.CRITICAL + 1


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask's log off standard error: a worker that is killed and replaced is not the user's concern."""
    import distributed  # noqa: F401  # sets the levels

    loggers = [logging.getLogger(name) for name in _LOGGERS]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(_SILENT)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _address_in(path: Path) -> str:
    remedy = f"'dask scheduler --scheduler-file {path}' writes one"
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} is not a scheduler file: {error}; {remedy}") from error
    address = content.get("address") if isinstance(content, dict) else None
    if not isinstance(address, str):
        raise UsageError(f"{path} is not a scheduler file: it has no 'address'; {remedy}")
    return address


def _check_address(address: str) -> None:
    try:
        parts = urlsplit(address)
        valid = bool(parts.scheme and parts.hostname and parts.port)
    except ValueError:  # a port that is not a number
        valid = False
    if not valid:
        raise UsageError(f"{address!r} is not the address of a Dask scheduler; it is written as tcp://HOST:PORT")
