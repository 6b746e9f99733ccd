"""The page of workloads and the numbers behind it are about the suite that is installed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from optbench.planning.suites import find_suite
from optbench.registry import Registry

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "workloads.md").read_text(encoding="utf-8")
MEASURED = json.loads((ROOT / "benchmarks" / "discrimination" / "results.json").read_text(encoding="utf-8"))


def rows_of(name: str) -> list[str]:
    return [line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |")]


def test_every_workload_of_the_suite_was_shown_to_tell_optimizers_apart(registry: Registry) -> None:
    measured = {one["workload"]["name"]: one for one in MEASURED}
    for workload in find_suite(registry, "core").workload:
        one = measured[workload.name]
        assert one["discriminates"], workload.name
        assert one["digest"] == workload.digest
        for part, value in one["workload"].items():
            assert getattr(workload, part) == value, workload.name
        assert len(rows_of(workload.name)) == 3  # difficulty, size, result


@pytest.mark.parametrize("one", MEASURED, ids=lambda one: one["workload"]["name"])
def test_the_page_has_the_numbers_that_were_measured(one: dict[str, Any]) -> None:
    cells = [cell.strip(" *") for cell in rows_of(one["workload"]["name"])[-1].split("|")]
    loss, passes = (" / ".join(f"{value:{form}}" for value in one[key]) for key, form in (("loss", ".3g"), ("passes", ".0f")))
    ratios = [f"{ratio:.2f}" for ratio in one["apart"]]
    assert cells[2:8] == [f"{one['start']:.3g}", f"{one['first']:.3g}", loss, ratios[0], passes, ratios[1]]
