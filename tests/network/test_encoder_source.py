"""Where encoders are looked for, and what is said when they are not there."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from spacy_bertadapt.network.encoder_source import EncoderSource
from spacy_bertadapt.network.pretrained import read_tokenizer


@pytest.fixture
def fake_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_bert: Path) -> Callable[..., str]:
    """Makes an importable package with a checkpoint in each of the folders named."""

    def make(name: str, *folders: str) -> str:
        root = tmp_path / "site" / name
        root.mkdir(parents=True)
        (root / "__init__.py").write_text("raise RuntimeError('imported')")
        for folder in folders:
            shutil.copytree(tiny_bert, root / folder)
        monkeypatch.syspath_prepend(str(root.parent))
        return f"package:{name}"

    return make


def test_a_directory(tiny_bert: Path) -> None:
    assert EncoderSource(str(tiny_bert)).locate() == str(tiny_bert)


def test_a_relative_directory(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tiny_bert.parent)
    assert Path(EncoderSource(f"./{tiny_bert.name}").locate()).resolve() == tiny_bert.resolve()


def test_a_package_is_found_and_not_imported(fake_package: Callable[..., str], tmp_path: Path) -> None:
    source = EncoderSource(fake_package("bert_in_a_wheel", "model"))
    assert source.locate() == str(tmp_path / "site" / "bert_in_a_wheel" / "model")
    assert "bert_in_a_wheel" not in sys.modules
    assert read_tokenizer(source).is_fast


def test_a_config_without_weights_is_no_checkpoint_folder(fake_package: Callable[..., str], tmp_path: Path) -> None:
    name = fake_package("bert_and_more", "model", "other")
    (tmp_path / "site" / "bert_and_more" / "other" / "model.safetensors").unlink()
    assert EncoderSource(name).locate().endswith("model")


def test_one_of_several_checkpoints_of_a_package(fake_package: Callable[..., str], tmp_path: Path) -> None:
    name = fake_package("a_pipeline", "a_pipeline-0.0.0/bert_encoder/model", "a_pipeline-0.0.0/bert_ner/model")
    root = tmp_path / "site" / "a_pipeline" / "a_pipeline-0.0.0"
    assert EncoderSource(f"{name}/bert_encoder").locate() == str(root / "bert_encoder" / "model")
    with pytest.raises(ValueError, match=r"E102.*in encoder, found none"):
        EncoderSource(f"{name}/encoder").locate()


@pytest.mark.parametrize(("folders", "folders_seen"), [((), "none"), (("one", "two"), "one, two")])
def test_a_package_with_no_or_several_checkpoints(
    fake_package: Callable[..., str], folders: tuple[str, ...], folders_seen: str
) -> None:
    name = fake_package(f"package_with_{len(folders)}", *folders)
    with pytest.raises(ValueError, match=rf"E102.*'{name}'.*found {folders_seen}\."):
        EncoderSource(name).locate()


@pytest.mark.parametrize("package", ["no_such_package_here", "no-such-package", "", "sys", "os.path"])
def test_a_package_that_is_not_there(package: str) -> None:
    with pytest.raises(FileNotFoundError, match=f"E101.*no installed package '{package}'.*pip install"):
        EncoderSource(f"package:{package}").locate()


def test_a_package_that_is_misspelt() -> None:
    with pytest.raises(FileNotFoundError, match=r"E101.*Did you mean package:transformers\?"):
        EncoderSource("package:tranformers").locate()


@pytest.mark.parametrize("name", ["/no/such/folder", "./nothing", "../nothing/here", "one/two/three", "~/nothing"])
def test_a_directory_that_is_not_there(name: str) -> None:
    with pytest.raises(FileNotFoundError, match=r"E101.*no directory.*Check the path"):
        EncoderSource(name).locate()


def test_a_directory_that_is_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"E102.*config.json is missing"):
        EncoderSource(str(tmp_path)).locate()


@pytest.mark.parametrize("name", ["bert-base-uncased", "dslim/bert-base-NER"])
def test_a_hub_id_is_left_to_transformers(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert EncoderSource(name).locate() == name


@pytest.mark.parametrize("rate", [-0.1, 1.0, 5.0])
def test_a_dropout_rate_out_of_range(rate: float) -> None:
    with pytest.raises(ValueError, match=rf"E308.*encoder.dropout = {rate}"):
        EncoderSource("bert", dropout=rate)
