"""Steps before the clock starts."""

from __future__ import annotations

from optbench.core.numerics import Array
from optbench.core.seeding import stream
from optbench.core.specs import digest_of
from optbench.training.job import Job
from optbench.training.loop import rows_per_step, train

_STEPS = 2
_warm: set[str] = set()


def warm_up(job: Job, x: Array, y: Array) -> None:
    """Take two steps of the job's optimizer on a model of its own, once per process for each kind of job.

    Without them the first run of a process would count imports, caches and the first use of memory as training time. Model,
    state and random streams are separate from the run's. An exception is ignored, because the run itself will raise it.

    Args:
        job: the job.
        x: inputs of the training rows.
        y: their targets.
    """
    spec, inputs = job.spec, x.shape[1]
    parts = (spec.optimizer.as_json(), spec.architecture.as_json(), spec.loss.as_json())
    kind = digest_of([*parts, inputs, y.shape[1], spec.dtype, spec.batch_size])
    if kind in _warm:
        return
    _warm.add(kind)
    try:
        rows = _STEPS * rows_per_step(job.optimizer, len(x), spec.batch_size)
        layout = job.architecture.layout(inputs, y.shape[1])
        model = job.architecture.bind(layout, job.loss, spec.dtype)
        model.w[:] = job.architecture.initial(layout, stream(spec.seed, "init"))
        train(
            job.optimizer,
            model,
            job.loss,
            x[:rows],
            y[:rows],
            epochs=1,
            batch_size=spec.batch_size,
            rng=stream(spec.seed, "batches"),
            noise=stream(spec.seed, "noise"),
            clock=lambda: 0.0,
            monitor=lambda *_: True,
        )
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001, S110  # a plugin may raise anything
        pass
