from __future__ import annotations

from dataclasses import replace

from test_analysis import result

from optbench.core.plans import Plan
from optbench.core.workload import group_of
from optbench.planning.planned import runs_of


def test_runs_belong_to_the_track_that_they_were_planned_for() -> None:
    default, tuned, old = result("a", 0), result("a", 0, params={"lr": 2.0}), result("old", 0)
    made = [replace(run, labels=replace(run.labels, track="tuned")) for run in (result("b", 0), result("b", 1_000_000))]
    plans = [Plan("default", (0,), {group_of(default.spec): "a"}), Plan("tuned", (0,), {group_of(tuned.spec): "a"})]
    stored = [default, tuned, old, *made]
    assert runs_of("default", stored, plans) == [default, old]
    assert [(run.spec, run.labels.track) for run in runs_of("tuned", stored, plans)] == [(tuned.spec, "tuned")]
