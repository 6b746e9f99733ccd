"""What surrounds the runs: planning them, storing results, looking up which are final, reading results."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from optbench.core.metrics import DIGESTED
from optbench.core.specs import Choice, Labels, RunResult, RunSpec
from optbench.planning.plan import Selections, make_plan
from optbench.store import Store

from .common import BUILT_IN, dataset

EPOCHS = 100


class Plan:
    params = [[100, 1_000]]
    param_names = ["seeds"]

    def setup(self, seeds):
        self.folder = TemporaryDirectory()
        dataset(Path(self.folder.name) / "small")
        self.selections = Selections(
            optimizers=["adam"],
            architectures=["single-layer"],
            embedders=["hashing"],
            datasets=[str(Path(self.folder.name) / "small")],
            seeds=range(seeds),
        )

    def teardown(self, seeds):
        self.folder.cleanup()

    def time_plan(self, seeds):
        [job.spec.key for job in make_plan(BUILT_IN, self.selections)]


class Runs:
    params = [[10, 1_000]]
    param_names = ["runs"]

    def setup(self, runs):
        self.folder = TemporaryDirectory()
        self.store = Store(Path(self.folder.name) / "runs.sqlite")
        self.result = _result()
        for seed in range(runs):
            self.store.put(replace(self.result, spec=replace(self.result.spec, seed=seed)))

    def teardown(self, runs):
        self.store.close()
        self.folder.cleanup()

    def time_put(self, runs):
        self.store.put(self.result)

    def time_finished(self, runs):
        self.store.finished()

    def time_identities(self, runs):
        self.store.identities()

    def time_results(self, runs):
        self.store.results()


def _result() -> RunResult:
    choices = Choice("adam", {"lr": 0.001}), Choice("two-layer-mlp", {"hidden": 64}), Choice("hashing", {"features": 1024})
    spec = RunSpec(*choices, "small", "0" * 64, seed=0, epochs=EPOCHS, batch_size=32, dtype="float32", source="0" * 64)
    return RunResult(
        spec,
        Labels("adam", "two-layer-mlp", "hashing", "qa-tr"),
        "ok",
        curves={name: np.linspace(1.0, 0.0, EPOCHS + 1) for name in DIGESTED},
        seconds=tuple(np.linspace(0.0, 1.0, EPOCHS + 1).tolist()),
        sketch_epochs=tuple(range(33)),
        sketches=np.random.default_rng(0).normal(size=(33, 512)).astype(np.float32),
        digest="0" * 64,
    )
