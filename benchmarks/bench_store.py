"""The harness around runs: planning them, storing one, finding what is done, reading it back."""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from .common import dataset, found
from .ratios import ratio

EPOCHS = 100


class Plan:
    unit = "ratio"
    params = [[1_000]]
    param_names = ["seeds"]

    def setup(self, seeds):
        self.folder = TemporaryDirectory()
        dataset(Path(self.folder.name) / "small")
        self.make_plan = found("optbench.planning.plan:make_plan", "optbench.plan:make_plan")
        self.registry = found("optbench.registry:Registry")(autoload=False)
        self.selections = found("optbench.planning.plan:Selections", "optbench.plan:Selections")(
            optimizers=["adam"],
            architectures=["single-layer"],
            embedders=["hashing"],
            datasets=[str(Path(self.folder.name) / "small")],
            seeds=range(seeds),
        )

    def teardown(self, seeds):
        self.folder.cleanup()

    def track_plan(self, seeds):
        def plain():
            for seed in range(seeds):
                plan = {"optimizer": {"name": "adam", "params": {"lr": 0.001}}, "seed": seed, "digest": "0" * 64}
                hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()

        return ratio([(lambda: [task.spec.key for task in self.make_plan(self.registry, self.selections)], plain)])


class Runs:
    unit = "ratio"
    params = [[100]]
    param_names = ["runs"]

    def setup(self, runs):
        self.folder = TemporaryDirectory()
        self.store = found("optbench.store:Store", "optbench.store.store:Store")(Path(self.folder.name) / "runs.sqlite")
        self.result = _result()
        self.plain = sqlite3.connect(Path(self.folder.name) / "plain.sqlite", isolation_level=None)
        self.plain.execute("PRAGMA journal_mode = WAL")
        self.plain.execute("PRAGMA synchronous = FULL")
        self.plain.execute("CREATE TABLE runs (key TEXT PRIMARY KEY, content BLOB NOT NULL)")
        for seed in range(runs):
            self.store.put(replace(self.result, spec=replace(self.result.spec, seed=seed)))
            self._put(f"{seed:064}")

    def _put(self, key):
        out = io.BytesIO()
        np.savez(out, allow_pickle=False, curves=np.ones((EPOCHS, 8)), sketches=self.result.sketches)
        self.plain.execute("REPLACE INTO runs VALUES (?, ?)", (key, out.getvalue()))

    def _read(self):
        for _, content in self.plain.execute("SELECT * FROM runs").fetchall():
            hashlib.sha256(content).hexdigest()
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                dict(arrays)

    def teardown(self, runs):
        self.store.close()
        self.plain.close()
        self.folder.cleanup()

    def track_put(self, runs):
        return ratio([(partial(self.store.put, self.result), partial(self._put, "0" * 64))])

    def track_finished(self, runs):
        return ratio([(self.store.finished, lambda: set(self.plain.execute("SELECT key FROM runs").fetchall()))])

    def track_results(self, runs):
        return ratio([(self.store.results, self._read)])


def _result():
    choice, spec, labels, result = (
        found(f"optbench.core.specs:{name}", f"optbench.specs:{name}") for name in ("Choice", "RunSpec", "Labels", "RunResult")
    )
    choices = choice("adam", {"lr": 0.001}), choice("two-layer-mlp", {"hidden": 64}), choice("hashing", {"features": 1024})
    curves = ("train_loss", "val_loss", "val_quality", "test_quality", "evaluations", "rows")
    return result(
        spec(*choices, "small", "0" * 64, seed=0, epochs=EPOCHS, batch_size=32, dtype="float32", source="0" * 64),
        labels("adam", "two-layer-mlp", "hashing", "qa-tr"),
        "ok",
        curves={name: np.linspace(1.0, 0.0, EPOCHS + 1) for name in curves},
        seconds=tuple(np.linspace(0.0, 1.0, EPOCHS + 1).tolist()),
        sketch_epochs=tuple(range(33)),
        sketches=np.random.default_rng(0).normal(size=(33, 512)).astype(np.float32),
        digest="0" * 64,
    )
