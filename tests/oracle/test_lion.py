"""The plugin of the tutorial against optax, whose Lion its class names as its oracle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import optax
import pytest
from problems import Quadratic, distance, trajectory
from test_oracles import in_optax

pytestmark = pytest.mark.oracle

PLUGIN = Path(__file__).parents[2] / "plugins" / "optbench-lion"
SETTINGS: list[dict[str, Any]] = [
    {},
    {"lr": 0.05, "weight_decay": 0.1},
    {"lr": 0.01, "beta1": 0.0},
    {"lr": 0.1, "beta1": 0.99, "beta2": 0.9999},
    {"lr": 0.02, "beta2": 0.0, "weight_decay": 1.0},
    {"lr": 0.3, "beta1": 0.5, "beta2": 0.5},
]


@pytest.mark.parametrize("given", SETTINGS, ids=str)
def test_lion_equals_optax(monkeypatch: pytest.MonkeyPatch, given: dict[str, Any]) -> None:
    monkeypatch.syspath_prepend(PLUGIN)  # it need not be installed
    from optbench_lion import Lion

    opt, problem = Lion(**given), Quadratic()
    theirs = in_optax(optax.lion(opt.lr, opt.beta1, opt.beta2, weight_decay=opt.weight_decay))(problem, 60)
    assert distance(trajectory(opt, problem), theirs) <= 1e-10
    assert Lion.oracle == "optax.lion, to 1e-10"
