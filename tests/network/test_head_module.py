"""Heads without an encoder: what they compute, and what of a folder is believed."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import pytest
import srsly
import torch
from safetensors.torch import load, load_file, save_file

from spacy_bertadapt.errors import BertadaptError
from spacy_bertadapt.network.architecture import AutoClass, OwnHead
from spacy_bertadapt.network.checkpoint import Checkpoint
from spacy_bertadapt.network.encoder_head_seam import apply_head, encode
from spacy_bertadapt.network.encoder_module import EncoderOnly
from spacy_bertadapt.network.encoder_source import EncoderSource
from spacy_bertadapt.network.head_checkpoint import HeadCheckpoint, read_head
from spacy_bertadapt.network.head_module import load_head, save_head
from spacy_bertadapt.network.head_side import with_encoder
from spacy_bertadapt.network.pretrained import read_encoder
from spacy_bertadapt.network.transformers_calls import errors_of_file
from spacy_bertadapt.tasks.spancat.head import SpanHead

SEQUENCES = AutoClass("AutoModelForSequenceClassification")
ARCHITECTURES = [
    SEQUENCES,
    AutoClass("AutoModelForTokenClassification"),
    AutoClass("AutoModelForQuestionAnswering"),
    OwnHead(partial(SpanHead, hidden_size=8)),
]
FAMILIES = ["tiny_bert", "tiny_roberta", "tiny_electra"]


def read(folder):
    return read_encoder(EncoderSource(str(folder)), EncoderOnly(), None)[0]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda it: getattr(it, "name", "spans"))
@pytest.mark.parametrize("has_source", [True, False])
def test_a_head_on_its_encoder_is_the_whole_module(request, tmp_path, family, architecture, has_source):
    encoder = read(request.getfixturevalue(family))
    encoder.source = encoder.source if has_source else None
    checkpoint, is_trained = read_head(encoder, architecture, ["a", "b"])
    assert not is_trained
    assert checkpoint.labels == ("a", "b")
    checkpoint.save(tmp_path)
    head = load_head(tmp_path, architecture).eval()
    whole = with_encoder(checkpoint.module, encoder.module.encoder).eval()
    ids = torch.randint(5, 40, (3, 7))
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    spans = {"spans": torch.tensor([[0, 1, 2], [2, 3, 3]])} if isinstance(architecture, OwnHead) else {}
    encoder.module.eval()
    with torch.inference_mode():
        expected = whole(**inputs, **spans)
        found = apply_head(head, encode(encoder.module, inputs), {**inputs, **spans})
    for name in found:
        if "logits" in name:
            torch.testing.assert_close(found[name], expected[name], atol=0, rtol=0)
    assert sum(parameter.numel() for parameter in head.parameters()) < 10_000
    assert not any(weight.is_meta for weight in head.state_dict().values())


def test_a_trained_head_is_taken_with_the_encoder(classifier_folder):
    """As it is for a component with an encoder of its own."""
    folder = classifier_folder(["neg", "pos"], architectures=["BertForSequenceClassification"])
    head, is_trained = read_head(read(folder), SEQUENCES, lambda known: known)
    assert is_trained
    assert head.labels == ("neg", "pos")
    saved = load_file(folder / "model.safetensors")
    torch.testing.assert_close(head.module.classifier.weight.detach(), saved["classifier.weight"])


def test_encoders_alone_are_checkpoints_of_transformers(tiny_bert, tmp_path):
    encoder = read(tiny_bert)
    encoder.save(tmp_path)
    again = Checkpoint.load(tmp_path, EncoderOnly())
    torch.testing.assert_close(again.module.state_dict(), encoder.module.state_dict())


@pytest.fixture
def saved(tiny_bert, tmp_path):
    """A folder with a head of two labels."""
    head, _ = read_head(read(tiny_bert), SEQUENCES, ["a", "b"])
    save_head(head.module, tmp_path)
    return tmp_path


def spoil_weights(change):
    """Return a function that changes the weights in a folder."""

    def spoil(folder):
        weights = load_file(folder / "head.safetensors")
        change(weights)
        save_file(weights, folder / "head.safetensors")

    return spoil


def spoil_config(**settings):
    """Return a function that changes the config in a folder."""

    def spoil(folder):
        srsly.write_json(folder / "config.json", {**srsly.read_json(folder / "config.json"), **settings})

    return spoil


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "head.safetensors").unlink(), r"head\.safetensors.*missing"),
        (lambda folder: (folder / "config.json").unlink(), r"config\.json.*missing"),
        (lambda folder: (folder / "head.safetensors").write_bytes(b"no weights"), r"head\.safetensors.*can't be read"),
        (spoil_weights(lambda weights: weights.pop("classifier.bias")), r"head\.safetensors.*classifier\.bias"),
        (spoil_weights(lambda weights: weights.update(more=torch.zeros(2))), r"head\.safetensors.*more"),
        (
            spoil_weights(lambda weights: weights.update({"classifier.bias": torch.zeros(3)})),
            r"head\.safetensors.*classifier\.bias",
        ),
        (
            spoil_weights(lambda weights: weights.update({"classifier.bias": torch.zeros(2, dtype=torch.int64)})),
            r"head\.safetensors.*classifier\.bias",
        ),
        (spoil_config(hidden_size=1 << 30), r"(?s)config\.json|head\.safetensors"),
        (spoil_config(num_hidden_layers=100_000), r"config\.json.*tensors"),
        (spoil_config(auto_map={"AutoModel": "evil.Model"}, model_type="evil"), r"config\.json"),
        (spoil_config(quantization_config={"quant_method": "evil"}), "E132"),
    ],
)
def test_spoilt_folders_are_refused_in_one_line(saved, spoil, message):
    spoil(saved)
    with pytest.raises(BertadaptError, match=message) as caught:
        HeadCheckpoint.load(saved, SEQUENCES)
    assert "\n" not in str(caught.value)


def test_weights_are_not_those_of_the_file(saved):
    """It may be written over while the head is in use."""
    wanted = load((saved / "head.safetensors").read_bytes())
    head = HeadCheckpoint.load(saved, SEQUENCES)
    with (saved / "head.safetensors").open("r+b") as file:
        file.write(b"\x00" * (saved / "head.safetensors").stat().st_size)
    torch.testing.assert_close(dict(head.module.state_dict()), wanted)


def test_a_head_is_written_in_its_number_format_and_read_in_float32(saved):
    head = HeadCheckpoint.load(saved, SEQUENCES)
    wanted = {name: weight.clone() for name, weight in head.module.bfloat16().state_dict().items()}
    save_head(head.module, saved)
    read_again = HeadCheckpoint.load(saved, SEQUENCES).module.state_dict()
    torch.testing.assert_close(dict(read_again), {name: weight.float() for name, weight in wanted.items()})


def test_weights_and_dropout_that_are_given_take_the_place_of_the_heads_own(saved):
    head = HeadCheckpoint.load(saved, SEQUENCES)
    doubled = {name: 2 * weight for name, weight in head.module.state_dict().items()}
    head.save(saved, weights=doubled)
    read_again = HeadCheckpoint.load(saved, SEQUENCES, dropout=0.25).module
    torch.testing.assert_close(dict(read_again.state_dict()), doubled)
    assert {module.p for module in read_again.modules() if isinstance(module, torch.nn.Dropout)} == {0.25}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no other users")
def test_a_file_of_another_user_is_named(saved):
    """Not as one that is missing."""
    (saved / "head.safetensors").chmod(0)
    for folder in [saved, *saved.parents]:
        folder.chmod(folder.stat().st_mode | 0o055)
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
        message = pool.submit(message_to_another_user, saved).result()
    assert "E105" in message
    assert "head.safetensors may not be read" in message


def message_to_another_user(folder):
    """Return the message of the error that another user meets who loads a head."""
    if os.geteuid() == 0:
        os.setuid(65534)
    try:
        HeadCheckpoint.load(folder, SEQUENCES)
    except BertadaptError as err:
        return str(err)


def test_a_file_in_a_folder_that_is_gone_is_named(tmp_path):
    path = tmp_path / "gone" / "head.safetensors"
    with pytest.raises(BertadaptError, match=r"E105.*gone.*can't be read"), errors_of_file(path):
        path.read_bytes()
