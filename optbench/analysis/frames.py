"""Results as plain values and as data frames: one row per run, or one row per workload and variant."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from optbench.analysis.scores import score
from optbench.analysis.tables import tables
from optbench.core.metrics import DIAGNOSTICS, RECORDED, SCORES, Metric
from optbench.core.specs import FINAL, RunResult
from optbench.core.targets import Target
from optbench.core.workload import Workload

if TYPE_CHECKING:
    import pandas as pd


def row(result: RunResult) -> dict[str, Any]:
    """Return a run as plain values; None stands for what does not exist or is not finite.

    Scores keep their names in `core.metrics.SCORES`; those of a target are left out, since it depends on the other runs. A
    recorded loss, quality or norm after the last epoch is `last_` and its name, a count such as `evaluations` the total.
    """
    spec, labels = result.spec, result.labels
    plain: dict[str, Any] = {"key": spec.key}
    for kind in ("optimizer", "architecture", "embedder", "loss"):
        choice = getattr(spec, kind)
        plain |= {kind: choice.name, f"{kind}_params": dict(choice.params), f"{kind}_label": getattr(labels, kind)}
    plain["wrappers"] = [wrapper.as_json() for wrapper in spec.optimizer.wrappers]
    plain |= {
        "workload": labels.workload,
        "dataset": spec.dataset,
        "dataset_digest": spec.dataset_digest,
        "seed": spec.seed,
        "status": result.status,
        "reason": result.reason.strip().rpartition("\n")[2],
        "epochs": result.epochs,
        "planned_epochs": spec.epochs,
        "batch_size": spec.batch_size,
        "dtype": spec.dtype,
        "quality": result.quality,
        "protocol": spec.protocol,
        "source": spec.source,
    }
    for name, metric in SCORES.items():
        if not name.endswith("_to_target"):
            plain[name] = _plain(metric, score(name, result, math.nan)) if result.status in FINAL else None
    for name, metric in RECORDED.items():
        values = result.curves.get(name)
        total = not metric.direction and name not in DIAGNOSTICS
        plain.setdefault(name if total else f"last_{name}", _plain(metric, values[-1]) if values is not None else None)
    plain["duration"] = result.measured.duration
    plain["update_seconds"] = result.measured.update
    plain["digest"] = result.digest
    return plain


def frame(results: Iterable[RunResult]) -> pd.DataFrame:
    """Return one row per run, in the order of `results`; see `row` for the columns."""
    import pandas as pd  # takes half a second to import, which `optbench list` need not wait for

    return pd.DataFrame([row(result) for result in results])


def table_frame(results: Iterable[RunResult], targets: Mapping[Workload, Target] = MappingProxyType({})) -> pd.DataFrame:
    """Return the benchmark tables as numbers: one row per workload and variant, medians over the compared seeds.

    Args:
        results: the runs.
        targets: the frozen targets; the column "provisional" says which workloads have none.
    """
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "workload": found.label,
                "dataset": found.workload.dataset,
                "embedder": found.embedder,
                "architecture": found.architecture,
                "loss": found.loss,
                "quality": found.quality,
                "optimizer": row.label,
                "runs": len(row.runs),
                "diverged": row.statuses.get("diverged", 0),
                "seeds": len(row.scored),
                "target": found.target,
                "provisional": found.frozen is None,
                "reached": row.reached,
                **{name: row.scores[name].median for name in SCORES},
            }
            for found in tables(results, targets)
            for row in found.rows
        ]
    )


def _plain(metric: Metric, value: float) -> float | int | None:
    if not math.isfinite(value):
        return None
    return int(value) if metric.unit in ("gradients", "bytes") and float(value).is_integer() else float(value)
