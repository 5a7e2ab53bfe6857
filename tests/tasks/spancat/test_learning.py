"""What bert_spancat learns from: gold labels, targets, losses."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from thinc.api import fix_random_seed

from spacy_bertadapt.training.optimizer import adamw
from tests.tasks.spancat.samples import labelled

NAME = "bert_spancat"


def gold_by_loop(pipe, examples, inputs):
    """Gold labels of the candidates, (candidates, labels), candidate by candidate."""
    alignment, candidates = inputs.alignment, inputs.candidates
    rows = []
    for start, stop in zip(candidates.start.tolist(), candidates.stop.tolist(), strict=True):
        text, first, end = alignment.text[start], alignment.token[start], alignment.token[stop - 1] + 1
        gold = {span.label_ for span in examples[text].reference.spans["sc"] if (span.start, span.end) == (first, end)}
        rows.append([float(label in gold) for label in pipe.labels])
    return np.array(rows)


summed_loss = partial(torch.nn.functional.binary_cross_entropy_with_logits, reduction="sum")


def candidate_logits(pipe, inputs):
    """Logits of the candidates in their order, with a gradient: all texts in one batch, each in one window."""
    batch = pipe.runner.windows(inputs)
    rows = np.arange(len(batch))
    return pipe.network(batch.padded(rows)), batch.spans.index[batch.spans_of(rows)]


def test_loss_and_gradients_are_those_of_a_plain_loop(nlp, make_spancat, make_spans):
    pipe = make_spancat(nlp)
    examples = make_spans(nlp)
    fix_random_seed(0)
    nlp.initialize(lambda: examples)
    inputs = pipe.encode([example.reference for example in examples])
    gold = gold_by_loop(pipe, examples, inputs)
    assert gold.sum() == sum(len(example.reference.spans["sc"]) for example in examples)
    logits, order = candidate_logits(pipe, inputs)
    terms = [
        summed_loss(row, torch.tensor(gold[place], dtype=torch.float32))
        for row, place in zip(logits, order.tolist(), strict=True)
    ]
    count = sum(len(example.reference) for example in examples)
    expected = torch.stack(terms).sum() / count
    weights = [p for p in pipe.network.module.parameters() if p.requires_grad]
    gradients = torch.autograd.grad(expected, weights, allow_unused=True)
    losses = pipe.update(examples)
    assert float(losses[NAME]) == pytest.approx(expected.item(), abs=1e-6)
    for weight, gradient in zip(weights, gradients, strict=True):
        if gradient is not None:
            # gradients are of the sum until the step divides them
            torch.testing.assert_close(weight.grad / count, gradient, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("budget", [20, 100_000])
def test_each_candidate_counts_once_whatever_the_windows(nlp, make_spancat, make_spans, budget):
    pipe = make_spancat(nlp, max_length=32, stride=24, max_windows=None, max_batch_subwords=budget)
    nlp.initialize(lambda: make_spans(nlp))
    long = nlp.make_doc("Ada Lovelace lived in London . " * 8)
    long.spans["sc"] = [Span(long, 6 * number, 6 * number + 2, label="PERSON") for number in range(8)]
    examples = [*make_spans(nlp), Example(long, long)]
    loss = float(pipe.update(examples)[NAME])
    inputs = pipe.encode([example.reference for example in examples])
    outputs = pipe.runner.predict(inputs)
    index = outputs.batch.spans.index
    assert sorted(index.tolist()) == list(range(len(inputs.candidates)))
    logits = torch.from_numpy(outputs.span_logits(3))
    gold = torch.tensor(gold_by_loop(pipe, examples, inputs)[index], dtype=torch.float32)
    expected = summed_loss(logits, gold) / len(inputs.alignment)
    assert loss == pytest.approx(float(expected), abs=1e-5)


def test_class_weights_count_the_spans_of_a_label(nlp, make_spancat, make_spans):
    loss = {"@losses": "spacy-bertadapt.BinaryCrossEntropy.v1", "class_weights": {"TEAM": 5.0}}
    pipe = make_spancat(nlp, loss=loss)
    examples = make_spans(nlp)
    nlp.initialize(lambda: examples)
    inputs = pipe.encode([example.reference for example in examples])
    logits, order = candidate_logits(pipe, inputs)
    gold = torch.tensor(gold_by_loop(pipe, examples, inputs)[order], dtype=torch.float32)
    terms = torch.nn.functional.binary_cross_entropy_with_logits(logits, gold, reduction="none")
    weights = 1 + 4 * gold * torch.tensor([0.0, 0.0, 1.0])
    expected = (terms * weights).sum().item() / len(inputs.alignment)
    assert float(pipe.update(examples)[NAME]) == pytest.approx(expected, abs=1e-5)


def test_unknown_label(nlp, make_spancat, make_spans):
    make_spancat(nlp)
    nlp.initialize(lambda: make_spans(nlp))
    doc = nlp.make_doc("Acme is here")
    doc.spans["sc"] = [Span(doc, 0, 1, label="FIRM")]
    with pytest.raises(ValueError, match=r"E303.*FIRM.*PERSON"):
        nlp.update([Example(nlp.make_doc(doc.text), doc)], sgd=adamw(1e-3))


def test_labels_that_are_not_asked_for_are_left_alone(nlp, make_spancat, make_spans):
    pipe = make_spancat(nlp)
    examples = make_spans(nlp)
    with pytest.warns(UserWarning, match=r"W306.*PERSON.*TEAM"):
        pipe.initialize(lambda: examples, nlp=nlp, labels=["PLACE"])
    assert pipe.labels == ("PLACE",)
    optimizer = adamw(3e-3)
    for _ in range(100):
        nlp.update(examples, sgd=optimizer)
    assert labelled(nlp("the mayor of New York City is late")) == [(3, 6, "PLACE")]
    assert nlp.evaluate(examples)["spans_sc_per_type"]["PLACE"]["f"] == 1.0


def test_labels_of_no_example_are_reported(nlp, make_spancat, make_spans):
    pipe = make_spancat(nlp)
    with pytest.warns(UserWarning, match=r"W304.*EVENT"):
        pipe.initialize(lambda: make_spans(nlp), nlp=nlp, labels=["EVENT", "PERSON", "PLACE", "TEAM"])
    assert pipe.labels == ("EVENT", "PERSON", "PLACE", "TEAM")


def test_spans_that_are_no_candidates_are_reported_and_not_learned(nlp, make_spancat, make_spans, train):
    make_spancat(nlp, max_span_length=4)
    with pytest.warns(UserWarning, match=r"W309\] 1 of 16 .*max_span_length = 4.*PERSON 'the mayor of New York City'"):
        train(nlp, make_spans(nlp), steps=100, rate=3e-3)
    scores = nlp.evaluate(make_spans(nlp))
    assert scores["spans_sc_p"] == 1.0
    assert scores["spans_sc_r"] == pytest.approx(15 / 16)


def test_spans_that_the_suggester_leaves_out_are_reported(nlp, make_spancat, make_spans):
    make_spancat(nlp, suggester={"@misc": "spacy.ngram_suggester.v1", "sizes": [1, 2, 3, 4, 5]})
    with pytest.warns(UserWarning, match=r"W316\] 1 of 16 .*PERSON 'the mayor of New York City'.*sizes"):
        nlp.initialize(lambda: make_spans(nlp))


def test_a_doc_without_the_group_is_not_annotated(nlp, make_spancat, make_spans):
    pipe = make_spancat(nlp)
    plain = Example(nlp.make_doc("no annotation"), nlp.make_doc("no annotation"))
    with pytest.warns(UserWarning, match=r"W303\] 1 of 10"):
        nlp.initialize(lambda: [*make_spans(nlp), plain])
    assert pipe.update([plain]) == {NAME: 0.0}


def test_no_annotation_names_the_group_that_was_looked_for(nlp, make_spancat, make_spans):
    make_spancat(nlp, spans_key="reviews")
    with (
        pytest.warns(UserWarning, match=r"W303\] 9 of 9 .*doc\.spans\['reviews'\]"),
        pytest.raises(ValueError, match=r"E301.*doc\.spans\['reviews'\]"),
    ):
        nlp.initialize(lambda: make_spans(nlp))


def test_an_empty_group_says_that_there_is_no_span(nlp, make_spancat, make_spans, train):
    """And so it comes back from a .spacy file."""
    pipe = make_spancat(nlp)
    text = "Ada Lovelace lived in London"
    empty = nlp.make_doc(text)
    empty.spans["sc"] = []
    (empty,) = DocBin().from_bytes(DocBin(docs=[empty]).to_bytes()).get_docs(nlp.vocab)
    train(nlp, make_spans(nlp), steps=100, rate=3e-3)
    assert labelled(nlp(text))
    optimizer = adamw(3e-3)
    example = Example(nlp.make_doc(text), empty)
    assert float(pipe.update([example], sgd=optimizer)[NAME]) > 0.1, "two spans are too many"
    for _ in range(5):
        pipe.update([example], sgd=optimizer)
    assert labelled(nlp(text)) == []


def test_data_without_any_span(nlp, make_spancat):
    make_spancat(nlp)
    doc = nlp.make_doc("nothing here")
    doc.spans["sc"] = []
    with pytest.raises(ValueError, match=r"E301.*bert_spancat"):
        nlp.initialize(lambda: [Example(doc, doc)])


def test_an_empty_doc_teaches_nothing_and_does_no_harm(nlp, make_spancat, make_spans):
    pipe = make_spancat(nlp)
    examples = make_spans(nlp)
    nlp.initialize(lambda: examples)
    empty = Doc(nlp.vocab)
    empty.spans["sc"] = []
    example = Example(Doc(nlp.vocab), empty)
    before = [p.detach().clone() for p in pipe.network.module.parameters()]
    assert float(pipe.update([example], sgd=adamw(1e-3))[NAME]) == 0.0
    after = list(pipe.network.module.parameters())
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    alone, beside = (float(pipe.update(batch)[NAME]) for batch in (examples, [*examples, example]))
    assert alone == pytest.approx(beside, abs=1e-6)


def test_a_span_with_white_space_inside_is_learned_as_its_visible_tokens(nlp, make_spancat, make_spans):
    pipe = make_spancat(nlp)
    nlp.initialize(lambda: make_spans(nlp))
    doc = Doc(nlp.vocab, words=["New", "\n", "York", "\u200b"], spaces=[False, False, False, False])
    doc.spans["sc"] = [Span(doc, 0, 3, label="PLACE"), Span(doc, 2, 4, label="TEAM"), Span(doc, 1, 2, label="PERSON")]
    inputs = pipe.encode([doc])
    values = pipe.targets([Example(doc, doc)], inputs, batch := pipe.runner.windows(inputs)).values
    places = [(int(inputs.candidates.start[n]), int(inputs.candidates.stop[n])) for n in batch.spans.index]
    gold = {place: row.tolist() for place, row in zip(places, values, strict=True)}
    assert gold == {(0, 1): [0, 0, 0], (0, 2): [0, 1, 0], (1, 2): [0, 0, 1]}
