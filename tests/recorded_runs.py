"""Runs the specs of recorded_runs.json again and prints the results as JSON; started by test_recorded_runs.py as a process."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from optbench.core.specs import Labels, RunSpec
from optbench.planning.plan import rebuild
from optbench.registry import Registry
from optbench.training.environment import fingerprint
from optbench.training.run_job import run_job

RECORDED = Path(__file__).with_suffix(".json")


def rerun(recorded: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recorded run's facts, computed anew."""
    job = rebuild(Registry(autoload=False), RunSpec.from_json(recorded["spec"]), Labels(**recorded["labels"]))
    result = run_job(job)
    last = {name: float(curve[-1]) for name, curve in result.curves.items()}
    return {"status": result.status, "reason": result.reason, "digest": result.digest, "epochs": result.epochs, "last": last}


if __name__ == "__main__":
    runs = json.loads(RECORDED.read_text(encoding="utf-8"))["runs"]
    sys.stdout.write(json.dumps({"fingerprint": fingerprint(), "runs": [rerun(run) for run in runs]}))
