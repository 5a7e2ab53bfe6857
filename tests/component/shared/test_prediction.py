"""Heads on a shared encoder say what they would with encoders of their own, after one forward pass for all."""

from __future__ import annotations

import gc
import pickle
from concurrent.futures import ThreadPoolExecutor
from functools import partial, partialmethod

import numpy as np
import pytest
from spacy.language import Language

from spacy_bertadapt.component.shared.vector_reader import VectorReader
from tests.fixtures.annotations import assert_same
from tests.fixtures.components import samples_of
from tests.fixtures.shared import ALL_TASKS, TEXT_TASKS, examples_of
from tests.fixtures.shared_learning import count_rows, encoder_of
from tests.fixtures.streams import STREAM


@pytest.fixture(autouse=True)
def random_heads(monkeypatch):
    """Heads that disagree with each other: candidate spans are rare at first, and all alike."""
    monkeypatch.setattr("spacy_bertadapt.tasks.spancat.head.RARE", 0.5)


def test_heads_say_what_they_say_with_their_own_encoders(make_shared, own_twin):
    nlp = make_shared()
    twin = own_twin(nlp)
    docs = list(nlp.pipe(STREAM))
    assert_same(docs, twin.pipe(STREAM))
    assert_same(docs, map(nlp, STREAM))
    assert_same(docs, nlp.pipe(STREAM, batch_size=2))
    assert any(doc.ents for doc in docs)
    assert any(len(doc.spans["sc"]) for doc in docs)


@pytest.mark.parametrize("task", ["nli", "qa"])
def test_pairs_go_through_the_encoder_too(make_shared, own_twin, task):
    nlp = make_shared(task)
    twin = own_twin(nlp, task)
    stream = [samples_of(task).as_input(text) for text in STREAM]
    assert_same(nlp.pipe(stream), twin.pipe(stream))


def test_different_windows_go_through_once(make_shared):
    nlp = make_shared()
    rows = count_rows(nlp)
    docs = list(nlp.pipe(["my parcel never arrived", "where is it", "my parcel never arrived"]))
    assert rows == [2]
    assert all(doc.cats and doc.has_annotation("ENT_IOB") for doc in docs)


def test_heads_may_have_windows_of_their_own(make_shared, own_twin):
    nlp = make_shared("textcat", "ner", heads={"max_length": 20, "stride": 4})
    twin = own_twin(nlp, "textcat", "ner", max_length=20, stride=4)
    assert_same(nlp.pipe(STREAM), twin.pipe(STREAM))


@pytest.mark.parametrize("task", TEXT_TASKS)
def test_a_head_alone_has_its_logits_computed(make_shared, own_twin, task):
    nlp = make_shared()
    twin = own_twin(nlp)
    name = f"bert_{task}"
    with nlp.select_pipes(enable=name), twin.select_pipes(enable=name):
        assert_same(nlp.pipe(STREAM), twin.pipe(STREAM))
    doc, other = nlp.make_doc(STREAM[0]), twin.make_doc(STREAM[0])
    assert_same([nlp.get_pipe(name)(doc)], [twin.get_pipe(name)(other)])


def test_nothing_waits_for_long(make_shared):
    """Hidden states are gone after the encoder's turn, logits after the head's, or with their Doc."""
    nlp = make_shared()
    docs = list(nlp.pipe(STREAM))
    of_heads = encoder_of(nlp)._waiting._by_head
    assert len(of_heads) == len(TEXT_TASKS)
    assert not any(of_head.docs or of_head.bytes for of_head in of_heads.values())
    doc = encoder_of(nlp)(nlp.make_doc("where is the parcel"))
    logits = [rows for of_head in of_heads.values() for rows in of_head.docs[doc].values()]
    assert len(logits) == len(TEXT_TASKS)
    assert sum(rows.size for rows in logits) < 200
    assert all(rows.dtype == np.float32 for rows in logits)
    del doc
    gc.collect()
    assert not any(of_head.docs for of_head in of_heads.values())
    assert not any(key[0] != "._." for doc in docs for key in doc.user_data)
    assert not docs[0].tensor.size


def test_memory_of_a_long_doc_is_bounded(make_shared):
    """No more subwords go through the encoder at once than the budget allows, whatever the length."""
    nlp = make_shared(max_batch_subwords=256)
    network, sizes = encoder_of(nlp).network, []
    encode = network.encoder
    network.encoder = lambda batch: sizes.append(batch.padded.input_ids.size) or encode(batch)
    doc = nlp(" ".join(f"Ada Lovelace paid {number} parcels in London ." for number in range(300)))
    assert max(sizes) <= 256
    assert sum(sizes) > 20 * 256
    assert doc.cats


