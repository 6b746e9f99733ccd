from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from optbench.core.errors import MissingExtra, OptbenchError
from optbench.embedders import sentence_transformer
from optbench.embedders.model_files import model_digest, model_name, resolve, weights_digest
from optbench.embedders.sentence_transformer import SentenceTransformer


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "1_Pooling").mkdir(parents=True)
    for name in ("config.json", "model.safetensors", "1_Pooling/config.json"):
        (folder / name).write_text(name)
    return folder


def test_a_model_in_a_package_is_recorded_with_the_package(model: Path) -> None:
    """Such folders are called model, which names nothing."""
    import sklearn

    folder = Path(sklearn.__file__).parent / "datasets" / "data"
    assert model_name(str(folder)) == f"scikit-learn {version('scikit-learn')}: sklearn/datasets/data"
    assert model_name(str(model)) == "model"
    assert model_name("owner/name") == "owner/name"


def test_weights_have_a_digest_of_their_own(model: Path) -> None:
    assert weights_digest(model) == hashlib.sha256(b"model.safetensors").hexdigest()
    (model / "model.safetensors").unlink()
    assert weights_digest(model) is None


def test_the_same_files_elsewhere_have_the_same_digest(model: Path) -> None:
    before = model_digest(model)
    assert len(before) == 64
    assert model_digest(model.rename(model.parent / "moved")) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "config.json").write_text("changed"),
        lambda folder: (folder / "config.json").write_text("CONFIG.JSON"),  # of the same size
        lambda folder: (folder / "1_Pooling" / "config.json").unlink(),
        lambda folder: (folder / "vocab.txt").write_text(""),
        lambda folder: (folder / "config.json").rename(folder / "other.json"),
        lambda folder: (folder / "1_Pooling").rename(folder / "2_Pooling"),
    ],
)
def test_a_changed_file_changes_the_digest(model: Path, change: Callable[[Path], object]) -> None:
    before = model_digest(model)
    os.utime(model / "config.json", ns=(1, 1))
    change(model)
    assert model_digest(model) != before


@pytest.mark.parametrize(
    "name", ["README.md", "tf_model.h5", "onnx/model.onnx", ".gitattributes", ".cache/huggingface/x.json", "pytorch_model.bin"]
)
def test_what_torch_does_not_read_changes_nothing(model: Path, name: str) -> None:
    before = model_digest(model)
    (model / name).parent.mkdir(parents=True, exist_ok=True)
    (model / name).write_text("anything")
    assert model_digest(model) == before


def test_a_pickle_counts_where_there_are_no_other_weights(model: Path) -> None:
    (model / "model.safetensors").unlink()
    before = model_digest(model)
    (model / "pytorch_model.bin").write_text("weights")
    assert model_digest(model) != before


def test_a_file_that_cannot_be_read_is_named(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(OptbenchError, match=r"config\.json, a file of the model, cannot be read: Permission denied"):
        model_digest(model)


def test_a_folder_is_its_own_answer(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve(str(model)) == model
    monkeypatch.chdir(model.parent)
    assert resolve("model") == resolve("./model") == model
    with pytest.raises(OptbenchError, match="has no revision 'main'; omit the revision"):
        resolve(str(model), "main")


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/at/all", "~/nowhere", "no/such/folder"])
def test_a_path_that_is_not_there_is_not_looked_for_elsewhere(name: str) -> None:
    with pytest.raises(OptbenchError, match=f"there is no folder {name}"):
        resolve(name)


def test_without_its_libraries_it_says_what_to_install(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def not_found(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(sentence_transformer, "version", not_found)
    with pytest.raises(MissingExtra, match=r"pip install 'optbench\[embed\]'"):
        SentenceTransformer(model=str(model)).encode(["bir"], "question", None)
    monkeypatch.setitem(__import__("sys").modules, "huggingface_hub", None)
    with pytest.raises(MissingExtra, match=r"pip install 'optbench\[embed\]'"):
        SentenceTransformer(model="owner/model").encode(["bir"], "question", None)
