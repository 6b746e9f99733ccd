from __future__ import annotations

import base64
import json
import math
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from markupsafe import Markup
from test_against_baseline import POOL, at_e, planned, runs
from test_analysis import result
from tiny import tiny_splits

from optbench import method_docs
from optbench.analysis.benchmark import Benchmark, benchmark
from optbench.analysis.curves import DRAWN
from optbench.core.errors import OptbenchError
from optbench.core.metrics import RECORDED, SCORES
from optbench.core.specs import Labels, RunResult
from optbench.core.targets import Target
from optbench.core.workload import workload_of
from optbench.curation.importing import write
from optbench.execution.local import LocalExecutor
from optbench.planning.plan import make_plan
from optbench.planning.selections import Selections
from optbench.registry import Registry
from optbench.report.methods import method_docs as docs_of_methods
from optbench.report.page import Origin, write_page
from optbench.report.palette import styles
from optbench.report.parts.simple_models import published_baselines
from optbench.report.sections import Figure, Section, Table, Text, read_sections
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
    plan: list[Job] = make_plan(request.getfixturevalue("registry"), selections)
    return list(LocalExecutor(workers=2).run(plan))


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


def cache_entries(store: Store) -> list[tuple[str]]:
    with closing(sqlite3.connect(store.path)) as database:
        return database.execute("SELECT key FROM cache").fetchall()


def test_fits_are_cached_in_the_store(results: list[RunResult], drawn: list[Picture], tmp_path: Path) -> None:
    with Store(tmp_path / "runs.sqlite") as store:
        first = pictures(results, store, workers=2)
        cached = cache_entries(store)
        second = pictures(results[::-1], store, workers=1)
        assert cache_entries(store) == cached
        assert len(cached) == 1
    for one, two, three in zip(first[0].paths, second[0].paths, drawn[0].paths, strict=True):
        assert np.array_equal(one.tsne, two.tsne)
        assert np.array_equal(one.tsne, three.tsne)


def page(results: list[RunResult], drawn: list[Picture], tmp_path: Path, origin: Origin = ORIGIN, **more: Any) -> str:
    return write_page(results, drawn, tmp_path / "deep" / "index.html", origin, **more).read_text(encoding="utf-8")


def data_of(text: str) -> Any:
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert data is not None
    return json.loads(data[1])


def without_scripts(text: str) -> str:
    return re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)


def unpacked(text: str) -> list[float]:
    return np.frombuffer(base64.b64decode(text), "<f4").tolist()


def test_the_page_is_one_file_that_needs_no_network(results: list[RunResult], drawn: list[Picture], tmp_path: Path) -> None:
    text = page(results, drawn, tmp_path)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["index.html"]
    own = without_scripts(text)
    assert not re.findall(r"""(?:src|href)\s*=\s*["']?(?!#)[^"'>]""", own)
    assert "default-src 'none'" in own
    assert "optbench run --all" in own
    assert "Provisional target" in own


def test_every_status_is_on_the_page(results: list[RunResult], drawn: list[Picture], tmp_path: Path) -> None:
    crashed = replace(results[0], status="crashed", reason="its worker died", curves={}, seconds=(), sketches=None, digest=None)
    text = page([*results[1:], crashed], drawn, tmp_path)
    assert "its worker died" in text
    assert text.count('class="status crashed"') == 2
    assert 'class="status diverged"' in text


def test_every_score_and_metric_is_on_the_page_with_its_declared_label(results: list[RunResult], tmp_path: Path) -> None:
    text = page(results, [], tmp_path)
    for name, metric in SCORES.items():
        assert f'<th scope="col" class="right">{metric.heading("accuracy")}' in text, name
    data = data_of(text)
    assert data["metrics"] == {name: metric.facts() for name, metric in RECORDED.items()}
    drawn = {figure["metric"]: figure["title"] for figure in data["figures"] if figure["chart"] == "curves"}
    assert drawn == {name: RECORDED[name].heading("accuracy") for name in DRAWN}
    script = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)[-1]
    assert not [metric.label for metric in (*RECORDED.values(), *SCORES.values()) if metric.label in script]


HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&"


def test_names_reasons_and_commands_stay_text(results: list[RunResult], tmp_path: Path) -> None:
    nasty = [
        replace(result, labels=Labels(HOSTILE, HOSTILE, HOSTILE, HOSTILE), reason=HOSTILE, status="diverged")
        for result in results
    ]
    section = Section(HOSTILE, [Text(HOSTILE), Table([HOSTILE], [[HOSTILE]], HOSTILE), figure(name=HOSTILE, text=[HOSTILE])])
    text = page(nasty, [], tmp_path, Origin(HOSTILE, (HOSTILE,), (section,)), marks={nasty[0].spec.key: HOSTILE})
    assert "<script>alert" not in text
    assert "<img" not in without_scripts(text)
    assert data_of(text)["figures"][-1]["traces"][0]["name"] == HOSTILE


