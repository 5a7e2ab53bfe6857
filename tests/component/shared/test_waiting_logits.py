"""Logits that wait for heads: never those of earlier weights, and not more of them than are of use."""

from __future__ import annotations

import gc
import pickle

import numpy as np
import pytest
import torch

from spacy_bertadapt.component.shared import waiting_logits
from tests.fixtures.annotations import assert_same
from tests.fixtures.components import samples_of
from tests.fixtures.shared import TEXT_TASKS, examples_of
from tests.fixtures.shared_learning import count_rows, encoder_of, loop, optimizer
from tests.fixtures.streams import STREAM

TEXT = "my parcel never arrived"


def waiting_docs(nlp):
    """Return the Docs for which logits wait, head by head, without the heads for which none do."""
    of_heads = {head.name: list(of.docs) for head, of in encoder_of(nlp)._waiting._by_head.items()}
    return {name: docs for name, docs in of_heads.items() if docs}


def bytes_waiting(nlp):
    (of_head,) = encoder_of(nlp)._waiting._by_head.values()
    return sum(rows.nbytes for logits in of_head.docs.values() for rows in logits.values())


def learn_alone(nlp):
    nlp.update(examples_of(nlp, "textcat"), sgd=optimizer(), exclude=["bert_encoder"])


def initialize_anew(nlp):
    head = nlp.get_pipe("bert_textcat")
    head.initialize(lambda: examples_of(nlp, "textcat"), nlp=nlp)


def read_encoder_anew(nlp):
    other = encoder_of(nlp).network.checkpoint
    with torch.no_grad():
        for parameter in other.module.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    encoder_of(nlp).from_bytes(encoder_of(nlp).to_bytes())


@pytest.mark.parametrize("change", [learn_alone, initialize_anew, read_encoder_anew])
def test_logits_of_earlier_weights_are_not_taken(make_shared, change):
    """They wait, as the head has had no turn; then the weights change, and it has its turn."""
    nlp = make_shared("textcat")
    head = nlp.get_pipe("bert_textcat")
    (doc,) = nlp.pipe([TEXT], disable=["bert_textcat"])
    before = head(nlp.make_doc(TEXT)).cats
    change(nlp)
    wanted = head(nlp.make_doc(TEXT)).cats
    assert wanted != pytest.approx(before, abs=1e-5)
    assert head(doc).cats == pytest.approx(wanted, abs=1e-6)


def test_logits_of_a_head_are_not_taken_after_it_was_read(make_shared):
    nlp = make_shared("textcat")
    head = nlp.get_pipe("bert_textcat")
    kept, wanted = head.to_bytes(), head(nlp.make_doc(TEXT)).cats
    with torch.no_grad():
        for parameter in head.network.module.parameters():
            parameter.add_(torch.randn_like(parameter))
    (doc,) = nlp.pipe([TEXT], disable=["bert_textcat"])
    assert head(nlp.make_doc(TEXT)).cats != pytest.approx(wanted, abs=1e-5)
    head.from_bytes(kept)
    assert head(doc).cats == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("merge", [True, False])
def test_logits_are_not_taken_after_the_adapter_is_gone(make_shared, merge):
    nlp = make_shared("textcat", adapt={"@misc": "spacy-bertadapt.LoRA.v1", "r": 2})
    for _ in range(3):
        loop(nlp, examples_of(nlp, "textcat"))
    (doc,) = nlp.pipe([TEXT], disable=["bert_textcat"])
    encoder = encoder_of(nlp)
    encoder.merge_adapter() if merge else encoder.remove_adapter()
    rows = count_rows(nlp)
    assert nlp.get_pipe("bert_textcat")(doc).cats
    assert rows == [1]


def test_a_head_that_annotates_in_training_is_up_to_date(make_shared):
    """The encoder annotates before the head has learned, the head afterwards."""
    nlp = make_shared("textcat")
    head, seen = nlp.get_pipe("bert_textcat"), []
    decode = head.runner.predict
    head.runner.predict = lambda texts, docs=(): seen.append(decode(texts, docs)) or seen[-1]
    nlp.update(
        examples_of(nlp, "textcat"), sgd=optimizer(), exclude=["bert_encoder"], annotates=["bert_encoder", head.name]
    )
    (annotated,) = seen
    again = decode(head.encode([example.predicted for example in examples_of(nlp, "textcat")]))
    np.testing.assert_allclose(
        annotated.sequence_logits(len(head.labels)), again.sequence_logits(len(head.labels)), atol=1e-5
    )


def test_nothing_waits_of_docs_that_are_gone(make_shared):
    nlp = make_shared()
    stream = nlp.pipe(STREAM, batch_size=2, component_cfg={"bert_encoder": {"batch_size": len(STREAM)}})
    doc = next(stream)
    assert waiting_docs(nlp)
    stream.close()
    del stream, doc
    gc.collect()
    assert waiting_docs(nlp) == {}


def test_nothing_waits_in_a_pickle(make_shared):
    nlp = make_shared()
    size = len(pickle.dumps(nlp))
    docs = list(nlp.pipe(STREAM * 20, disable=["bert_ner"]))
    assert list(waiting_docs(nlp)) == ["bert_ner"]
    again = pickle.loads(pickle.dumps(nlp))
    assert waiting_docs(again) == {}
    assert len(pickle.dumps(nlp)) < size + 1000
    assert_same(again.pipe(docs), nlp.pipe(STREAM * 20))


def test_what_waits_for_a_head_without_a_turn_is_bounded(make_shared, monkeypatch):
    """The last turn's stay, whatever they take. A head that finds none says the same."""
    monkeypatch.setattr(waiting_logits, "MOST_BYTES", 20_000)
    nlp = make_shared("ner", max_batch_subwords=256)
    expected = list(nlp.pipe(STREAM))
    docs, sizes = [], []
    for _ in range(8):
        docs.append(list(nlp.pipe(STREAM, disable=["bert_ner"])))
        sizes.append(bytes_waiting(nlp))
    assert sizes[0] > 4000
    assert max(sizes) < 20_000 + sizes[0]
    assert set(docs[-1]) <= set(waiting_docs(nlp)["bert_ner"])
    assert not set(docs[0]) & set(waiting_docs(nlp)["bert_ner"])
    for batch in docs:
        assert_same(nlp.get_pipe("bert_ner").pipe(batch), expected)


def test_a_doc_keeps_no_logits_of_others(make_shared):
    nlp = make_shared("ner")
    docs = list(nlp.pipe([TEXT] + ["Ada Lovelace paid in London"] * 50, disable=["bert_ner"]))
    (of_head,) = encoder_of(nlp)._waiting._by_head.values()
    assert all(rows.base is None for rows in of_head.docs[docs[0]].values())


@pytest.mark.parametrize("questions", [[], ["what arrived ?"]])
def test_questions_of_its_own_are_not_answered_ahead(make_shared, questions):
    """A pair has a question, but the component asks its own."""
    nlp = make_shared("qa")
    nlp.get_pipe("bert_qa").questions = questions
    rows = count_rows(nlp)
    doc = encoder_of(nlp)(nlp.make_doc(samples_of("qa").as_input(TEXT)))
    assert sum(rows) == (0 if questions else 1)
    assert nlp.get_pipe("bert_qa")(doc).spans
    assert waiting_docs(nlp) == {}


def test_disabled_heads_are_not_computed(make_shared):
    nlp = make_shared()
    with nlp.select_pipes(disable=[f"bert_{task}" for task in TEXT_TASKS[1:]]):
        docs = [encoder_of(nlp)(nlp.make_doc(TEXT))]
    assert waiting_docs(nlp) == {"bert_textcat": docs}
