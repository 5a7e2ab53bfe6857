"""How the module of a task is read, and what is said of weights that are not as they should be."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AutoConfig, BertConfig, PretrainedConfig

from spacy_bertadapt.network.architecture import AutoClass, OwnHead
from spacy_bertadapt.network.head_files import HEAD_FILE
from spacy_bertadapt.network.task_module import EncoderWithHead

HEADS = ("classifier.weight", "classifier.bias")
LENIENT = {"ignore_mismatched_sizes": True, "local_files_only": True}


@pytest.mark.parametrize(
    ("auto_class", "named", "is_trained"),
    [
        ("AutoModelForSequenceClassification", ["BertForSequenceClassification"], True),
        ("AutoModelForSequenceClassification", ["BertForTokenClassification"], False),
        ("AutoModelForSequenceClassification", ["BertModel"], False),
        ("AutoModelForSequenceClassification", None, True),
        ("AutoModelForTokenClassification", ["XLMRobertaForTokenClassification"], True),
        ("AutoModelForQuestionAnswering", ["BertForPreTraining", "BertForQuestionAnswering"], True),
        ("AutoModelForQuestionAnswering", ["BertForPreTraining"], False),
        ("AutoModelForMaskedLM", ["BertForPreTraining"], True),
        ("AutoModelForMaskedLM", ["RobertaForMaskedLM"], True),
        ("AutoModelForMaskedLM", ["BertForSequenceClassification"], False),
    ],
)
def test_a_checkpoint_says_what_its_head_is_for(auto_class: str, named: list[str] | None, is_trained: bool) -> None:
    assert AutoClass(auto_class).is_trained(BertConfig(architectures=named)) is is_trained


def test_a_new_head_is_missing_from_a_bare_encoder(tiny_bert: Path) -> None:
    config = AutoConfig.from_pretrained(tiny_bert, num_labels=3)
    read = AutoClass("AutoModelForSequenceClassification").read(str(tiny_bert), config, **LENIENT)
    assert read.missing == set(HEADS)
    assert read.mismatched == read.unexpected == set()
    assert type(read.module).__name__ == "BertForSequenceClassification"


def test_mismatched_and_unexpected_weights_are_named(tiny_bert: Path, copy_of) -> None:
    folder = copy_of(tiny_bert)
    config = AutoConfig.from_pretrained(folder, num_labels=3)
    classifier = AutoClass("AutoModelForSequenceClassification")
    classifier.read(str(folder), config, **LENIENT).module.save_pretrained(folder)
    weights = load_file(folder / "model.safetensors")
    save_file({**weights, "extra.weight": torch.zeros(2)}, folder / "model.safetensors", {"format": "pt"})
    other = AutoConfig.from_pretrained(folder, num_labels=2)
    read = classifier.read(str(folder), other, **LENIENT)
    assert read.mismatched == set(HEADS)
    assert read.unexpected == {"extra.weight"}
    assert not read.missing


def test_weights_are_float32_whatever_the_file_has(tiny_bert: Path, copy_of) -> None:
    folder = copy_of(tiny_bert)
    halves = {name: weight.half() for name, weight in load_file(folder / "model.safetensors").items()}
    save_file(halves, folder / "model.safetensors", {"format": "pt"})
    for architecture in (AutoClass("AutoModelForTokenClassification"), OwnHead(linear_head)):
        module = architecture.read(str(folder), AutoConfig.from_pretrained(folder), **LENIENT).module
        assert {parameter.dtype for parameter in module.parameters()} == {torch.float32}


def linear_head(config: PretrainedConfig) -> nn.Module:
    return nn.Linear(config.hidden_size, config.num_labels)


def test_a_head_of_ours_is_missing_where_no_file_lies_beside(tiny_bert: Path) -> None:
    read = OwnHead(linear_head).read(str(tiny_bert), AutoConfig.from_pretrained(tiny_bert), **LENIENT)
    assert read.missing == {"head.weight", "head.bias"}
    assert isinstance(read.module, EncoderWithHead)


def test_a_head_of_ours_is_read_as_far_as_it_fits(tiny_bert: Path, copy_of) -> None:
    folder = copy_of(tiny_bert)
    bias, more = torch.tensor([1.0, 2.0]), torch.zeros(3)
    save_file({"weight": torch.zeros(5, 32), "bias": bias, "more": more}, folder / HEAD_FILE)
    read = OwnHead(linear_head).read(str(folder), AutoConfig.from_pretrained(folder), **LENIENT)
    assert read.mismatched == {"head.weight"}
    assert read.unexpected == {"head.more"}
    assert read.missing == set()
    assert torch.equal(read.module.head.bias.detach(), bias)
    assert read.module.head.weight.shape == (2, 32)


def test_whether_a_head_of_ours_is_trained_shows_when_it_is_read() -> None:
    assert OwnHead(linear_head).is_trained(BertConfig(architectures=["BertModel"]))
