"""One row a run."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from optbench.core.metrics import DIAGNOSTICS
from optbench.core.specs import RunResult

if TYPE_CHECKING:
    import pandas as pd


def row(result: RunResult) -> dict[str, Any]:
    """Return a run as plain values; None stands for what does not exist or is not finite."""
    spec, labels = result.spec, result.labels
    plain: dict[str, Any] = {"key": spec.key}
    for axis in ("optimizer", "architecture", "embedder"):
        choice = getattr(spec, axis)
        plain |= {axis: choice.name, f"{axis}_params": dict(choice.params), f"{axis}_label": getattr(labels, axis)}
    plain["wrappers"] = [wrapper.as_json() for wrapper in spec.optimizer.wrappers]
    plain |= {
        "dataset": spec.dataset,
        "dataset_digest": spec.dataset_digest,
        "seed": spec.seed,
        "status": result.status,
        "reason": result.reason.strip().rpartition("\n")[2],
        "epochs": result.epochs,
        "planned_epochs": spec.epochs,
        "batch_size": spec.batch_size,
        "dtype": spec.dtype,
    }
    for name in ("train_loss", "val_loss", "val_accuracy", "test_accuracy", *DIAGNOSTICS):
        plain[name] = _finite(result.curves[name][-1]) if name in result.curves else None
    plain["best_val_loss"] = _finite(result.curves["val_loss"].min()) if "val_loss" in result.curves else None
    plain["evaluations"] = int(result.curves["evaluations"][-1]) if "evaluations" in result.curves else None
    plain["seconds"] = result.seconds[-1] if result.seconds else None
    plain |= {"duration": result.measured.duration, "state_bytes": result.measured.state_bytes}
    plain |= {"update_seconds": result.measured.update, "update_cost": result.measured.cost}
    plain["digest"] = result.digest
    return plain


def frame(results: Iterable[RunResult]) -> pd.DataFrame:
    """Return the runs as a frame, in the order given."""
    import pandas as pd  # half a second that `optbench list` need not wait

    return pd.DataFrame([row(result) for result in results])


def _finite(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None
