"""Pretrained encoders: when the trained head is kept, when there is a new one, and what can be wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
    ModernBertConfig,
)

from spacy_bertadapt.network.architecture import AutoClass
from spacy_bertadapt.network.checkpoint import Checkpoint
from spacy_bertadapt.network.encoder_source import EncoderSource
from spacy_bertadapt.network.module_parts import head_parameters
from spacy_bertadapt.network.pretrained import read_encoder, read_tokenizer

SEQUENCES = AutoClass("AutoModelForSequenceClassification")


def assert_body_kept(module: torch.nn.Module, folder: Path) -> None:
    stored = load_file(folder / "model.safetensors")
    body = [name for name in module.state_dict() if name not in head_parameters(module)]
    assert len(body) > 20
    for name in body:
        key = name if name in stored else name.partition(".")[2]
        torch.testing.assert_close(module.state_dict()[name], stored[key], rtol=0, atol=0)


def assert_new(weight: torch.Tensor, checkpoint: Checkpoint) -> None:
    """Assert that a weight was drawn as the config says; the stored heads have a standard deviation of 1."""
    assert 0.5 < weight.std().item() / checkpoint.module.config.initializer_range < 1.5


def test_a_new_head_on_a_bare_encoder(tiny_bert: Path, recwarn: pytest.WarningsRecorder) -> None:
    checkpoint, has_head = read_encoder(EncoderSource(str(tiny_bert)), SEQUENCES, ["b", "a", "c"])
    assert not has_head
    assert checkpoint.labels == ("b", "a", "c")
    assert checkpoint.module.config.label2id == {"b": 0, "a": 1, "c": 2}
    assert checkpoint.module.classifier.weight.shape == (3, 32)
    assert_new(checkpoint.module.classifier.weight, checkpoint)
    assert_body_kept(checkpoint.module, tiny_bert)
    assert not recwarn.list


def test_without_labels_a_bare_encoder_has_no_trained_head(tiny_bert: Path) -> None:
    assert read_encoder(EncoderSource(str(tiny_bert)), SEQUENCES, None)[1] is False


@pytest.mark.parametrize("labels", [None, ["neg", "neu", "pos"], ["pos", "neg", "neu"], ["pos"], ["neg", "pos"]])
def test_a_trained_head_is_kept_where_it_knows_the_labels(
    classifier_folder: Callable[..., Path], labels: list[str] | None
) -> None:
    folder = classifier_folder(["neg", "neu", "pos"])
    checkpoint, has_head = read_encoder(EncoderSource(str(folder)), SEQUENCES, labels)
    assert has_head
    assert checkpoint.labels == ("neg", "neu", "pos")
    stored = load_file(folder / "model.safetensors")
    torch.testing.assert_close(checkpoint.module.state_dict()["classifier.weight"], stored["classifier.weight"])
    assert_body_kept(checkpoint.module, folder)


@pytest.mark.parametrize("labels", [None, ["B-PER", "O"]])
def test_a_taggers_head_is_not_a_classifiers(tiny_bert: Path, tmp_path: Path, labels: list[str] | None) -> None:
    tagger = AutoModelForTokenClassification.from_pretrained(tiny_bert, id2label={0: "O", 1: "B-PER"})
    tagger.save_pretrained(tmp_path / "tagger")
    AutoTokenizer.from_pretrained(tiny_bert).save_pretrained(tmp_path / "tagger")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        checkpoint, has_head = read_encoder(EncoderSource(str(tmp_path / "tagger")), SEQUENCES, labels)
    assert not has_head
    if labels:
        assert (checkpoint.module.classifier.weight != tagger.classifier.weight).all()


@pytest.mark.parametrize("labels", [["x", "y"], ["neg", "other"], ["x", "y", "z"]])
def test_other_labels_get_a_new_head_and_a_warning(classifier_folder: Callable[..., Path], labels: list[str]) -> None:
    folder = classifier_folder(["neg", "pos"])
    with pytest.warns(UserWarning, match=r"W101.*\('neg', 'pos'\)") as caught:
        checkpoint, has_head = read_encoder(EncoderSource(str(folder)), SEQUENCES, labels)
    assert len(caught) == 1
    assert not has_head
    assert checkpoint.labels == tuple(labels)
    head = checkpoint.module.classifier
    assert head.weight.shape == (len(labels), 32)
    assert_new(head.weight, checkpoint)
    assert head.bias.abs().max().item() == 0
    assert_body_kept(checkpoint.module, folder)


def test_a_head_with_generic_labels_is_made_anew_without_a_word(
    classifier_folder: Callable[..., Path], recwarn: pytest.WarningsRecorder
) -> None:
    folder = classifier_folder(["LABEL_0", "LABEL_1"])
    checkpoint, has_head = read_encoder(EncoderSource(str(folder)), SEQUENCES, ["neg", "pos"])
    assert not has_head
    assert checkpoint.labels == ("neg", "pos")
    assert_new(checkpoint.module.classifier.weight, checkpoint)
    assert not recwarn.list


def test_a_new_head_forgets_what_kind_the_old_one_was(classifier_folder: Callable[..., Path]) -> None:
    folder = classifier_folder(["neg", "pos"], problem_type="multi_label_classification")
    kept, _ = read_encoder(EncoderSource(str(folder)), SEQUENCES, ["neg", "pos"])
    assert kept.module.config.problem_type == "multi_label_classification"
    with pytest.warns(UserWarning, match="W101"):
        new, _ = read_encoder(EncoderSource(str(folder)), SEQUENCES, ["x", "y"])
    assert new.module.config.problem_type is None


@pytest.mark.parametrize("labels", [["x", "y"], ["x", "y", "z"]])
def test_a_head_of_several_layers_is_made_anew_as_a_whole(
    classifier_folder: Callable[..., Path], tiny_roberta: Path, labels: list[str]
) -> None:
    folder = classifier_folder(["LABEL_0", "LABEL_1"], base=tiny_roberta)
    assert load_file(folder / "model.safetensors")["classifier.dense.weight"].std() > 0.5
    checkpoint, has_head = read_encoder(EncoderSource(str(folder)), SEQUENCES, labels)
    assert not has_head
    for layer in (checkpoint.module.classifier.dense, checkpoint.module.classifier.out_proj):
        assert_new(layer.weight, checkpoint)
        assert layer.bias.abs().max().item() == 0


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # ModernBERT imports torch's compiler
def test_a_norm_in_a_new_head_lets_signals_through(tiny_bert: Path, tmp_path: Path) -> None:
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
    tokenizer = read_tokenizer(EncoderSource(str(tiny_bert)))
    config = ModernBertConfig(vocab_size=len(tokenizer), pad_token_id=0, reference_compile=False, **sizes)
    AutoModelForSequenceClassification.from_config(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    checkpoint, has_head = read_encoder(EncoderSource(str(tmp_path)), SEQUENCES, ["neg", "pos"])
    assert not has_head
    assert checkpoint.module.head.norm.weight.detach().eq(1).all()


@pytest.mark.parametrize("labels", [None, ["neg", "pos"], ["x", "y", "z"]])
def test_a_body_that_lacks_weights_is_an_error(
    classifier_folder: Callable[..., Path], labels: list[str] | None
) -> None:
    folder = classifier_folder(["LABEL_0", "LABEL_1"])
    weights = load_file(folder / "model.safetensors")
    del weights["bert.encoder.layer.1.output.dense.weight"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(ValueError, match=r"E104.*\(bert.encoder.layer.1.output.dense.weight\)"):
        read_encoder(EncoderSource(str(folder)), SEQUENCES, labels)


def test_a_body_of_another_size_is_an_error(classifier_folder: Callable[..., Path]) -> None:
    folder = classifier_folder(["LABEL_0", "LABEL_1"])
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "intermediate_size": 48}))
    with pytest.raises(ValueError, match="E104"):
        read_encoder(EncoderSource(str(folder)), SEQUENCES, ["x", "y", "z"])


def test_weights_without_a_pooler_will_do(tiny_bert: Path, copy_of: Callable[[Path], Path]) -> None:
    folder = copy_of(tiny_bert)
    weights = {name: w for name, w in load_file(folder / "model.safetensors").items() if "pooler" not in name}
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    checkpoint, _ = read_encoder(EncoderSource(str(folder)), SEQUENCES, ["a", "b"])
    assert torch.isfinite(checkpoint.module.bert.pooler.dense.weight).all()


def test_a_dropout_rate_overrides_the_checkpoint(tiny_bert: Path) -> None:
    own, _ = read_encoder(EncoderSource(str(tiny_bert)), SEQUENCES, ["a", "b"])
    assert {m.p for m in own.module.modules() if isinstance(m, torch.nn.Dropout)} == {0.1}
    none, _ = read_encoder(EncoderSource(str(tiny_bert), dropout=0.0), SEQUENCES, ["a", "b"])
    assert {m.p for m in none.module.modules() if isinstance(m, torch.nn.Dropout)} == {0.0}
    assert AutoConfig.from_pretrained(tiny_bert).hidden_dropout_prob == 0.1


def test_a_slow_tokenizer_alone_is_an_error(tiny_bert: Path, copy_of: Callable[[Path], Path]) -> None:
    folder = copy_of(tiny_bert)
    for path in folder.glob("*token*"):
        path.unlink()
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "CTRLTokenizer"}))
    (folder / "vocab.json").write_text(json.dumps({"<unk>": 0, "a</w>": 1}))
    (folder / "merges.txt").write_text("#version\n")
    with pytest.raises(ValueError, match=rf"E103.*'{folder}' has no fast tokenizer"):
        read_tokenizer(EncoderSource(str(folder)))


SPOILERS = {
    "tokenizer garbage": ("tokenizer.json", "garbage"),
    "tokenizer no tokenizer": ("tokenizer.json", "{}"),
    "config garbage": ("config.json", "{"),
    "config a list": ("config.json", "[]"),
    "weights garbage": ("model.safetensors", "garbage"),
}


@pytest.mark.parametrize("spoiler", SPOILERS)
def test_a_spoilt_checkpoint_is_one_line(tiny_bert: Path, copy_of: Callable[[Path], Path], spoiler: str) -> None:
    folder = copy_of(tiny_bert)
    name, content = SPOILERS[spoiler]
    (folder / name).write_text(content)
    with pytest.raises(ValueError, match=rf"E102.*'{folder}'") as caught:
        read_encoder(EncoderSource(str(folder)), SEQUENCES, ["a", "b"])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["tokenizer.json", "model.safetensors"])
def test_a_checkpoint_without_a_file_is_one_line(tiny_bert: Path, copy_of: Callable[[Path], Path], name: str) -> None:
    folder = copy_of(tiny_bert)
    (folder / name).unlink()
    with pytest.raises(ValueError, match=rf"E10[23].*'{folder}'") as caught:
        read_encoder(EncoderSource(str(folder)), SEQUENCES, ["a", "b"])
    assert "\n" not in str(caught.value)


OFFLINE = """
from transformers import BertConfig
from spacy_bertadapt.network.architecture import AutoClass
from spacy_bertadapt.network.pretrained import read_encoder, read_module
from spacy_bertadapt.network.checkpoint import Checkpoint
from spacy_bertadapt.network.encoder_source import EncoderSource
sequences = AutoClass("AutoModelForSequenceClassification")
for name in ("prajjwal1/no-such-bert", "no-such-bert", "not a name"):
    try:
        read_encoder(EncoderSource(name), sequences, ["a"])
    except FileNotFoundError as err:
        print(err)
try:
    read_module(EncoderSource("a/b"), sequences, BertConfig())
except FileNotFoundError as err:
    print(err)
"""


def test_without_a_network_a_hub_id_is_one_line(tmp_path: Path) -> None:
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    command = [sys.executable, "-c", OFFLINE]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True, cwd=tmp_path)
    lines = done.stdout.splitlines()
    for line, name in zip(lines, ("prajjwal1/no-such-bert", "no-such-bert", "not a name", "a/b"), strict=True):
        assert line.startswith(f"[E101] No encoder named '{name}': neither a directory nor found")
        assert "HF_HUB_OFFLINE=1" in line
