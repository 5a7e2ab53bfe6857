"""Pipelines from checkpoints: the task, its settings, and what meta.json says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
import torch
from safetensors.torch import load_file
from spacy.language import Language

from spacy_bertadapt.errors import InvalidError, NotFoundError
from spacy_bertadapt.exchange.importing import ImportRequest, import_checkpoint
from spacy_bertadapt.network.encoder_source import EncoderSource
from spacy_bertadapt.planning.task import Task
from spacy_bertadapt.tasks import TRAINED

from .conftest import LENGTH, RELATIONS, TAGS

SEQUENCES, QUESTIONS = "AutoModelForSequenceClassification", "AutoModelForQuestionAnswering"
MakeCheckpoint = Callable[..., Path]


def imported(folder: Path | str, **wanted: Any) -> tuple[Language, Task]:
    """Return the pipeline of a checkpoint, and its task."""
    return import_checkpoint(ImportRequest(source=EncoderSource(str(folder)), **wanted), TRAINED.values())


CLASSES = [
    ("AutoModelForTokenClassification", TAGS, "ner"),
    (SEQUENCES, ("bad", "good"), "textcat"),
    (SEQUENCES, RELATIONS, "nli"),
    (QUESTIONS, (), "qa"),
]


@pytest.mark.parametrize(("auto_class", "labels", "task"), CLASSES)
def test_the_task_is_that_of_the_class(
    checkpoint: MakeCheckpoint, auto_class: str, labels: tuple[str, ...], task: str
) -> None:
    nlp, found = imported(checkpoint(auto_class, *labels))
    assert found.name == task
    assert nlp.pipe_names == [f"bert_{task}"]
    doc = nlp(found.example)
    assert found.prediction(doc)


def test_weights_and_labels_are_the_checkpoints(tagger: Path) -> None:
    nlp, _ = imported(tagger)
    pipe: Any = nlp.get_pipe("bert_ner")
    assert pipe.labels == ("PERSON",)
    assert pipe.runner.max_length == LENGTH
    stored = load_file(tagger / "model.safetensors")
    assert all(torch.equal(weight, stored[name]) for name, weight in pipe.network.module.state_dict().items())


def test_what_is_imported_is_complete(tagger: Path, tmp_path: Path) -> None:
    """It is saved, loaded without the checkpoint, and learns."""
    nlp, _ = imported(tagger)
    text = "Ada Lovelace lived in London"
    before = [(entity.text, entity.label_) for entity in nlp(text).ents]
    nlp.to_disk(tmp_path / "pipeline")
    tagger.rename(tmp_path / "elsewhere")
    loaded = spacy.load(tmp_path / "pipeline")
    assert [(entity.text, entity.label_) for entity in loaded(text).ents] == before
    assert loaded.meta["sources"] == nlp.meta["sources"]


def test_a_name_that_the_hub_knows(tagger: Path, tmp_path: Path) -> None:
    """`spacy huggingface-hub push` looks at the names of components in meta.json, and takes `ner` alone."""
    nlp, task = imported(tagger, name="ner")
    nlp.to_disk(tmp_path / "pipeline")
    meta = json.loads((tmp_path / "pipeline" / "meta.json").read_text())
    assert meta["components"] == ["ner"]
    assert spacy.load(tmp_path / "pipeline").get_pipe_meta("ner").factory == task.factory


def test_meta_names_source_and_licence(tagger: Path) -> None:
    meta = imported(tagger)[0].meta
    assert meta["name"] == "some_model"
    assert meta["license"] == "apache-2.0"
    (source,) = meta["sources"]
    assert source == {"name": tagger.name, "url": "", "author": "", "license": "apache-2.0"}
    assert "Named entity recognition" in meta["description"]
    assert str(tagger.parent) not in json.dumps(meta)


@pytest.mark.parametrize(
    "card", ["# no metadata", "---\nlicense: [\n---\n", "---\n- a\n---\n", "---\nlicense: 3\n---\n"]
)
def test_a_card_that_names_no_licence_is_no_error(checkpoint: MakeCheckpoint, card: str) -> None:
    folder = checkpoint("AutoModelForTokenClassification", *TAGS, card=card)
    assert imported(folder)[0].meta["license"] == ""


def test_labels_that_do_not_exclude_each_other(checkpoint: MakeCheckpoint) -> None:
    folder = checkpoint(SEQUENCES, "a", "b", "c", problem_type="multi_label_classification")
    pipe: Any = imported(folder)[0].get_pipe("bert_textcat")
    assert not pipe.exclusive


def test_windows_of_a_short_checkpoint_advance(checkpoint: MakeCheckpoint, tmp_path: Path) -> None:
    """The factory's own stride is longer than such a window; the one that fits is written into the config."""
    nlp, _ = imported(checkpoint(QUESTIONS, length=40))
    nlp.to_disk(tmp_path / "pipeline")
    loaded = spacy.load(tmp_path / "pipeline")
    assert loaded.config["components"]["bert_qa"]["stride"] == 10
    qa: Any = loaded.get_pipe("bert_qa")
    assert qa.answer("Ada Lovelace lived in London. " * 30, "Where did she live?", top_k=3)


def test_a_stride_that_fits_is_the_factorys(checkpoint: MakeCheckpoint) -> None:
    nlp, _ = imported(checkpoint(QUESTIONS, length=512))
    assert nlp.config["components"]["bert_qa"]["stride"] == TRAINED["qa"].defaults["stride"]