def test_text_that_declares_itself_safe_stays_text(results: list[RunResult], tmp_path: Path) -> None:
    safe = Markup("<b>bold</b>")
    section = Section(safe, [Text(safe), Table([safe], [[safe]], safe), Figure(label=safe, title=safe, caption=safe)])
    assert "<b>" not in page(results, [], tmp_path, Origin("x", (), (section,)))


def test_an_optimizers_description_is_at_its_name(results: list[RunResult], registry: Registry, tmp_path: Path) -> None:
    methods = docs_of_methods(results, registry)
    adam = next(choice for choice in methods if json.loads(choice)["name"] == "adam")
    nasty = {adam: replace(methods[adam], title=HOSTILE, notes=HOSTILE)}
    text = page(results, [], tmp_path, methods=nasty)
    assert text.count('<details class="more">') == 2 + 2  # in the overview and in the one workload, and of two verdicts
    assert text.count("Kingma &amp; Ba 2015") == 4
    assert "<script>alert" not in text
    assert 'title="&lt;/script&gt;' in text


def test_runs_of_another_source_are_marked(results: list[RunResult], tmp_path: Path) -> None:
    old = [result for result in results if result.labels.optimizer == "adam"]
    text = page(results, [], tmp_path, marks={result.spec.key: "other source" for result in old})
    assert text.count("<small>other source</small>") == 2
    assert f"{len(old)} of {len(results)} runs were not computed by the installed source" in text
    assert "installed source" not in page(results, [], tmp_path)


def test_unequal_seeds_are_said(results: list[RunResult], tmp_path: Path) -> None:
    fewer = [result for result in results if (result.labels.optimizer, result.spec.seed) != ("adam", 1)]
    assert "Scores are computed on seeds 0, which all optimizers have in common." in page(fewer, [], tmp_path)
    assert "Scores are computed on seeds" not in page(results, [], tmp_path)


def test_the_page_has_state_cost_and_diagnostics(results: list[RunResult], tmp_path: Path) -> None:
    text = page(results, [], tmp_path)
    state = max(r.measured.state_bytes or 0 for r in results if r.labels.optimizer == "adam")
    assert f'<td class="right" data-value="{float(state)}">{method_docs.amount(state)}' in text
    metrics = data_of(text)["workloads"][0]["curves"]["adam"]["metrics"]
    norms = unpacked(metrics["gradient_norm"]["median"])
    assert math.isnan(norms[0])
    assert all(value > 0 for value in norms[1:])


def test_the_page_is_a_function_of_the_results(results: list[RunResult], drawn: list[Picture], tmp_path: Path) -> None:
    assert page(results, drawn, tmp_path / "a") == page(results[::-1], drawn, tmp_path / "b")


def test_no_results_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(OptbenchError, match="nothing to report"):
        write_page([], [], tmp_path / "x.html", ORIGIN)


def test_a_path_that_cannot_be_written_is_an_error(results: list[RunResult], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OptbenchError, match="cannot write the report"):
        write_page(results, [], tmp_path / "file" / "index.html", ORIGIN)


def test_styles_tell_sixty_variants_apart() -> None:
    found = styles(f"optimizer-{i}" for i in range(60))
    assert len({(style["colour"], style["dash"]) for style in found.values()}) == 60


# Work to target


def page_of(found: Benchmark, tmp_path: Path) -> str:
    results = [run for table in found.tables for row in table.rows for run in row.runs]
    return without_scripts(page(results, [], tmp_path, compared=found))


def section_of(text: str, anchor: str) -> str:
    return text[text.index(f'<section id="{anchor}">') :].split("</section>", maxsplit=1)[0]


def test_the_page_shows_verdicts_effects_and_rank_intervals(tmp_path: Path) -> None:
    text = page_of(at_e(POOL, range(20)), tmp_path)
    tables = section_of(text, "workloads")
    assert "Benchmark table, ordered by work to target" in tables
    assert "Target 0.3679 (frozen)." in tables
    assert "Verdicts compare with adam, in a family of m = 4 comparisons." in tables
    assert "Intervals cover the median with a probability of 95.86 %." in tables
    assert "Everything except work to target is exploratory" in tables
    assert "Work to target<small>against adam</small></th>" in tables
    (fast,) = re.findall(r'<tr>\s*<th scope="row">.*?fast.*?</tr>', tables, re.DOTALL)[:1]
    assert re.search(r"<summary>better</summary>.*<small>2.0x sooner \(1.8 to 2.1\)</small>", fast, re.DOTALL)
    assert re.search(
        r"fast reached the target 1\.\d+ times sooner than adam \(95\.86 % interval .* E = .*: better\.</dd>", fast
    )
    assert '<td class="right" data-value="1.001">1</td>' in fast
    assert "<td" in text
    assert "nan" not in text.lower().replace("cannot", "")


