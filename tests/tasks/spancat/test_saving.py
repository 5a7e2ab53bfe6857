"""A saved bert_spancat: the encoder that AutoModel loads, the head beside it, adapters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import spacy
import torch
from safetensors.torch import load_file
from thinc.api import fix_random_seed
from transformers import AutoModel

from spacy_bertadapt.training.optimizer import adamw
from tests.tasks.spancat.samples import labelled

TEXT = "the mayor of New York City is late"
LORA = "spacy-bertadapt.LoRA.v1"
ADAPTATIONS = {
    "head": ({"@misc": "spacy-bertadapt.HeadOnly.v1"}, 400),
    "merged": ({"@misc": LORA, "save": "merged", "r": 8}, 200),
    "adapter": ({"@misc": LORA, "save": "adapter", "r": 8}, 200),
}


def spans_and_scores(nlp, text=TEXT):
    doc = nlp(text)
    return labelled(doc), doc.spans["sc"].attrs["scores"]


def test_the_folder_is_an_encoder_with_a_head_beside_it(trained, tmp_path):
    trained.to_disk(tmp_path)
    folder = tmp_path / "bert_spancat" / "model"
    assert {"config.json", "model.safetensors", "head.safetensors", "tokenizer.json"} <= {
        path.name for path in folder.iterdir()
    }
    encoder, info = AutoModel.from_pretrained(folder, output_loading_info=True)
    assert {*info["unexpected_keys"]} == set()
    assert {key.split(".")[0] for key in info["missing_keys"]} <= {"pooler"}
    own = trained.get_pipe("bert_spancat").network.module.base_model.state_dict()
    for name, weight in encoder.state_dict().items():
        if not name.startswith("pooler"):
            assert torch.equal(weight, own[name]), name
    head = load_file(folder / "head.safetensors")
    assert {name.split(".")[-2] for name in head} == {"projection", "length", "classifier"}
    assert encoder.config.id2label == {0: "PERSON", 1: "PLACE", 2: "TEAM"}


def test_saved_and_loaded_it_says_the_same(trained, tmp_path):
    trained.to_disk(tmp_path)
    fix_random_seed(99)
    loaded = spacy.load(tmp_path)
    (spans, scores), (other_spans, other_scores) = spans_and_scores(trained), spans_and_scores(loaded)
    assert spans == other_spans == [(0, 6, "PERSON"), (3, 6, "PLACE")]
    np.testing.assert_allclose(scores, other_scores, atol=1e-6)


def test_settings_are_overridden_while_loading(trained, tmp_path):
    trained.to_disk(tmp_path)
    loaded = spacy.load(tmp_path, config={"components.bert_spancat.threshold": 0.0})
    assert len(labelled(loaded(TEXT))) == 3 * 33
    loaded = spacy.load(tmp_path, config={"components.bert_spancat.max_span_length": 3})
    assert labelled(loaded(TEXT)) == [(3, 6, "PLACE")]


@pytest.mark.parametrize("spoilt", ["missing", "truncated"])
def test_a_spoilt_head_does_not_load(trained, tmp_path, spoilt):
    trained.to_disk(tmp_path)
    file = tmp_path / "bert_spancat" / "model" / "head.safetensors"
    content = file.read_bytes()
    file.unlink()
    if spoilt == "truncated":
        file.write_bytes(content[: len(content) // 2])
    with pytest.raises((ValueError, FileNotFoundError), match=r"E105.*bert_spancat/model/"):
        spacy.load(tmp_path)


def test_a_head_of_another_size_does_not_load(trained, tmp_path):
    trained.to_disk(tmp_path)
    with pytest.raises(ValueError, match="E105"):
        spacy.load(tmp_path, config={"components.bert_spancat.model.hidden_size": 7})


def encoder_weights(nlp) -> dict[str, torch.Tensor]:
    module = nlp.get_pipe("bert_spancat").network.module
    return {name: weight.detach().clone() for name, weight in module.base_model.named_parameters()}


@pytest.mark.parametrize("way", list(ADAPTATIONS))
def test_ways_to_adapt_train_save_and_load(nlp, make_spancat, make_spans, train, tmp_path: Path, way: str, tiny_bert):
    adapt, steps = ADAPTATIONS[way]
    make_spancat(nlp, adapt=adapt)
    examples = make_spans(nlp)
    train(nlp, examples, steps=steps, rate=1e-2)
    scores = nlp.evaluate(examples)
    assert scores["spans_sc_f"] > 0.8, scores
    nlp.to_disk(tmp_path)
    fix_random_seed(99)
    loaded = spacy.load(tmp_path)
    for example in examples:
        (spans, scores), (others, other_scores) = (spans_and_scores(p, example.reference.text) for p in (nlp, loaded))
        assert spans == others
        np.testing.assert_allclose(scores, other_scores, atol=1e-4)
    folder = tmp_path / "bert_spancat" / "model"
    assert (folder / "adapter_config.json").exists() == (way == "adapter")
    if way != "adapter":
        assert (folder / "head.safetensors").exists()
    original = AutoModel.from_pretrained(tiny_bert).state_dict()
    if way == "head":
        for name, weight in encoder_weights(nlp).items():
            assert torch.equal(weight, original[name]), f"{name} is frozen"
    loaded.update(make_spans(loaded), sgd=adamw(1e-3))
