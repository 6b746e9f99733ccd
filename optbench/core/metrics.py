"""Every metric, declared once: name, heading, unit, direction, and what it is for a run that diverged.

The monitor, the store, the tables, the frames, the report and its script read these declarations. To add a metric, declare it
here and compute it in `training.monitor` (`RECORDED`) or `analysis.scores` (`SCORES`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, Literal

Direction = Literal["lower", "higher", ""]
Unit = Literal["", "epochs", "seconds", "gradients", "passes", "bytes", "times SGD"]
AfterDivergence = Literal["worst", "first", "infinite", ""]


@dataclass(frozen=True)
class Metric:
    """A quantity that is recorded during a run or computed from one.

    Attributes:
        name: the identifier in code, in the store and in exported data.
        label: the heading in tables and figures, without the unit.
        unit: the unit, empty for a dimensionless number.
        direction: which values are better; empty where neither is.
        in_digest: whether it is part of a run's digest.
        after_divergence: the value that a diverged run counts with: that of always predicting the same, the value at
            epoch 0, infinity, or (empty) what was recorded.
        log: whether figures draw it on a logarithmic axis by default.
    """

    name: str
    label: str
    unit: Unit = ""
    direction: Direction = ""
    in_digest: bool = False
    after_divergence: AfterDivergence = ""
    log: bool = False

    def heading(self, quality: str) -> str:
        """Return the label, with what the quality is called on a workload: `Test accuracy` for `Test quality`."""
        return self.label.replace("quality", quality)

    def facts(self) -> dict[str, Any]:
        """Return the declaration as plain values, for JSON."""
        return asdict(self)


def _by_name(*metrics: Metric) -> Mapping[str, Metric]:
    return MappingProxyType({metric.name: metric for metric in metrics})


RECORDED = _by_name(
    Metric("train_loss", "Training loss", "", "lower", in_digest=True, after_divergence="infinite", log=True),
    Metric("val_loss", "Validation loss", "", "lower", in_digest=True, after_divergence="infinite", log=True),
    Metric("val_quality", "Validation quality", "", "higher", in_digest=True, after_divergence="worst"),
    Metric("test_quality", "Test quality", "", "higher", in_digest=True, after_divergence="worst"),
    Metric("evaluations", "Gradient evaluations", "gradients", in_digest=True),
    Metric("rows", "Rows whose gradient was taken", "", in_digest=True),
    Metric("passes", "Passes over the training rows", "passes"),
    Metric("gradient_norm", "Norm of the gradient", "", after_divergence="infinite", log=True),
    Metric("update_norm", "Norm of the last update", "", after_divergence="infinite", log=True),
    Metric("weight_norm", "Norm of the weights", "", after_divergence="infinite", log=True),
    Metric("distance", "Distance from the initial weights", "", after_divergence="infinite", log=True),
)
"""What the monitor records of the evaluated weights, once before the first step and once after each epoch, in this order.

`gradient_norm` and `update_norm` belong to the last step of the epoch: the norm of the gradient that it began with (on the
batch's own targets, before any clipping), and how far it moved the evaluated weights. Neither exists at epoch 0. `passes` is
`rows` divided by the number of training rows. A quality is what the loss says it is, such as the accuracy. Runs stored by
earlier versions lack `passes`, and the oldest lack the last four.
"""

SCORES = _by_name(
    Metric("test_quality", "Test quality", "", "higher", after_divergence="worst"),
    Metric("last_test_quality", "Test quality after the last epoch", "", "higher", after_divergence="worst"),
    Metric("best_val_loss", "Best validation loss", "", "lower", after_divergence="first"),
    Metric("last_train_loss", "Training loss after the last epoch", "", "lower", after_divergence="first"),
    Metric("epochs_to_target", "Epochs to target", "epochs", "lower", after_divergence="infinite"),
    Metric("passes_to_target", "Passes to target", "passes", "lower", after_divergence="infinite"),
    Metric("evaluations_to_target", "Gradients to target", "gradients", "lower", after_divergence="infinite"),
    Metric("seconds_to_target", "Seconds to target", "seconds", "lower", after_divergence="infinite"),
    Metric("seconds", "Training time", "seconds", "lower"),
    Metric("update_cost", "Update, median", "times SGD", "lower"),
    Metric("update_cost_90", "Update, 90th percentile", "times SGD", "lower"),
    Metric("state_bytes", "Optimizer state", "bytes", "lower"),
    Metric("scratch_bytes", "Scratch memory", "bytes", "lower"),
)
"""One number per run, computed by `analysis.scores`. `test_quality` is the one at the epoch of the lowest validation loss."""

DIGESTED = tuple(name for name, metric in RECORDED.items() if metric.in_digest)
"""The recorded metrics that a run's digest covers, in the order in which it does."""

DIAGNOSTICS = tuple(name for name, metric in RECORDED.items() if not metric.in_digest and not metric.unit)
"""The recorded metrics that describe how the weights move: norms, no part of the digest."""
