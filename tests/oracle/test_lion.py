"""The plugin of the tutorial against optax, the oracle that its class declares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import optax
import pytest
from test_oracles import in_optax

from optbench.core.oracles import oracles_of
from optbench.kit.problems import SMALL, LeastSquares, distance, start, trajectory

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


@pytest.mark.parametrize("params", SETTINGS, ids=str)
def test_lion_equals_optax(monkeypatch: pytest.MonkeyPatch, params: dict[str, Any]) -> None:
    monkeypatch.syspath_prepend(PLUGIN)  # so that it need not be installed
    from optbench_lion import Lion

    opt, problem = Lion(**params), LeastSquares(start(SMALL))
    theirs = in_optax(optax.lion(opt.lr, opt.beta1, opt.beta2, weight_decay=opt.weight_decay))(problem, SMALL)
    (oracle,) = oracles_of(Lion)
    assert oracle.implementation == "optax.lion"
    assert distance(trajectory(opt, problem), theirs) <= oracle.tolerance
