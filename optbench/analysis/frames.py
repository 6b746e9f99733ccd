"""Results as plain values and as data frames: one row per run, or one row per workload and variant."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from optbench.analysis.benchmark import Benchmark
from optbench.analysis.scores import score
from optbench.analysis.statistics import Interval
from optbench.analysis.tables import TableRow
from optbench.core.metrics import DIAGNOSTICS, RECORDED, SCORES, Metric
from optbench.core.specs import FINAL, RunResult

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


def table_frame(found: Benchmark) -> pd.DataFrame:
    """Return the benchmark tables as a frame: one row per workload and variant, medians over the compared seeds.

    The column "provisional" says which workloads have no frozen target. Those from "baseline" to "rank_high" are about the work
    to target, in passes: the verdict against the baseline, the effect as a ratio of the variant's work to the baseline's (0.5:
    half of it) with its interval, and the rank interval. None and NaN stand for what does not exist.
    """
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "workload": table.label,
                "dataset": table.workload.dataset,
                "embedder": table.embedder,
                "architecture": table.architecture,
                "loss": table.loss,
                "quality": table.quality,
                "track": found.track,
                "optimizer": row.label,
                "runs": len(row.runs),
                "diverged": row.statuses.get("diverged", 0),
                "seeds": len(row.scored),
                "target": table.target,
                "provisional": table.frozen is None,
                "reached": row.reached,
                **_standing(found, row),
                **{name: row.scores[name].median for name in SCORES},
            }
            for table in found.tables
            for row in table.rows
        ]
    )


def _standing(found: Benchmark, row: TableRow) -> dict[str, Any]:
    standing = found.standing(row)
    comparison, verdict, ranks = standing.comparison, standing.verdict, standing.ranks
    median, interval = (comparison.effect.median, comparison.effect.interval) if comparison else (None, None)
    known = interval if isinstance(interval, Interval) else None
    return {
        "baseline": found.standings.baseline or None,
        "verdict": verdict.text if verdict else None,
        "work_ratio": _ratio(median) if isinstance(median, float) else None,
        "work_ratio_low": _ratio(known.low) if known else None,
        "work_ratio_high": _ratio(known.high) if known else None,
        "coverage": known.coverage if known else None,
        "pairs": comparison.seeds if comparison else None,
        "p_adjusted": verdict.p if verdict and isinstance(verdict.p, float) else None,
        "e_value": comparison.e if comparison else None,
        "rank_low": ranks[0] if ranks else None,
        "rank_high": ranks[1] if ranks else None,
    }


def _ratio(log_ratio: float) -> float:
    try:
        return math.exp(log_ratio)
    except OverflowError:
        return math.inf


def _plain(metric: Metric, value: float) -> float | int | None:
    if not math.isfinite(value):
        return None
    return int(value) if metric.unit in ("gradients", "bytes") and float(value).is_integer() else float(value)
