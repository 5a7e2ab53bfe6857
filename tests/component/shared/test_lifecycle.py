"""Pipelines with a shared encoder, as users take them apart and put them together again."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest
import spacy
import torch
from transformers import AutoModel, AutoModelForSequenceClassification

from spacy_bertadapt.component.thinc_shim import NetworkShim
from spacy_bertadapt.errors import InvalidError
from tests.fixtures.annotations import assert_same
from tests.fixtures.shared import SHARED, TEXT_TASKS, examples_of
from tests.fixtures.shared_learning import encoder_of, loop, optimizer, weights

TEXTS = ["my parcel never arrived", "Ada Lovelace lived in London", "the invoice is wrong " * 20]


@pytest.fixture
def learned(make_shared):
    """A pipeline that has made a step."""
    nlp = make_shared()
    loop(nlp, examples_of(nlp, *TEXT_TASKS))
    return nlp


def files_of(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_the_encoder_is_saved_once(learned, tmp_path):
    docs = list(learned.pipe(TEXTS))
    learned.to_disk(tmp_path)
    weight_files = [name for name in files_of(tmp_path) if name.endswith(".safetensors")]
    assert weight_files == [
        "bert_encoder/model/model.safetensors",
        "bert_ner/model/head.safetensors",
        "bert_spancat/model/head.safetensors",
        "bert_textcat/model/head.safetensors",
    ]
    again = spacy.load(tmp_path)
    assert_same(again.pipe(TEXTS), docs)
    encoder = AutoModel.from_pretrained(tmp_path / "bert_encoder" / "model")
    torch.testing.assert_close(encoder.state_dict(), encoder_of(learned).network.module.encoder.state_dict())
    again.to_disk(tmp_path)
    assert_same(spacy.load(tmp_path).pipe(TEXTS), docs)


def test_bytes(learned):
    again = spacy.blank("en").from_config(learned.config)
    again.from_bytes(learned.to_bytes())
    assert_same(again.pipe(TEXTS), learned.pipe(TEXTS))


def test_learning_goes_on_after_loading(learned, tmp_path):
    """With a new optimizer, which knows no earlier moments, the one that was loaded learns as the first does."""
    learned.to_disk(tmp_path)
    again = spacy.load(tmp_path)
    before = {name: weights(again.get_pipe(name).network.module) for name in again.pipe_names}
    for nlp in (learned, again):
        loop(nlp, examples_of(nlp, *TEXT_TASKS), sgd=optimizer())
    for name in learned.pipe_names:
        one, other = (weights(nlp.get_pipe(name).network.module) for nlp in (learned, again))
        assert one.keys() == other.keys()
        torch.testing.assert_close(one, other, atol=1e-5, rtol=0)
        assert max((weight - before[name][key]).abs().max() for key, weight in other.items()) > 1e-4


def test_a_head_gets_an_encoder_of_its_own(learned, tmp_path):
    docs = list(learned.pipe(TEXTS))
    learned.replace_listeners("bert_encoder", "bert_textcat", ["model.encoder"])
    head = learned.get_pipe("bert_textcat")
    assert type(head.shim) is NetworkShim
    assert encoder_of(learned).listening_components == ["bert_ner", "bert_spancat"]
    assert_same(learned.pipe(TEXTS), docs)
    learned.to_disk(tmp_path)
    again = spacy.load(tmp_path)
    assert_same(again.pipe(TEXTS), docs)
    whole = AutoModelForSequenceClassification.from_pretrained(tmp_path / "bert_textcat" / "model")
    assert set(whole.config.id2label.values()) == set(head.labels)
    alone = spacy.blank("en")
    alone.add_pipe("bert_textcat", source=again)
    assert alone(TEXTS[0]).cats == pytest.approx(docs[0].cats, abs=1e-5)
    before = weights(encoder_of(again).network.module)
    again.update(examples_of(again, "textcat"), sgd=optimizer())
    torch.testing.assert_close(weights(encoder_of(again).network.module), before, atol=0, rtol=0)


def test_a_head_gets_an_encoder_of_its_own_before_it_learns(tiny_bert):
    nlp = spacy.blank("en")
    nlp.add_pipe("bert_encoder", config={"model": {"encoder": {"name": str(tiny_bert)}}})
    head = nlp.add_pipe("bert_textcat", config={"model": {"encoder": SHARED}})
    nlp.replace_listeners("bert_encoder", "bert_textcat", ["model.encoder"])
    assert not head.shim.is_initialized
    assert spacy.blank("en").from_config(nlp.config).get_pipe("bert_textcat").model.layers == []
    nlp.initialize(lambda: examples_of(nlp, "textcat"))
    assert encoder_of(nlp).heads == []
    assert set(nlp(TEXTS[0]).cats) == set(head.labels)


def test_components_of_another_pipeline(learned, tmp_path):
    docs = list(learned.pipe(TEXTS))
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    for name in learned.pipe_names:
        nlp.add_pipe(name, source=learned)
    assert_same(nlp.pipe(TEXTS), docs)
    nlp.to_disk(tmp_path)
    assert_same(spacy.load(tmp_path).pipe(TEXTS), docs)
    nlp.remove_pipe("bert_ner")
    assert [head.name for head in encoder_of(learned).heads if head.name == "bert_ner"], "the first pipeline goes on"
    assert_same(learned.pipe(TEXTS), docs)


def test_a_head_without_its_encoder_says_what_to_take_over(learned, tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("bert_ner", source=learned)
    with pytest.raises(InvalidError, match=r"E343.*'bert_ner'.*add_pipe\('bert_encoder', source"):
        nlp(TEXTS[0])
    with pytest.raises(InvalidError, match=r"E345.*'bert_ner'.*'bert_encoder'"):
        nlp.to_disk(tmp_path)
    nlp.add_pipe("bert_encoder", source=learned, before="bert_ner")
    assert [str(ent) for ent in nlp(TEXTS[1]).ents] == [str(ent) for ent in learned(TEXTS[1]).ents]


def logits_of(nlp):
    """Return the logits of bert_ner for a text."""
    head, doc = nlp.get_pipe("bert_ner"), nlp.make_doc(TEXTS[1])
    (logits,) = head.runner.predict(head.encode([doc])).logits
    return logits


def test_a_head_takes_the_encoder_that_is_there(learned, make_shared):
    other, twin = make_shared("textcat"), copy.deepcopy(learned)
    other.add_pipe("bert_ner", source=learned)
    assert encoder_of(other).listening_components == ["bert_textcat", "bert_ner"]
    assert [head.name for head in encoder_of(learned).heads] == ["bert_textcat", "bert_spancat"]
    before = logits_of(twin)
    encoder_of(twin).from_bytes(encoder_of(other).to_bytes())
    np.testing.assert_allclose(logits_of(other), logits_of(twin), atol=1e-5)
    assert np.abs(before - logits_of(twin)).max() > 1e-2


def test_a_pipeline_goes_on_beside_one_that_takes_over_from_its_copy(learned, make_shared):
    docs, other = list(learned.pipe(TEXTS)), make_shared("textcat")
    cats = other(TEXTS[0]).cats
    copied = copy.deepcopy(learned)
    other.add_pipe("bert_ner", source=copied)
    del copied
    assert other(TEXTS[0]).cats == cats
    assert other(TEXTS[0]).has_annotation("ENT_IOB")
    assert_same(learned.pipe(TEXTS), docs)


def test_encoders_of_another_size_are_refused(learned, tmp_path, make_tokenizer):
    from transformers import BertConfig

    from tests.conftest import SIZES, _save_encoder

    tokenizer = make_tokenizer("wordpiece")
    config = BertConfig(vocab_size=len(tokenizer), max_position_embeddings=64, **{**SIZES, "hidden_size": 16})
    nlp = spacy.blank("en")
    folder = str(_save_encoder(tmp_path / "small", config, tokenizer))
    nlp.add_pipe("bert_encoder", config={"model": {"encoder": {"name": folder}}}).initialize(list)
    nlp.add_pipe("bert_ner", source=learned)
    with pytest.raises(InvalidError, match=r"E344.*32 hidden units.*16"):
        nlp(TEXTS[0])


def test_renaming(learned, tmp_path):
    docs = list(learned.pipe(TEXTS))
    learned.rename_pipe("bert_encoder", "encoder")
    learned.rename_pipe("bert_textcat", "textcat")
    assert_same(learned.pipe(TEXTS), docs)
    assert encoder_of_name(learned, "encoder").listening_components == ["textcat", "bert_ner", "bert_spancat"]
    assert learned.config["components"]["textcat"]["model"]["encoder"]["upstream"] == "encoder"
    learned.to_disk(tmp_path)
    assert_same(spacy.load(tmp_path).pipe(TEXTS), docs)


def encoder_of_name(nlp, name):
    return nlp.get_pipe(name)


def test_disabling(learned, tmp_path):
    docs = list(learned.pipe(TEXTS))
    with learned.select_pipes(disable="bert_encoder"):
        assert_same(learned.pipe(TEXTS), docs)
        learned.add_pipe("sentencizer")  # links all that run
        assert_same(learned.pipe(TEXTS), docs)
        learned.remove_pipe("sentencizer")
    assert_same(learned.pipe(TEXTS), docs)
    with learned.select_pipes(disable=["bert_ner"]):
        assert [head.name for head in encoder_of(learned).heads] == ["bert_textcat", "bert_spancat"]
        assert not learned(TEXTS[1]).has_annotation("ENT_IOB")
    learned.to_disk(tmp_path)
    disabled = spacy.load(tmp_path, disable=["bert_encoder", "bert_ner"])
    assert disabled(TEXTS[0]).cats == pytest.approx(docs[0].cats, abs=1e-5)


def test_excluding(learned, tmp_path):
    docs = list(learned.pipe(TEXTS))
    learned.to_disk(tmp_path)
    nlp = spacy.load(tmp_path, exclude=["bert_ner"])
    assert nlp(TEXTS[0]).cats == pytest.approx(docs[0].cats, abs=1e-5)
    nlp = spacy.load(tmp_path, exclude=["bert_encoder"])
    with pytest.raises(InvalidError, match=r"E340.*'bert_textcat'.*'bert_encoder'.*bert_spancat"):
        nlp(TEXTS[0])


def test_removing(learned):
    learned.remove_pipe("bert_ner")
    assert encoder_of(learned).listening_components == ["bert_textcat", "bert_spancat"]
    learned.remove_pipe("bert_encoder")
    with pytest.raises(InvalidError, match=r"E340.*'bert_textcat'"):
        learned(TEXTS[0])


def test_a_misspelt_name(tiny_bert):
    nlp = spacy.blank("en")
    nlp.add_pipe("bert_encoder", name="encoder", config={"model": {"encoder": {"name": str(tiny_bert)}}})
    nlp.add_pipe("bert_textcat", config={"model": {"encoder": {**SHARED, "upstream": "encodr"}}})
    with pytest.raises(InvalidError, match=r"E347.*'encodr'.*upstream = \"encoder\".*components\.bert_textcat"):
        nlp.initialize(lambda: examples_of(nlp, "textcat"))


def test_wrong_order_and_wrong_component(tiny_bert):
    nlp = spacy.blank("en")
    nlp.add_pipe("bert_textcat", config={"model": {"encoder": SHARED}})
    with pytest.raises(InvalidError, match="E340"):
        nlp.initialize(lambda: examples_of(nlp, "textcat"))
    nlp.add_pipe("bert_encoder", config={"model": {"encoder": {"name": str(tiny_bert)}}})
    with pytest.raises(InvalidError, match=r"E342.*'bert_encoder', which comes after"):
        nlp.initialize(lambda: examples_of(nlp, "textcat"))
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("bert_textcat", config={"model": {"encoder": {**SHARED, "upstream": "sentencizer"}}})
    with pytest.raises(InvalidError, match=r"E341.*'sentencizer'.*Sentencizer"):
        nlp.initialize(lambda: examples_of(nlp, "textcat"))


def test_a_head_is_added_to_a_trained_encoder(learned):
    """Its pooler begins as that of the encoder."""
    loop(learned, examples_of(learned, "ner"))
    again = spacy.blank("en").from_config(learned.config).from_bytes(learned.to_bytes())
    head = again.add_pipe("bert_textcat", name="second", config={"model": {"precision": "float32", "encoder": SHARED}})
    head.initialize(lambda: examples_of(again, "textcat"), nlp=again)
    assert set(again(TEXTS[0]).cats) == set(head.labels)
    pooler = head.network.module.base_model.pooler.dense.weight
    torch.testing.assert_close(pooler, encoder_of(again).network.module.encoder.pooler.dense.weight)
    classifier = head.network.module.classifier.weight
    assert 0.5 < classifier.std() / head.network.module.config.initializer_range < 1.5


@pytest.mark.parametrize("copied", [False, True])
def test_a_new_head_takes_the_encoder_as_it_is_now(learned, tiny_bert, copied):
    """Not as its checkpoint was: that may be gone."""
    nlp = pickle.loads(pickle.dumps(learned)) if copied else learned
    encoder = encoder_of(nlp).network.module.encoder
    with torch.no_grad():
        encoder.pooler.dense.weight.add_(1.0)
    shim = encoder_of(nlp).shim
    shim.network.checkpoint.source = replace(shim.network.checkpoint.source, name=str(tiny_bert / "gone"))
    head = nlp.add_pipe("bert_textcat", name="second", config={"model": {"precision": "float32", "encoder": SHARED}})
    head.initialize(lambda: examples_of(nlp, "textcat"), nlp=nlp)
    torch.testing.assert_close(head.network.module.base_model.pooler.dense.weight, encoder.pooler.dense.weight)
    assert set(nlp(TEXTS[0]).cats) == set(head.labels)


def test_deep_copies(learned):
    twin = copy.deepcopy(learned)
    before = weights(encoder_of(learned).network.module)
    loop(twin, examples_of(twin, *TEXT_TASKS))
    torch.testing.assert_close(weights(encoder_of(learned).network.module), before, atol=0, rtol=0)
    assert encoder_of(twin).heads[0] is twin.get_pipe("bert_textcat")


def test_zero_shot_stands_on_a_head(make_shared, tmp_path):
    nlp = make_shared("nli")
    nlp.add_pipe("bert_zeroshot", config={"nli": "bert_nli", "labels": ["parcels", "shoes"]})
    cats = nlp("my parcel never arrived").cats
    assert set(cats) == {"parcels", "shoes"}
    nlp.to_disk(tmp_path)
    for again in (spacy.load(tmp_path), spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())):
        assert again("my parcel never arrived").cats == pytest.approx(cats, abs=1e-5)


@pytest.mark.parametrize("left_out", [("bert_nli",), ("bert_nli", "bert_encoder")])
def test_zero_shot_is_saved_with_its_head_and_a_copy_of_the_encoder(make_shared, tmp_path, left_out):
    """Where the head is not in the save, what it stands on is complete."""
    nlp = make_shared("nli")
    nlp.add_pipe("bert_zeroshot", config={"labels": ["delivery", "payment"]})
    expected = nlp("where is the parcel").cats
    nlp.to_disk(tmp_path, exclude=left_out)
    loaded = spacy.load(tmp_path, exclude=left_out)
    assert loaded("where is the parcel").cats == pytest.approx(expected, abs=1e-5)
    assert nlp.get_pipe("bert_nli").shim.shares_encoder, "the head in use shares as before"


def taken_over(pipeline, encoder="bert_encoder", head="bert_textcat"):
    """Return a new pipeline with the encoder and one head of another one, under names of its own."""
    nlp = spacy.blank("en")
    nlp.add_pipe("bert_encoder", name=encoder, source=pipeline)
    nlp.add_pipe("bert_textcat", name=head, source=pipeline)
    return nlp


@pytest.mark.parametrize("renamed_later", [False, True])
def test_an_encoder_is_taken_over_under_another_name(learned, tmp_path, renamed_later):
    cats = learned(TEXTS[0]).cats
    nlp = taken_over(learned, "bert_encoder" if renamed_later else "mine", "cats")
    if renamed_later:
        nlp.rename_pipe("bert_encoder", "mine")
    assert nlp(TEXTS[0]).cats == cats
    nlp.to_disk(tmp_path / "new")
    again = spacy.load(tmp_path / "new")
    assert again(TEXTS[0]).cats == pytest.approx(cats, abs=1e-5)
    assert again.config["components"]["cats"]["model"]["encoder"]["upstream"] == "mine"
    again = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    assert again(TEXTS[0]).cats == pytest.approx(cats, abs=1e-5)
    assert learned.config["components"]["bert_textcat"]["model"]["encoder"]["upstream"] == "bert_encoder"
    learned.to_disk(tmp_path / "old")
    assert spacy.load(tmp_path / "old")(TEXTS[0]).cats == pytest.approx(cats, abs=1e-5)


def test_a_saved_name_is_that_of_the_encoder_beside_another(learned, make_shared, tmp_path):
    """Though the config of a head that was taken over names the other one, unless a load names that."""
    nlp = taken_over(learned, "mine", "cats")
    other = make_shared("textcat")
    nlp.add_pipe("bert_encoder", source=other)
    nlp.to_disk(tmp_path)
    again = spacy.load(tmp_path)
    assert again.get_pipe("mine").listening_components == ["cats"]
    assert again(TEXTS[0]).cats == pytest.approx(nlp(TEXTS[0]).cats, abs=1e-5)
    again.to_disk(tmp_path)
    block = {"model": {"encoder": {"upstream": "bert_encoder"}}}
    again = spacy.load(tmp_path, config={"components": {"cats": block}})
    assert again.get_pipe("mine").listening_components == []
    again.get_pipe("cats").from_bytes(nlp.get_pipe("cats").to_bytes())
    assert again.get_pipe("mine").listening_components == ["cats"], "read into a component that is in use"
