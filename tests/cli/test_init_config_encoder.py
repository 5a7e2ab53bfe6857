"""`init-config --encoder component:NAME`: new components on an encoder that the base has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy import util
from spacy.cli.train import train
from spacy.language import Language
from spacy.tokens import DocBin

from spacy_bertadapt.tasks import TASKS, TRAINED
from tests.fixtures.annotations import assert_same
from tests.fixtures.bases import WIDTH, assert_base_is_unchanged
from tests.fixtures.components import samples_of

# a few steps of training don't teach a tiny model which questions have an answer
pytestmark = pytest.mark.filterwarnings("ignore:\\[W308\\]")
OVERRIDES = {"training.max_steps": 2, "training.eval_frequency": 2}


@pytest.fixture
def init(run: Callable, tmp_path: Path) -> Callable[..., Any]:
    """Runs init-config for a task's samples on a base."""

    def make(base: Path, task: str, *options: object) -> Any:
        data, nlp = tmp_path / f"{task}.spacy", spacy.blank("en")
        DocBin(docs=[example.reference for example in samples_of(task).make_examples(nlp)]).to_disk(data)
        paths = ("--task", task, "--train", data, "--dev", data, "--epochs", 1, "--batch-size", 4)
        return run("init-config", tmp_path / "new.cfg", "-F", "--base", base, *paths, *options)

    return make


def learn(folder: Path, **overrides: Any) -> Language:
    """Train with the new config, and return the pipeline as it is loaded."""
    train(folder / "new.cfg", folder / "out", overrides={**OVERRIDES, **overrides})
    return spacy.load(folder / "out" / "model-last")


@pytest.fixture(scope="session")
def encoder_folder(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path) -> Path:
    """A saved pipeline with a bert_encoder and a sentencizer."""
    nlp = spacy.blank("en")
    nlp.add_pipe("bert_encoder", config={"model": {"precision": "float32", "encoder": {"name": str(tiny_bert)}}})
    nlp.add_pipe("sentencizer")
    nlp.initialize()
    folder = tmp_path_factory.mktemp("bases") / "encoder"
    nlp.to_disk(folder)
    return folder


@pytest.mark.parametrize("task", list(TRAINED))
def test_a_head_shares_the_encoder_of_the_base(task: str, init: Callable, encoder_folder: Path, tmp_path: Path) -> None:
    result = init(encoder_folder, task, "--encoder", "component:bert_encoder")
    assert result.exit_code == 0, result.output
    factory = TASKS[task].factory
    config = util.load_config(tmp_path / "new.cfg")
    assert config["components"][factory]["model"]["encoder"]["upstream"] == "bert_encoder"
    assert config["training"]["optimizer"]["learn_rate"]["initial_rate"] == 1e-3
    stride = {f"components.{factory}.stride": 8} if task == "qa" else {}
    nlp = learn(tmp_path, **stride, **{f"components.{factory}.model.precision": "float32"})
    weights = [folder / "bert_encoder" / "model" / "model.safetensors" for folder in (encoder_folder, Path(nlp.path))]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    assert not (Path(nlp.path) / factory / "model" / "model.safetensors").exists()
    texts = [samples_of(task).as_input(text) for text in ("where is the parcel", "Ada Lovelace lived in London")]
    assert_same(nlp.pipe(texts), map(nlp, texts))


def test_all_new_components_share_a_new_encoder(
    init: Callable, base_folder: Path, tiny_bert: Path, tmp_path: Path
) -> None:
    data, nlp = tmp_path / "ner.spacy", spacy.blank("en")
    DocBin(docs=[example.reference for example in samples_of("ner").make_examples(nlp)]).to_disk(data)
    second = ("--task", "ner", "--train", data, "--dev", data)
    result = init(base_folder, "textcat", *second, "--without", "ner", "--encoder", tiny_bert, "--shared-encoder")
    assert result.exit_code == 0, result.output
    config = util.load_config(tmp_path / "new.cfg")
    assert config["nlp"]["pipeline"][-3:] == ["bert_encoder", "bert_textcat", "bert_ner"]
    assert "bert_encoder" not in config["training"]["frozen_components"]
    assert "how the head's own layers learn" in (tmp_path / "new.cfg").read_text(encoding="utf8")
    nlp = learn(tmp_path)
    folder = Path(nlp.path)
    assert [path.parent.parent.name for path in folder.rglob("model.safetensors")] == ["bert_encoder"]
    assert len(list(folder.rglob("head.safetensors"))) == 2
    assert nlp.get_pipe("bert_encoder").heads == [nlp.get_pipe("bert_textcat"), nlp.get_pipe("bert_ner")]
    assert nlp("Ada Lovelace lived in London").cats


def test_a_shared_encoder_where_there_is_one(init: Callable, encoder_folder: Path, tiny_bert: Path) -> None:
    result = init(encoder_folder, "textcat", "--encoder", tiny_bert, "--shared-encoder")
    assert result.exit_code == 1
    assert "[E564]" in result.output
    assert "component:bert_encoder" in result.output
    result = init(encoder_folder, "textcat", "--encoder", "component:bert_encoder", "--shared-encoder")
    assert result.exit_code == 1
    assert "[E564]" in result.output


def test_a_component_with_the_name_of_the_new_encoder(init: Callable, base_folder: Path, tiny_bert: Path) -> None:
    result = init(base_folder, "textcat", "--encoder", tiny_bert, "--shared-encoder", "--name", "bert_encoder")
    assert result.exit_code == 1
    assert "[E546]" in result.output


@pytest.mark.parametrize("task", list(TRAINED))
def test_a_head_listens_to_a_component_of_the_base(
    task: str, init: Callable, base_folder: Path, tmp_path: Path
) -> None:
    result = init(base_folder, task, "--encoder", "component:tok2vec")
    assert result.exit_code == 0, result.output
    assert "Length in tokens" in result.output
    config = util.load_config(tmp_path / "new.cfg")
    component = config["components"][TASKS[task].factory]
    assert component["max_length"] is None
    assert component["model"]["encoder"]["tok2vec"]["width"] == WIDTH
    assert config["training"]["annotating_components"] == ["tok2vec"]
    assert "encoder" not in config["paths"]
    nlp = learn(tmp_path)
    assert_base_is_unchanged(spacy.load(base_folder), nlp)
    texts = [samples_of(task).as_input(text) for text in ("where is the parcel", "Ada Lovelace lived in London")]
    assert_same(nlp.pipe(texts), map(nlp, texts))


@pytest.mark.parametrize(("name", "code"), [("ner", "E545"), ("transformer", "E544")])
def test_a_component_that_gives_no_vectors(
    name: str, code: str, init: Callable, base_folder: Path, tmp_path: Path
) -> None:
    result = init(base_folder, "textcat", "--encoder", f"component:{name}")
    assert result.exit_code == 1
    assert f"[{code}]" in result.output
    assert not (tmp_path / "new.cfg").exists()


def test_a_component_of_no_base(write_rows: Callable, run: Callable, tmp_path: Path) -> None:
    data = write_rows()
    result = run("init-config", tmp_path / "a.cfg", "--train", data, "--dev", data, "--encoder", "component:tok2vec")
    assert result.exit_code == 1
    assert "[E544]" in result.output