def test_an_exported_stride_is_kept(checkpoint: MakeCheckpoint) -> None:
    folder = checkpoint(QUESTIONS, length=64)
    (folder / "spacy_component.json").write_text(json.dumps({"task": "qa", "settings": {"stride": 20}}))
    assert imported(folder)[0].config["components"]["bert_qa"]["stride"] == 20


def test_the_problem_type_can_be_said(checkpoint: MakeCheckpoint) -> None:
    """Also against config.json, where Transformers' users forget it."""
    folder = checkpoint(SEQUENCES, "a", "b", "c", problem_type="single_label_classification")
    pipe: Any = imported(folder, problem_type="multi_label_classification")[0].get_pipe("bert_textcat")
    assert not pipe.exclusive
    assert pipe.network.module.config.problem_type == "multi_label_classification"
    with pytest.raises(InvalidError, match=r"E554.*multi_label.*the task nli.*single_label"):
        imported(folder, task=TRAINED["nli"], problem_type="multi_label_classification")


def test_the_problem_type_that_is_said_comes_before_an_exported_setting(checkpoint: MakeCheckpoint) -> None:
    folder = checkpoint(SEQUENCES, "a", "b", "c")
    component = {"task": "textcat", "settings": {"exclusive": True, "threshold": 0.3}}
    (folder / "spacy_component.json").write_text(json.dumps(component))
    pipe: Any = imported(folder, problem_type="multi_label_classification")[0].get_pipe("bert_textcat")
    assert not pipe.exclusive
    assert pipe.threshold == pytest.approx(0.3)


@pytest.mark.parametrize(("task", "config"), [("textcat", {"problem_type": "regression"}), ("nli", {})])
def test_a_head_of_numbers_gives_numbers(checkpoint: MakeCheckpoint, task: str, config: dict[str, str]) -> None:
    """As those of STS, whose config.json may say so, and as rerankers, whose config.json does not."""
    folder = checkpoint(SEQUENCES, "score", **config)
    said = {} if config else {"problem_type": "regression"}
    pipe: Any = imported(folder, task=TRAINED[task], **said)[0].get_pipe(TRAINED[task].factory)
    assert pipe.predicts_numbers
    assert pipe.labels == ("score",)


def test_a_task_can_be_said(checkpoint: MakeCheckpoint) -> None:
    nlp, _ = imported(checkpoint(SEQUENCES, "different", "same"), task=TRAINED["nli"])
    pipe: Any = nlp.get_pipe("bert_nli")
    assert set(pipe.compare("a parcel", "the parcel")) == {"different", "same"}


@pytest.mark.parametrize("auto_class", ["AutoModel", "AutoModelForMaskedLM"])
def test_a_checkpoint_without_a_tasks_head_lists_the_choices(checkpoint: MakeCheckpoint, auto_class: str) -> None:
    with pytest.raises(InvalidError, match=r"E551.*names Bert.*--task: textcat, nli, ner, spancat, qa"):
        imported(checkpoint(auto_class))


@pytest.mark.parametrize("task", ["ner", "qa", "spancat"])
def test_a_head_of_another_task_is_refused(checkpoint: MakeCheckpoint, task: str) -> None:
    folder = checkpoint(SEQUENCES, "a", "b")
    with pytest.raises(InvalidError, match=f"E552.*the task {task}.*BertForSequenceClassification"):
        imported(folder, task=TRAINED[task])


def test_a_head_that_is_not_in_the_weights_is_refused(checkpoint: MakeCheckpoint) -> None:
    """config.json names no class: the weights alone say that there is no head."""
    folder = checkpoint("AutoModel")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "architectures": None}))
    with pytest.raises(InvalidError, match=r"E551.*names no class"):
        imported(folder)
    with pytest.raises(InvalidError, match="E552"):
        imported(folder, task=TRAINED["qa"])


def test_a_pickle_is_refused(tagger: Path) -> None:
    torch.save(load_file(tagger / "model.safetensors"), tagger / "pytorch_model.bin")
    (tagger / "model.safetensors").unlink()
    with pytest.raises(InvalidError, match=r"E550.*no model\.safetensors"):
        imported(tagger)


def test_an_adapter_is_refused(tagger: Path) -> None:
    (tagger / "adapter_config.json").write_text("{}")
    with pytest.raises(InvalidError, match="E131"):
        imported(tagger)


def test_a_checkpoint_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="E101"):
        imported(tmp_path / "nothing")


SPOILT = {
    "another setting": {"task": "ner", "settings": {"no_such": 1}},
    "a function": {"task": "ner", "settings": {"scheme": {"@misc": "spacy-bertadapt.LoRA.v1"}}},
    "a function of the network": {"task": "ner", "settings": {"model": {"encoder": {"name": "other"}}}},
    "no object": {"task": "ner", "settings": ["bio"]},
}


@pytest.mark.parametrize("spoilt", SPOILT)
def test_settings_of_a_stranger_are_plain_ones(tagger: Path, spoilt: str) -> None:
    (tagger / "spacy_component.json").write_text(json.dumps(SPOILT[spoilt]))
    with pytest.raises(InvalidError, match=r"E553.*spacy_component\.json"):
        imported(tagger)