def test_the_overview_is_about_work_to_target_and_quality_is_exploratory(tmp_path: Path) -> None:
    both = [*POOL, *runs("adam", range(20), 0.5, net="other"), *runs("slow", range(20), 1.0, net="other")]
    overview = section_of(page_of(at_e(both, range(20)), tmp_path), "overview")
    work, quality = re.findall(r"<tbody>.*?</tbody>", overview, re.DOTALL)
    order = [name.strip() for name in re.findall(r'<th scope="row">(.*?)</th>', work, re.DOTALL)]
    assert order == ["fast", "adam", "slow", "twin", "never"]
    assert "1 / 0 / 0 / 1" in work
    assert "1 / 0 / 0 / 0" in work
    assert "worse" in work
    assert ">n/a<" in work  # fast was not run on the other workload
    assert quality.count("<tr>") == 5
    assert "Exploratory: test quality" in overview
    assert "ean rank" not in overview


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"baseline": "nadam", "budget": 32}, "frozen, made by nadam, tuned with 32 draws)"),
        ({"baseline": "adam", "budget": 32, "loosened": 3}, "tuned with 32 draws, loosened 3 times by 2 %)"),
        ({}, "Target 0.3679 (frozen)."),
    ],
)
def test_the_page_says_how_a_frozen_target_was_made(made: dict[str, Any], said: str, tmp_path: Path) -> None:
    targets = {workload_of(POOL[0].spec): Target(math.exp(-1), (), made)}
    assert said in page_of(benchmark(POOL, targets), tmp_path)


def test_a_provisional_target_is_said_to_depend_on_the_pool(tmp_path: Path) -> None:
    text = page_of(benchmark(POOL), tmp_path)
    assert "which depends on the pool: 1.05 times the lowest median" in text
    assert "The target is provisional on 1 of 1 workloads: it depends on the pool." in text


def test_the_page_says_its_track(tmp_path: Path) -> None:
    assert "Default track: optimizers have the hyper-parameters that were published" in page_of(benchmark(POOL), tmp_path)
    tuned = [replace(run, labels=replace(run.labels, track="tuned")) for run in POOL]
    assert "Tuned track: hyper-parameters were tuned for each workload" in page_of(benchmark(tuned), tmp_path)


@pytest.mark.parametrize(
    ("results", "said"),
    [
        (runs("adam", range(5), 0.5), "There is one optimizer only"),
        ([*runs("a", range(5), 0.5), *runs("b", range(5), 1.0)], "No optimizer is the baseline"),
        ([*runs("adam", range(5), 0.5), *runs("b", range(5), 1.0)], "5 seeds cannot show a difference. It takes at least 7"),
        ([*runs("adam", range(5), 0.5), *runs("b", range(5, 9), 1.0)], "no seed in common"),
        ([replace(run, status="diverged") for run in POOL], "neither reached it"),
        ([result("adam", 0, status="failed"), result("b", 0, status="failed")], "No target: no run has a result."),
        ([result("adam", 0, status="failed"), result("b", 0)], "adam has no result on this workload"),
    ],
)
def test_a_page_without_a_possible_verdict_says_why(results: list[RunResult], said: str, tmp_path: Path) -> None:
    text = page_of(benchmark(results, {}, planned(results, range(5))), tmp_path)
    assert said in text
    assert not re.search(r"\bnan\b", text)


# Sections of plugins


def figure(**trace: Any) -> Figure:
    return Figure([{"x": [1, 2], "y": [1.0, 2.0], **trace}], label="a line")


def test_sections_of_plugins_are_shown_like_built_in_ones(results: list[RunResult], tmp_path: Path) -> None:
    table = Table(["optimizer", "lead"], [["adam", 1.5], ["sgd", None], ["gd", math.inf]], "Seconds ahead.")
    figure = Figure([{"type": "bar", "x": ["a"], "y": np.array([1.0])}], label="bars", title="Bars", caption="One bar.")
    text = page(results, [], tmp_path, Origin("x", (), (Section("Mine", [Text("words"), table, figure]),)))
    mine = text[text.index("<h2>Mine</h2>") :]
    assert '<p class="text">words</p>' in mine
    assert '<th scope="col" class="right">lead' in mine
    assert re.findall(r'<td class="right" data-value="(.*?)">(.*?)</td>', mine)[:3] == [
        ("1.5", "1.5"),
        ("1e300", "n/a"),
        ("1e300", "never"),
    ]
    assert 'role="img" aria-label="bars"' in mine
    spec = data_of(text)["figures"][-1]
    assert (spec["chart"], spec["title"], spec["traces"]) == ("traces", "Bars", [{"type": "bar", "x": ["a"], "y": [1.0]}])


