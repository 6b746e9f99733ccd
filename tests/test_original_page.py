"""The page of the original experiment is made from the runs of benchmarks/original."""

from __future__ import annotations

import csv
import importlib
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean, median
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tiny import WORDS, tiny_splits

from optbench import OptbenchError
from optbench.curation.importing import write

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "benchmarks" / "original"
SEEDS, MORE = (0, 1), (2, 3, 4)
RATES = {"adam": 0.01, "gd": 0.1, "sgd": 0.1}
EPOCHS, BATCH = 4, 4


@pytest.fixture(scope="module")
def scripts() -> Iterator[SimpleNamespace]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        names = ("original_runs", "original_page", "original_text", "faults_of_choice", "faults_of_data", "faults_of_means")
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in names})


@pytest.fixture(scope="module")
def measured(scripts: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    folder = tmp_path_factory.mktemp("original")
    dataset = write(folder / "tiny", tiny_splits(), {"name": "tiny", "language": "tr"})
    design = scripts.original_runs.Design(
        rates=RATES,
        architecture="two-layer-mlp[hidden=4]",
        seeds=SEEDS,
        more_seeds=MORE,
        epochs=EPOCHS,
        batch_size=BATCH,
        gd_rates=(10.0,),
    )
    twice = [
        scripts.original_runs.measure(design, "tiny", dataset, "hashing[features=32]", folder / "runs.sqlite") for _ in range(2)
    ]
    return twice[0], twice[1]


@pytest.fixture
def page(scripts: SimpleNamespace, measured: tuple[Any, Any]) -> str:
    return scripts.original_page.page([measured[0]], scripts.original_page.Origin("the command", own_data=False))


def cells(page: str, section: str, *first: str) -> list[str]:
    """Return the cells of the row that begins with these cells, after them."""
    part = re.split(r"\n###? ", page.split(f"## {section}\n", maxsplit=1)[1], maxsplit=1)[0]
    [row] = [line for line in part.splitlines() if line.startswith(f"| {' | '.join(first)} |")]
    return [cell.strip() for cell in row.strip("|").split("|")][len(first) :]


def curves(measured: Any, optimizer: str, metric: str, seeds: tuple[int, ...] = SEEDS) -> list[np.ndarray]:
    """Return the curves at the original's rate, without the functions under test."""
    runs = {
        run.spec.seed: run
        for run in measured.results
        if run.spec.optimizer.name == optimizer and run.spec.optimizer.params["lr"] == RATES[optimizer]
    }
    assert all(run.status == "ok" for run in runs.values())
    return [runs[seed].curves[metric] for seed in seeds]


def test_the_design_is_the_packaged_preset(scripts: SimpleNamespace) -> None:
    design = scripts.original_runs.original_design()
    assert design.rates == {"adam": 0.001, "rmsprop": 0.01, "adagrad": 0.01, "gd": 0.01, "sgd": 0.1}
    assert (design.seeds, design.epochs, design.batch_size) == ((42, 10, 2024, 7, 99), 100, 32)
    assert not set(design.seeds) & set(design.more_seeds)
    assert design.searched("gd") == [0.001, 0.01, 0.1, 1.0, 10.0]
    assert design.run_rates("sgd") == [0.01, 0.1, 0.2, 1.0]


def test_a_second_call_executes_nothing(measured: tuple[Any, Any]) -> None:
    first, second = ({run.spec.key: run.measured.duration for run in one.results} for one in measured)
    assert first == second
    rates = 3 + 5 + 4  # adam's; gd's, with twice its rate and a further one; sgd's, with twice its rate
    assert len(first) == rates * len(SEEDS) + len(RATES) * len(MORE)


def test_claims_are_beside_what_was_measured(page: str, measured: tuple[Any, Any]) -> None:
    last = [float(values[-1]) for values in curves(measured[0], "adam", "test_quality")]
    best = [float(values.max()) for values in curves(measured[0], "adam", "test_quality")]
    found = cells(page, "Claims", "measured: tiny, hashing[features=32]")
    assert found[0] == f"{fmean(last):.3f}"
    assert found[1] == f"{min(last):.3f} to {max(last):.3f}"
    assert found[3] == f"{fmean(best):.3f}"
    assert "| claimed: the original's README | 0.98 |" in page
    assert "0.83 to 0.84" in page
    highest = max(float(run.curves["test_quality"].max()) for run in measured[0].results if run.status == "ok")
    assert f"The highest is {highest:.3f}: " in page


def test_optimism_is_the_choice_by_test_less_the_choice_by_validation(
    page: str, scripts: SimpleNamespace, measured: tuple[Any, Any]
) -> None:
    losses, qualities = (curves(measured[0], "sgd", name) for name in ("val_loss", "test_quality"))
    by_epoch = [float(q.max() - q[loss.argmin()]) for loss, q in zip(losses, qualities, strict=True)]
    found = cells(page, "Tuned on test", "tiny, hashing[features=32]", "sgd")
    assert found[1] == scripts.original_text.points(fmean(by_epoch))
    optimism = scripts.faults_of_choice.optimism(measured[0], "sgd")
    assert optimism.by_epoch == pytest.approx(by_epoch)
    assert optimism.by_both >= optimism.by_rate >= 0


def test_no_difference_is_sure_with_the_few_seeds(page: str) -> None:
    for name in RATES:
        found = cells(page, "Means only", "tiny, hashing[features=32]", name)
        assert found[3] == "1 to 3"  # two seeds
    assert re.search(r"are 0 different, \d equivalent, \d undecided with 2 seeds", page)


def test_a_verdict_on_the_first_by_mean_is_about_the_first(scripts: SimpleNamespace, measured: tuple[Any, Any]) -> None:
    family = scripts.faults_of_means.by_accuracy([measured[0]], (*SEEDS, *MORE))
    qualities = {name: [q[-1] for q in curves(measured[0], name, "test_quality", (*SEEDS, *MORE))] for name in RATES}
    for (_, a, b), comparison in family.comparisons.items():
        wins = sum(x > y for x, y in zip(qualities[a], qualities[b], strict=True))
        assert (comparison.wins.wins, comparison.added) == (wins, 0)


def test_gd_is_compared_per_pass_and_per_update(page: str, measured: tuple[Any, Any]) -> None:
    steps = 3  # per epoch: twelve rows in batches of four
    for name, updates in (("gd", EPOCHS), ("sgd", steps * EPOCHS)):
        found = cells(page, "One step per epoch for gd, many for the others", "tiny, hashing[features=32]", name)
        losses = curves(measured[0], name, "val_loss")
        within = [loss[: 1 + EPOCHS // steps] if name == "sgd" else loss for loss in losses]
        assert found[0] == str(updates)
        assert all(values[-1] == updates for values in curves(measured[0], name, "evaluations"))
        assert found[1].startswith(f"{median(float(loss.min()) for loss in losses):.3g} (")
        assert found[2].startswith(f"{median(float(loss.min()) for loss in within):.3g} (")
    assert "made as many passes as epochs" in page


def test_the_objective_is_half_of_what_is_reported(page: str, measured: tuple[Any, Any]) -> None:
    end = fmean(float(loss[-1]) for loss in curves(measured[0], "sgd", "train_loss"))
    found = cells(page, "Mean squared error reported, half of it descended", "tiny, hashing[features=32]", "sgd")
    assert found[:2] == [f"{end:.3g}", f"{end / 2:.3g}"]


def test_the_longer_answer_and_the_clock(page: str) -> None:
    assert cells(page, "Data that lengths solve", "tiny")[0] == "0 of 3 pairs (0 %)"  # a wrong answer has two letters more
    found = cells(page, "Evaluation timed together with training", "tiny, hashing[features=32]", "gd")
    assert found[3:] == ["1.00", "1.00"]
    assert 0 < int(found[2].removesuffix(" %")) < 100


def test_the_page_says_whether_the_original_files_were_there(
    page: str, scripts: SimpleNamespace, measured: tuple[Any, Any]
) -> None:
    assert "The original's files were absent when this page was made" in page
    assert "`--data FOLDER` adds them" in page
    other = scripts.original_page.page([measured[0]], scripts.original_page.Origin("the command", own_data=True))
    assert "absent" not in other
    assert "turkish-e5-large, the original's embedder, was not available" in other


def test_the_originals_files_become_a_dataset(scripts: SimpleNamespace, tmp_path: Path) -> None:
    for name, words in (("training.csv", WORDS[:8]), ("test.csv", WORDS[8:])):
        with (tmp_path / name).open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("soru", "cevap", "etiket"))
            rows.writerows((f"{word} nedir?", f"{word} {label} yanıtıdır.", label) for word in words for label in (1, -1))
    dataset = scripts.original_runs.import_original(tmp_path, tmp_path / "dataset")
    assert dataset.sizes == {"train": 12, "validation": 4, "test": 8}
    (tmp_path / "test.csv").unlink()
    with pytest.raises(OptbenchError, match=r"no file test\.csv in .*; give the folder that has both"):
        scripts.original_runs.import_original(tmp_path, tmp_path / "other")


@pytest.mark.usefixtures("scripts")
def test_the_command_reports_a_folder_without_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["run.py", "--data", str(tmp_path), "--output", str(tmp_path / "page.md")])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(FOLDER / "run.py"), run_name="__main__")
    assert ended.value.code == 2
    assert "no file training.csv and no file test.csv" in capsys.readouterr().err
    assert not (tmp_path / "page.md").exists()


def test_the_committed_page_has_the_sections_of_the_template_and_no_path_of_a_machine(page: str) -> None:
    committed = (ROOT / "docs" / "original.md").read_text(encoding="utf-8")
    headings = re.compile(r"^#+ .*$", re.MULTILINE)
    assert headings.findall(committed) == headings.findall(page)
    assert not re.search(r"(?<![\w.])/(?:home|work|tmp|root|Users)\b", committed)
    assert not re.search(r"\b(nan|inf)\b", committed)
