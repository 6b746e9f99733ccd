from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny import tiny_splits

from optbench import method_docs as pages
from optbench.core.errors import OptbenchError
from optbench.core.specs import DIAGNOSTICS, Labels, RunResult
from optbench.curation.importing import write
from optbench.execution.executor import execute
from optbench.planning.plan import Selections, make_plan
from optbench.registry import Registry
from optbench.report.build import Origin, build
from optbench.report.palette import styles
from optbench.store import Store
from optbench.training.job import Job
from optbench.trajectories import Picture, pictures

ORIGIN = Origin("optbench run --all")


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[RunResult]:
    folder = tmp_path_factory.mktemp("data") / "tiny"
    write(folder, tiny_splits(), {"name": "tiny"})
    selections = Selections(
        optimizers=["adam", "sgd[lr=1e6]", "gd"],
        architectures=["two-layer-mlp[hidden=4]"],
        embedders=["hashing[features=16]"],
        datasets=[str(folder)],
        seeds=[0, 1],
        epochs=12,
        batch_size=5,
    )
    found: list[RunResult] = []
    plan: list[Job] = make_plan(request.getfixturevalue("registry"), selections)
    execute(plan, found.append, workers=2)
    return found


@pytest.fixture(scope="module")
def drawn(results: list[RunResult]) -> list[Picture]:
    return pictures(results, None, workers=1)


def test_runs_of_a_seed_start_at_one_point(drawn: list[Picture]) -> None:
    (picture,) = drawn
    starts = {path.seed: set() for path in picture.paths}
    for path in picture.paths:
        starts[path.seed].add(tuple(np.round(path.pca[0], 5)))
    assert {seed: len(points) for seed, points in starts.items()} == {0: 1, 1: 1}
    assert picture.points == sum(len(path.epochs) for path in picture.paths)
    assert 0 < picture.plane <= picture.kept <= 1 + 1e-9
    assert 0 < picture.trustworthiness <= 1


def test_pictures_are_kept_and_come_back(results: list[RunResult], drawn: list[Picture], tmp_path: Path) -> None:
    with Store(tmp_path / "runs.sqlite") as store:
        first = pictures(results, store, workers=2)
        kept = store._db.execute("SELECT count(*) FROM computed").fetchone()
        second = pictures(results[::-1], store, workers=1)
        assert store._db.execute("SELECT count(*) FROM computed").fetchone() == kept == (1,)
    for one, two, three in zip(first[0].paths, second[0].paths, drawn[0].paths, strict=True):
        assert np.array_equal(one.tsne, two.tsne)
        assert np.array_equal(one.tsne, three.tsne)


def page(results: list[RunResult], drawn: list[Picture], tmp_path: Path, origin: Origin = ORIGIN) -> str:
    return build(results, drawn, tmp_path / "deep" / "index.html", origin).read_text(encoding="utf-8")


def test_the_page_is_one_file_that_needs_no_network(results: list[RunResult], drawn: list[Picture], tmp_path: Path) -> None:
    text = page(results, drawn, tmp_path)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["index.html"]
    own = re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)
    assert not re.findall(r"""(?:src|href)\s*=\s*["']?(?!#)[^"'>]""", own)
    assert "default-src 'none'" in own
    assert "optbench run --all" in own
    assert "1.05 times the lowest median best validation loss" in own


def test_every_ending_is_on_the_page(results: list[RunResult], drawn: list[Picture], tmp_path: Path) -> None:
    crashed = replace(results[0], status="crashed", reason="its worker died", curves={}, seconds=(), sketches=None, digest=None)
    text = page([*results[1:], crashed], drawn, tmp_path)
    assert "its worker died" in text
    assert text.count('class="status crashed"') == 2
    assert 'class="status diverged"' in text


HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&"


def test_names_reasons_and_commands_stay_text(results: list[RunResult], tmp_path: Path) -> None:
    nasty = [
        replace(result, labels=Labels(HOSTILE, HOSTILE, HOSTILE, HOSTILE), reason=HOSTILE, status="diverged")
        for result in results
    ]
    text = page(nasty, [], tmp_path, Origin(HOSTILE, (HOSTILE,), ((HOSTILE, HOSTILE),)))
    assert "<script>alert" not in text
    assert "<img" not in re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert data is not None
    assert json.loads(data[1])["tasks"][0]["name"] == f"{HOSTILE} on {HOSTILE}, tiny"


def test_an_optimizers_page_stands_at_its_name(results: list[RunResult], registry: Registry, tmp_path: Path) -> None:
    adam = pages.component_doc(registry.find("optimizer", "adam"), "optimizer", pages.StateSize(800, 100, "float32"))
    nasty = replace(adam, title=HOSTILE, notes=HOSTILE)
    text = build(results, [], tmp_path / "x.html", ORIGIN, {"adam": nasty}).read_text(encoding="utf-8")
    assert text.count('<details class="method">') == 2  # in the overview and in the one task
    assert text.count("Kingma &amp; Ba 2015") == 4
    assert "8 bytes per weight in float32 (2 numbers per weight)" in text
    assert "<script>alert" not in text
    assert 'title="&lt;/script&gt;' in text


def test_the_page_has_state_cost_and_diagnostics(results: list[RunResult], tmp_path: Path) -> None:
    text = page(results, [], tmp_path)
    held = max(r.measured.state_bytes or 0 for r in results if r.labels.optimizer == "adam")
    assert f'<td data-value="{held}">{pages.amount(held)}</td>' in text
    assert "90 %: " in text
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert data is not None
    metrics = json.loads(data[1])["tasks"][0]["curves"]["adam"]["metrics"]
    assert metrics["gradient_norm"]["median"][0] is None
    assert all(value > 0 for value in metrics["gradient_norm"]["median"][1:])
    for name in DIAGNOSTICS:
        assert f'data-movement="{name}"' in text


def test_the_page_is_a_function_of_the_results(results: list[RunResult], drawn: list[Picture], tmp_path: Path) -> None:
    assert page(results, drawn, tmp_path / "a") == page(results[::-1], drawn, tmp_path / "b")


def test_nothing_to_report_is_said(tmp_path: Path) -> None:
    with pytest.raises(OptbenchError, match="nothing to report"):
        build([], [], tmp_path / "x.html", ORIGIN)


def test_a_place_that_cannot_be_written_is_said(results: list[RunResult], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OptbenchError, match="cannot be written"):
        build(results, [], tmp_path / "file" / "index.html", ORIGIN)


def test_styles_tell_sixty_variants_apart() -> None:
    found = styles(f"optimizer-{i}" for i in range(60))
    assert len({(style["colour"], style["dash"]) for style in found.values()}) == 60
