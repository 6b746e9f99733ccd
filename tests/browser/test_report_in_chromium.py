"""The report as Chromium shows it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import CHROMIUM, FLAGS, PATIENCE, Page
from processes import Bench

from optbench.core.metrics import DIAGNOSTICS, RECORDED

pytestmark = pytest.mark.browser

HOSTILE = '<img src=x onerror=document.title="owned"></script><script>document.title="owned"</script>&lt;b&gt;{{7*7}}'


SECTIONS = f"""
from optbench import Figure, Section, Table, Text, hookimpl

HOSTILE = {HOSTILE!r}

@hookimpl
def optbench_report_sections(results):
    trace = {{"type": "bar", "name": HOSTILE, "x": [HOSTILE, "b"], "y": [1, 2], "text": [HOSTILE, "c"]}}
    figure = Figure([trace, trace], label=HOSTILE, title=HOSTILE, x=HOSTILE, y=HOSTILE, caption=HOSTILE)
    lost = Figure(chart="curves", options={{"workload": 99, "metric": "val_loss"}}, label="lost")
    return [Section(HOSTILE, [Text(HOSTILE), Table([HOSTILE, "n"], [[HOSTILE, 2], ["a", 10]]), figure, lost])]
"""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A bench with a report of well-behaved and of hostile runs."""
    made = Bench(tmp_path_factory.mktemp("bench"))
    made.optimizer("hostile", f"raise RuntimeError({HOSTILE!r})")
    labelled = (made.plugins / "optbench_hostile.py").read_text(encoding="utf-8")
    labelled = labelled.replace("    lr:", "    mode: str = ''\n    lr:").replace("raise", "if not self.mode: raise")
    (made.plugins / "optbench_hostile.py").write_text(labelled, encoding="utf-8")
    made.distribution("sections", {"sections": SECTIONS})
    chosen = ("-o", "sgd", "-o", "adam", "-o", "gd", "-o", "hostile", "-o", f"hostile[mode='{HOSTILE}']")
    rest = ("-m", "single-layer", "-m", "two-layer-mlp[hidden=4]", "-e", "letters", "-d", "tiny", "--epochs", "12")
    ended = made.run("run", *chosen, *rest, "--seeds", "0,1", "--batch-size", "4")
    assert ended.code == 1, ended.err
    assert "report: reports/index.html" in ended.err
    return made


