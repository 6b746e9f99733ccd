"""After the first step, training allocates nothing of the order of the weights or of a batch."""

import tracemalloc

import numpy as np
import pytest

from optbench.core.seeding import stream
from optbench.registry import Registry
from optbench.training.loop import train

BUILT_IN = Registry(autoload=False)
INPUTS, ROWS, BATCH = 16_385, 80, 32  # so wide that even the weights of one layer are visible: 64 kB


@pytest.mark.parametrize("architecture", BUILT_IN.names("architecture"))
@pytest.mark.parametrize("optimizer", BUILT_IN.names("optimizer"))
def test_steps_allocate_little(optimizer, architecture):
    network = BUILT_IN.find("architecture", architecture).cls()
    model = network.bind(network.layout(INPUTS), "float32")
    model.w[:] = network.initial(model.layout, stream(0, "init"))
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(ROWS, INPUTS)).astype("float32"), np.sign(rng.normal(size=ROWS)).astype("float32")

    def monitor(epoch, weights, at, seconds):
        outputs = model.predict(x, weights)
        if epoch == 1:  # by now all buffers exist
            tracemalloc.start()
        return bool(np.isfinite(outputs[0]))

    try:
        train(
            BUILT_IN.find("optimizer", optimizer).cls(),
            model,
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
    batch = BATCH * INPUTS * x.itemsize
    assert 0 < peak < min(model.w.nbytes, batch) / 4
