"""Runs that were recorded by the first version keep every bit: same digest in the same environment, close curves elsewhere.

The environment is pinned as far as it can be: the kernels of a processor with AVX2 in OpenBLAS and NumPy, one thread. The
record is in recorded_runs.json; it is never made anew, because digests are what stored results and reports refer to.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from recorded_runs import RECORDED

from optbench.core.metrics import DIGESTED
from optbench.registry import Registry
from optbench.training.environment import THREAD_VARIABLES

PINS = {
    "OPENBLAS_CORETYPE": "Haswell",
    # The names differ between versions of NumPy, which ignores those that it does not know.
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL",
    **dict.fromkeys(THREAD_VARIABLES, "1"),
}
TOLERANCES = {"train_loss": 0.02, "val_loss": 0.02, "val_quality": 0.1, "test_quality": 0.1}
"""The largest difference between two environments. After few epochs on TF-IDF the sign of many small outputs is uncertain."""
EXACT = ("evaluations", "rows")


@pytest.fixture(scope="module")
def recorded() -> dict[str, Any]:
    record: dict[str, Any] = json.loads(RECORDED.read_text(encoding="utf-8"))
    return record


def test_recorded_runs_come_out_the_same(recorded: dict[str, Any]) -> None:
    process = subprocess.run(
        [sys.executable, "-W", "ignore", str(RECORDED.with_suffix(".py"))],
        env={**os.environ, **PINS},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    rerun = json.loads(process.stdout)
    same_environment = rerun["fingerprint"] == recorded["fingerprint"]
    for old, new in zip(recorded["runs"], rerun["runs"], strict=True):
        assert (new["status"], new["epochs"]) == (old["status"], old["epochs"]), (old["labels"], new["reason"])
        if same_environment:
            assert new["digest"] == old["digest"], old["labels"]
            # Diagnostics are no part of the digest, but just as deterministic.
            assert [new["last"][name] for name in old["last"]] == pytest.approx(
                list(old["last"].values()), rel=0, abs=0, nan_ok=True
            )
        elif old["status"] == "ok":
            assert {name: new["last"][name] for name in EXACT} == {name: old["last"][name] for name in EXACT}
            for name, tolerance in TOLERANCES.items():
                assert new["last"][name] == pytest.approx(old["last"][name], rel=0, abs=tolerance), (old["labels"], name)


def test_the_record_covers_every_built_in_component(recorded: dict[str, Any], registry: Registry) -> None:
    specs = [run["spec"] for run in recorded["runs"]]
    assert {spec["optimizer"]["name"] for spec in specs} == set(registry.names("optimizer"))
    wrappers = {wrapper["name"] for spec in specs for wrapper in spec["optimizer"].get("wrappers", ())}
    assert wrappers == set(registry.names("wrapper"))
    assert {spec["architecture"]["name"] for spec in specs} == set(registry.names("architecture"))
    assert {spec["embedder"]["name"] for spec in specs} >= {"hashing", "tfidf", "minilm"}
    assert {spec["dtype"] for spec in specs} == {"float32", "float64"}
    assert {run["status"] for run in recorded["runs"]} == {"ok", "diverged"}
    assert all(set(run["last"]) >= set(DIGESTED) for run in recorded["runs"])