def test_what_is_not_finite_is_valid_json(results: list[RunResult], tmp_path: Path) -> None:
    section = Section("Mine", [figure(y=[math.nan, math.inf])])
    data = data_of(page(results, [], tmp_path, Origin("x", (), (section,))))
    assert data["figures"][-1]["traces"][0]["y"] == [None, None]


@pytest.mark.parametrize(
    ("build", "rule"),
    [
        (lambda: Section(1, []), "the title of a Section is a string"),  # type: ignore[arg-type]
        (lambda: Section(" "), "a Section has a title"),
        (lambda: Section("x", ["text"]), "a block of a Section is a Text, a Table or a Figure"),  # type: ignore[list-item]
        (lambda: Text(None), "the text of a Text is a string"),  # type: ignore[arg-type]
        (lambda: Table([], []), "at least one column"),
        (lambda: Table("ab", []), "the columns of a Table are a sequence"),
        (lambda: Table(["a", "b"], [["one"]]), "2 cells, one per column"),
        (lambda: Table(["a"], [[object()]]), "a cell of a Table is a string, a number or None"),  # type: ignore[list-item]
        (lambda: Table(["a"], [[True]]), "a cell of a Table is a string, a number or None"),
        (lambda: Figure([{"y": [1]}]), "a Figure has a label"),
        (lambda: Figure(label="x", chart="other"), "the chart of a Figure"),  # type: ignore[arg-type]
        (lambda: Figure([1], label="x"), "a trace of a Figure is a mapping"),  # type: ignore[list-item]
        (lambda: figure(type="scattergl"), "the type of a trace is one of"),
        (lambda: figure(hovertemplate="<a>"), "the attributes of a trace are"),
        (lambda: figure(marker={"image": "http://x"}), "the attributes of a trace's marker are"),
        (lambda: figure(mode="lines<b>"), "the mode of a trace is a word of plotly's"),
        (lambda: figure(y=[object()]), "the y of a trace is a number, a string or a list"),
    ],
)
def test_invalid_sections_are_refused_with_the_rule(build: Any, rule: str) -> None:
    with pytest.raises(ValueError, match=re.escape(rule)):
        build()


def test_pairs_of_contract_1_are_sections() -> None:
    section = Section("b", [figure()])
    assert read_sections([("a", "text"), section]) == [Section("a", [Text("text")]), section]


@pytest.mark.parametrize("answer", [1, [1], ["ab"], [("a", "b", "c")], [("a", 1)]])
def test_other_answers_of_plugins_are_refused_with_the_rule(answer: Any) -> None:
    with pytest.raises(ValueError, match="a list of Sections, or of pairs of title and text, not"):
        read_sections(answer)


def test_the_page_says_what_simple_models_reach(results: list[RunResult], drawn: list[Picture], tmp_path: Path) -> None:
    digest = results[0].spec.dataset_digest
    baselines = {(digest, "accuracy"): {"question word x answer n-grams": 0.9876, "lengths": 0.1234}}
    page = write_page(results, drawn, tmp_path / "page.html", ORIGIN, baselines=baselines).read_text(encoding="utf-8")
    (section,) = re.findall(r'<section id="simple-models">.*?</section>', page, flags=re.DOTALL)
    assert "Simple models above the best network of this page: question word x answer n-grams on tiny (0.988" in section
    assert "lengths on tiny" not in section
    without = write_page(results, drawn, tmp_path / "page.html", ORIGIN).read_text(encoding="utf-8")
    assert "simple-models" not in without


def test_baselines_are_those_of_the_rows_that_were_run(registry: Registry, results: list[RunResult]) -> None:
    (shipped,) = make_plan(
        registry,
        Selections(optimizers=["gd"], architectures=["single-layer"], embedders=["hashing"], datasets=["qa-tr"], seeds=[0]),
    )
    on_it = replace(results[0], spec=shipped.spec, labels=shipped.labels)
    found = published_baselines(registry, [*results, on_it])
    assert set(found) == {(shipped.spec.dataset_digest, "accuracy")}
    assert found[shipped.spec.dataset_digest, "accuracy"]["question word x answer n-grams"] > 0.9
    changed = replace(on_it, spec=replace(shipped.spec, dataset_digest="0" * 64))
    assert published_baselines(registry, [changed]) == {}


def test_simple_models_are_compared_with_networks_by_the_same_quality(
    results: list[RunResult], drawn: list[Picture], tmp_path: Path
) -> None:
    balanced = [replace(result, quality="balanced accuracy") for result in results]
    baselines = {(results[0].spec.dataset_digest, "accuracy"): {"lengths": 0.9876}}
    page = write_page(balanced, drawn, tmp_path / "page.html", ORIGIN, baselines=baselines).read_text(encoding="utf-8")
    assert "0.988" not in page
