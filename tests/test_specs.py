"""Keys of runs: they are what results are stored under, so those of earlier versions must not move."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from optbench.core.specs import Choice, RunSpec, canonical

BEFORE: dict[str, Any] = {
    "optimizer": {
        "name": "adam",
        "params": {"lr": 0.01, "beta1": 0.9, "beta2": 0.999, "eps": 1e-08, "weight_decay": 0.0},
        "wrappers": [{"name": "clip", "params": {"norm": 1.0, "value": None}}],
    },
    "architecture": {"name": "single-layer", "params": {}},
    "embedder": {"name": "hashing", "params": {"features": 1024}},
    "dataset": "qa-tr",
    "dataset_digest": "d" * 64,
    "seed": 3,
    "epochs": 50,
    "batch_size": 32,
    "dtype": "float32",
    "source": "a" * 64,
    "protocol": 1,
}
"""A spec as stored before there were losses, and the key and identity that it was stored under."""
KEY = "095811a1a902b19eaefda59435746cb8bdfa85a3192eaf57038ce3fe5250e3bf"
IDENTITY = "345b8e972f1283232f3171a7708bdfc46867b83caca02db8e8e3316d0cde90b0"


def test_a_spec_from_before_there_were_losses_keeps_its_key() -> None:
    spec = RunSpec.from_json(BEFORE)
    assert spec.loss == Choice("squared-tanh")
    assert (spec.key, spec.identity) == (KEY, IDENTITY)
    assert canonical(spec.as_json()) == canonical(BEFORE)
    named = RunSpec.from_json(BEFORE | {"loss": {"name": "squared-tanh", "params": {}}})
    assert (named, named.key) == (spec, KEY)


@pytest.mark.parametrize("loss", [Choice("squared"), Choice("cross-entropy", {"report": "accuracy"})], ids=lambda c: c.name)
def test_another_loss_is_another_run(loss: Choice) -> None:
    spec = replace(RunSpec.from_json(BEFORE), loss=loss)
    assert spec.as_json()["loss"] == loss.as_json()
    assert spec.key != KEY
    assert spec.identity != IDENTITY
    assert RunSpec.from_json(spec.as_json()) == spec


def test_each_value_of_a_loss_is_another_run() -> None:
    specs = [
        replace(RunSpec.from_json(BEFORE), loss=Choice("cross-entropy", {"report": report}))
        for report in ("accuracy", "balanced-accuracy")
    ]
    assert specs[0].key != specs[1].key