@pytest.fixture(scope="module")
def page(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    profile = tmp_path_factory.mktemp("profile")
    with Page(bench.folder / "reports" / "index.html", profile) as opened:
        yield opened
    shutil.rmtree(profile, ignore_errors=True)


VISIBLE = "[...document.querySelectorAll('article .chart')].filter((chart) => chart.offsetParent)"


def test_every_visible_chart_is_drawn(page: Page) -> None:
    assert page(f"{VISIBLE}.length") == 6
    assert page(f"{VISIBLE}.every((chart) => chart.querySelector('svg.main-svg'))")
    assert page(f"{VISIBLE}.every((chart) => chart.querySelectorAll('.scatterlayer .trace').length >= 4)")
    assert page(f"{VISIBLE}.every((chart) => chart.getBoundingClientRect().width > 300)")


def choose(page: Page, selector: str, value: str) -> None:
    """Choose an option; a list's own window is the system's, out of a page's reach."""
    page(f"document.querySelector({json.dumps(selector)}).value = {json.dumps(value)}")
    page(f"document.querySelector({json.dumps(selector)}).dispatchEvent(new Event('change'))")


def test_another_workload_is_drawn_when_it_is_chosen(page: Page) -> None:
    before = page("document.querySelector('article.workload:not([hidden]) h3').textContent")
    choose(page, "#workload", "1")
    page.wait(f"{VISIBLE}.length === 6 && {VISIBLE}.every((chart) => chart.querySelector('svg.main-svg'))")
    assert page("document.querySelector('article.workload:not([hidden]) h3').textContent") != before
    assert page("document.querySelectorAll('article.workload:not([hidden])').length") == 1


def test_a_chart_against_seconds_has_other_points(page: Page) -> None:
    ends = "document.querySelector('article.workload:not([hidden]) .chart').data[2].x.at(-1)"
    assert page(ends) == 12
    choose(page, "article:not([hidden]) .axis", "seconds")
    assert 0 < page(ends) < 12


def test_the_charts_show_diagnostics_when_they_are_chosen(page: Page) -> None:
    charts = "[...document.querySelectorAll('article:not([hidden]) .chart.curves')].filter((chart) => chart.offsetParent)"
    titles = f"{charts}.map((chart) => chart.querySelector('.gtitle').textContent)"
    quality = page(titles)
    choose(page, "article:not([hidden]) .group", "weights")
    page.wait(f"{titles}[0] === {json.dumps(RECORDED['gradient_norm'].label)}")
    assert page(titles) == [RECORDED[name].label for name in DIAGNOSTICS]
    assert page(f"{charts}.every((chart) => chart.getAttribute('aria-label').endsWith('of each optimizer'))")
    assert page(f"{charts}.every((chart) => [...chart.data[2].y].slice(1).every((norm) => norm > 0))")
    assert page(f"{charts}.every((chart) => chart.layout.yaxis.type === 'log')")
    choose(page, "article:not([hidden]) .group", "quality")
    page.wait(f"{titles}[0] === {json.dumps(quality[0])}")


def test_a_click_on_a_name_opens_the_description_of_the_method(page: Page) -> None:
    name = "#overview tbody tr:first-child summary"
    text = "document.querySelector('#overview tbody tr:first-child .more dl')"
    assert not page(f"{text}.checkVisibility()")
    page.click(name)
    assert page(f"{text}.checkVisibility()")
    assert "hyper-parameter" in page(f"{text}.textContent")
    page.click(name)
    assert not page(f"{text}.checkVisibility()")


def test_a_click_on_a_heading_sorts(page: Page) -> None:
    table = "#overview div.scroll:first-of-type"
    column = f"[...document.querySelectorAll('{table} tbody tr')].map((row) => Number(row.cells[1].dataset.value))"
    button = f"{table} thead th:nth-child(2) button"
    page.click(button)
    first = page(column)
    page.click(button)
    second = page(column)
    assert len(first) == 5
    assert first == sorted(first)
    assert second == sorted(second, reverse=True)
    assert page(f"document.querySelector('{table} thead th:nth-child(2)').getAttribute('aria-sort')") == "descending"
    page.click(f"{table} thead th:nth-child(1) button")
    names = page(f"[...document.querySelectorAll('{table} tbody th')].map((cell) => cell.textContent)")
    assert names == sorted(names)


def test_a_click_on_a_verdict_says_it_in_full(page: Page) -> None:
    verdict = "article.workload:not([hidden]) tbody td.left details.more"
    sentence = f"document.querySelector('{verdict} dl')"
    assert not page(f"{sentence}.checkVisibility()")
    page.click(f"{verdict} summary")
    assert page(f"{sentence}.checkVisibility()")
    assert "reached the target" in page(f"{sentence}.textContent")
    page.click(f"{verdict} summary")


def test_hostile_text_stays_text(page: Page) -> None:
    assert page("document.title") == "optbench report"
    assert page("document.querySelectorAll('img, main script, iframe, object').length") == 0
    label = f"hostile[mode='{HOSTILE}']"
    assert label in page("[...document.querySelectorAll('#overview tbody th summary')].map((name) => name.textContent)")
    assert page("document.querySelector('code.command').textContent").count("onerror") == 1
    reasons = page("[...document.querySelectorAll('#outcomes td:last-child summary')].map((cell) => cell.textContent)")
    assert len(reasons) == 4
    assert all(f"RuntimeError: {HOSTILE}" in reason for reason in reasons)
    legends = page("[...document.querySelectorAll('article:not([hidden]) .legendtext')].map((text) => text.textContent)")
    assert label in legends


def test_a_plugins_section_is_drawn_and_its_text_stays_text(page: Page) -> None:
    section = "[...document.querySelectorAll('main > section')].at(-2)"
    assert page(f"{section}.querySelector('h2').textContent") == HOSTILE
    assert page(f"{section}.querySelector('p.text').textContent") == HOSTILE
    assert page(f"[...{section}.querySelectorAll('table button, tbody th')].map((cell) => cell.textContent)") == [
        HOSTILE,
        "n",
        HOSTILE,
        "a",
    ]
    page(f"{section}.scrollIntoView()")
    chart = f"{section}.querySelector('.chart.traces')"
    for part in (".gtitle", ".xtitle", ".ytitle", ".xtick text", ".legendtext"):
        assert page(f"{chart}.querySelector('{part}').textContent") == HOSTILE, part
    assert page(f"{section}.querySelectorAll('.chart.traces .bars path').length") == 4
    assert page(f"{section}.querySelector('.chart.curves').textContent").startswith("This figure cannot be drawn: ")


def test_the_console_is_silent_and_nothing_is_fetched(page: Page, bench: Bench) -> None:
    assert page.complaints() == []
    assert page.requests() == [(bench.folder / "reports" / "index.html").as_uri()]


def test_the_policy_lets_nothing_in(bench: Bench, tmp_path: Path) -> None:
    with Page(bench.folder / "reports" / "index.html", tmp_path) as page:
        try_to_get_in(page)
        assert len(page.complaints()) >= 2


def try_to_get_in(page: Page) -> None:
    policy = page("document.querySelector('meta[http-equiv=Content-Security-Policy]').content")
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy
    assert page("fetch('https://example.org').then(() => 'fetched', () => 'refused')") == "refused"
    injected = "(s => { s.textContent = 'document.title = 1'; document.body.append(s); return document.title; })"
    assert page(f"{injected}(document.createElement('script'))") == "optbench report"


def test_it_is_drawn_without_a_hand_too(bench: Bench, tmp_path: Path) -> None:
    address = (bench.folder / "reports" / "index.html").as_uri()
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path}", "--enable-logging=stderr", "--virtual-time-budget=10000"]
    command += ["--dump-dom", address]
    ended = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=PATIENCE)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("main-svg") >= 6
    assert "CONSOLE" not in ended.stderr


def test_a_narrow_screen_shows_whole_charts(bench: Bench, tmp_path: Path) -> None:
    with Page(bench.folder / "reports" / "index.html", tmp_path) as narrow:
        narrow.send("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=1, mobile=True)
        charts = f"{VISIBLE}.map((chart) => chart.querySelector('svg.main-svg').getBoundingClientRect())"
        narrow.wait(f"{charts}.length === 6 && {charts}.every((box) => box.left >= 0 && box.right <= 390)")
        assert narrow("document.documentElement.scrollWidth") == 390
