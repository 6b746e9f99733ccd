"""The training loop allocates nothing of the order of the weights or of a batch; the kit checks the components themselves."""

import tracemalloc

import numpy as np
import pytest
from losses import LOSSES, TASKS, raw_targets

from optbench.core.seeding import stream
from optbench.kit.problems import batch
from optbench.registry import Registry
from optbench.training.loop import train

BUILT_IN = Registry(autoload=False)
INPUTS, ROWS, BATCH = 16_385, 80, 32  # even the weights of a single layer have 64 kB


@pytest.mark.parametrize("architecture", BUILT_IN.names("architecture"))
@pytest.mark.parametrize("optimizer", ["sgd", "gd"])  # mini-batches and full batches
@pytest.mark.parametrize("loss", LOSSES)
def test_the_loop_allocates_little_after_the_first_epoch(loss, optimizer, architecture):
    network, bound = BUILT_IN.find("architecture", architecture).cls(), LOSSES[loss]()
    task = next(task for task in TASKS if not bound.incompatibility(task))
    model = network.bind(network.layout(INPUTS, bound.outputs(task)), bound, "float32")
    model.w[:] = network.initial(model.layout, stream(0, "init"))
    x, y = batch(ROWS, INPUTS, "float32")[0], bound.targets(raw_targets(task, ROWS, "float32"), task)

    def monitor(epoch, weights, at, seconds):
        z = model.forward(x, weights)
        if epoch == 1:  # all buffers are allocated
            tracemalloc.start()
        return bool(np.isfinite(z[0]).all())

    try:
        train(
            BUILT_IN.find("optimizer", optimizer).cls(),
            model,
            bound,
            x,
            y,
            epochs=4,
            batch_size=BATCH,
            rng=stream(0, "batches"),
            noise=stream(0, "noise"),
            clock=lambda: 0.0,
            monitor=monitor,
        )
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 0 < peak < min(model.w.nbytes, BATCH * INPUTS * x.itemsize) / 4