def test_memory_of_texts_that_repeat_is_bounded(make_shared, own_twin):
    """They go through the encoder once, but all of them through the heads."""
    nlp = make_shared("textcat", "ner", max_batch_subwords=64, vectors="mean")
    heads = [nlp.get_pipe(name).network for name in ("bert_textcat", "bert_ner")]
    sizes, vector_sizes = [], []
    for network in heads:
        network.head = partial(_counted, network.head, sizes)
    sums = VectorReader._sums_of_windows
    texts = ["my parcel never arrived"] * 50 + ["Ada Lovelace lived in London"] * 30
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(VectorReader, "_sums_of_windows", partialmethod(_counted_sums, sums, vector_sizes))
        docs = list(nlp.pipe(texts))
    assert max(sizes + vector_sizes) <= 64
    assert min(map(sum, (sizes, vector_sizes))) > 400
    assert_same(docs, own_twin(nlp, "textcat", "ner").pipe(texts))
    np.testing.assert_allclose(docs[3].vector, docs[0].vector, atol=1e-6)


def _counted(head, sizes, states, batch):
    sizes.append(states.shape[0] * states.shape[1])
    return head(states, batch)


def _counted_sums(reader, sums, sizes, states, windows):
    sizes.append(states.shape[0] * states.shape[1])
    return sums(reader, states, windows)


def test_spans_that_come_between_are_seen(make_shared):
    """A component between the encoder and a head says what the pair is: what waits is of another text."""
    nlp = make_shared("nli")

    @Language.component("shared_test_swaps_the_pair")
    def swap(doc):
        doc.spans["premise"], doc.spans["hypothesis"] = list(doc.spans["hypothesis"]), list(doc.spans["premise"])
        return doc

    (pair, *_) = (example.predicted for example in examples_of(nlp, "nli"))
    swapped = swap(pair.copy())
    expected = nlp(swapped).cats
    nlp.add_pipe("shared_test_swaps_the_pair", before="bert_nli")
    found = nlp(pair.copy()).cats
    assert found == pytest.approx(expected, abs=1e-6)
    nlp.remove_pipe("shared_test_swaps_the_pair")
    assert nlp(pair.copy()).cats != pytest.approx(expected, abs=1e-6)


def test_calls_without_docs(make_shared, own_twin):
    nlp, other = make_shared("nli"), make_shared("qa")
    twin, other_twin = own_twin(nlp, "nli"), own_twin(other, "qa")
    pair = ("my parcel never arrived", "it is late")
    own = twin.get_pipe("bert_nli").compare(*pair)
    assert nlp.get_pipe("bert_nli").compare(*pair) == pytest.approx(own, abs=1e-5)
    question = ("Ada was born in London .", "where was Ada born ?")
    answers = [pipeline.get_pipe("bert_qa").answer(*question) for pipeline in (other, other_twin)]
    assert [span.text for span in answers[0]] == [span.text for span in answers[1]]


def test_a_doc_that_can_not_be_read_goes_to_the_handler_of_its_head(make_shared):
    nlp = make_shared("nli")
    failed = []
    nlp.set_error_handler(lambda name, pipe, docs, err: failed.append((name, [doc.text for doc in docs])))
    good = samples_of("nli").as_input("my parcel never arrived")
    (doc,) = nlp.pipe(["no pair", good])
    assert doc.text == good
    assert failed == [("bert_nli", ["no pair"])]


def test_threads(make_shared):
    nlp = make_shared()
    expected = list(nlp.pipe(STREAM))
    with ThreadPoolExecutor(4) as pool:
        for docs in pool.map(lambda _: list(nlp.pipe(STREAM)), range(6)):
            assert_same(docs, expected)


def test_processes_and_pickles(make_shared):
    nlp = make_shared()
    expected = list(nlp.pipe(STREAM))
    assert_same(nlp.pipe(STREAM, n_process=2, batch_size=3), expected)
    again = pickle.loads(pickle.dumps(nlp))
    assert_same(again.pipe(STREAM), expected)
    assert encoder_of(again).heads[0] is again.get_pipe("bert_textcat")
    head = pickle.loads(pickle.dumps(nlp.get_pipe("bert_textcat")))
    assert head(nlp.make_doc(STREAM[0])).cats == pytest.approx(expected[0].cats, abs=1e-5)


@pytest.mark.filterwarnings("ignore:.*W310")  # pairs are left to the components of pairs
def test_all_tasks_on_one_encoder(make_shared, own_twin):
    """Texts and pairs go through together, each to the heads that read them."""
    nlp = make_shared(*ALL_TASKS)
    twin = own_twin(nlp, *ALL_TASKS)
    stream = [example.reference.copy() for example in examples_of(nlp, *ALL_TASKS)[::3]]
    for doc in stream:
        doc.cats = {}
    others = [doc.copy() for doc in stream]
    rows = count_rows(nlp)
    assert_same(nlp.pipe(stream), twin.pipe(others))
    assert sum(rows) < 2 * len(stream)
