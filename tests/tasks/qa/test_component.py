"""bert_qa: what no other component does."""

from __future__ import annotations

import copy
import gc
import pickle

import numpy as np
import pytest
import spacy
import torch
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from thinc.api import fix_random_seed

from spacy_bertadapt import make_pair_doc
from spacy_bertadapt.component.pair_texts import PairTexts
from spacy_bertadapt.tasks.qa.answers import END, NULL_COLUMN, START, best_answers

CONTEXT = "Ada Lovelace was born in London in 1815 and worked with Charles Babbage on his engine ."


@pytest.fixture
def trained(nlp, make_qa, make_questions, train_once):
    make_qa(nlp, stride=8)
    return train_once(nlp, make_questions(nlp), steps=80)


def answers(doc):
    return [span.text for span in doc.spans["answers"]]


def brute_force(pipe, texts, max_length):
    """Every answer of every window, as run_qa looks for them, on whole tokens: {(start, stop): score} by question."""
    outputs = pipe.runner.predict(texts)
    batch, alignment = outputs.batch, texts.alignment
    flat, first = outputs.flat_logits(2)
    answers = [{} for _ in texts.contexts]
    null = [np.inf] * len(texts.contexts)
    for window, (text, start, stop) in enumerate(
        zip(batch.windows.text, batch.windows.start, batch.windows.stop, strict=True)
    ):
        row = flat[first[window] : first[window] + batch.lengths[window]]
        null[text] = min(null[text], row[NULL_COLUMN].sum())
        shift = batch.first_column[window] - start
        inside = [
            n
            for n in np.flatnonzero(alignment.text == text)
            if alignment.first[n] >= start and alignment.last[n] < stop
        ]
        for one in inside:
            for other in inside:
                if one <= other < one + max_length:
                    places = [slice(alignment.first[n] + shift, alignment.last[n] + shift + 1) for n in (one, other)]
                    score = row[places[0], 0].max() + row[places[1], 1].max()
                    key = (one, other + 1)
                    answers[text][key] = max(score, answers[text].get(key, -np.inf))
    return answers, null


@pytest.mark.parametrize("allow_overlap", [True, False])
def test_best_answers_are_those_of_a_look_at_all(nlp, make_qa, make_questions, allow_overlap):
    pipe = make_qa(nlp, max_length=24, stride=6, allow_overlap=allow_overlap)
    fix_random_seed(0)
    nlp.initialize(lambda: make_questions(nlp))
    pairs = [("where was Ada born ?", CONTEXT), ("who ?", CONTEXT * 3), ("", "London"), ("why ?", "")]
    texts = pipe.encode([make_pair_doc(nlp, *pair, "qa") for pair in pairs])
    expected, null = brute_force(pipe, texts, 4)
    outputs = pipe.runner.predict(texts)
    assert len(outputs.batch) > 8
    best = best_answers(outputs, texts.alignment, 4, n_best=5, max_length=4, allow_overlap=allow_overlap)
    for answers, candidates, least in zip(best, expected, null, strict=True):
        kept = []
        for (start, stop), score in sorted(candidates.items(), key=lambda item: -item[1]):
            if allow_overlap or all(stop <= s or e <= start for s, e, _ in kept):
                kept.append((start, stop, score))
        got = list(zip(answers.start, answers.stop, answers.score, strict=True))
        assert [(s, e) for s, e, _ in got] == [(s, e) for s, e, _ in kept[:5]]
        np.testing.assert_allclose([score for *_, score in got], [score for *_, score in kept[:5]], atol=1e-5)
        assert answers.null_score == pytest.approx(float(least), abs=1e-5)
        assert answers.probabilities.sum() == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("favoured", [START, END])
def test_no_answer_cuts_a_subword(nlp, make_qa, make_questions, favoured):
    pipe = make_qa(nlp)
    nlp.initialize(lambda: make_questions(nlp))
    words = ["in", "w", "as", "in"]  # one subword, "was", is of two tokens
    context = Doc(nlp.vocab, words=words, spaces=[True, False, True, False])
    texts = pipe.runner.encode_pairs(PairTexts(first=["where ?"], second=[context[:]], vocab=nlp.vocab))
    assert texts.alignment.first.tolist() == [0, 1, 1, 2]
    outputs = pipe.runner.predict(texts)
    outputs.logits[0][:] = 0
    outputs.logits[0][0, outputs.batch.first_column[0] + 1, favoured] = 9
    (answers,) = best_answers(outputs, texts.alignment, 1, n_best=20, max_length=3, allow_overlap=True)
    ranges = list(zip(answers.start.tolist(), answers.stop.tolist(), strict=True))
    assert set(ranges) == {(0, 1), (0, 3), (1, 3), (1, 4), (3, 4)}
    assert answers.score[0] == pytest.approx(9)
    assert ranges[0] == {START: (1, 3), END: (0, 3)}[favoured]


def test_loss_is_that_of_transformers(nlp, make_qa, make_questions):
    pipe = make_qa(nlp)
    examples = make_questions(nlp)
    nlp.initialize(lambda: examples)
    texts = pipe.encode([example.reference for example in examples])
    batch = pipe.runner.windows(texts)
    targets = pipe.targets(examples, texts, batch)
    assert len(batch) == len(examples)
    total = 0.0
    for row in range(len(batch)):
        padded = batch.padded(np.array([row]))
        positions = torch.from_numpy(targets.columns[:, [row]])
        output = pipe.network.module(
            input_ids=torch.from_numpy(padded.input_ids),
            token_type_ids=torch.from_numpy(padded.token_type_ids),
            start_positions=positions[0],
            end_positions=positions[1],
        )
        total += output.loss.item()
    assert float(pipe.update(examples)["bert_qa"]) == pytest.approx(total / len(batch), abs=1e-5)


def test_windows_without_the_answer_point_at_cls(nlp, make_qa, make_questions):
    pipe = make_qa(nlp, max_length=24, stride=4, max_windows=None)
    nlp.initialize(lambda: make_questions(nlp))
    doc = make_pair_doc(nlp, "where was Ada born ?", CONTEXT, "qa")
    london = next(token.i for token in doc if token.text == "London")
    doc.spans["answers"] = [doc[london : london + 1]]
    texts = pipe.encode([doc])
    batch = pipe.runner.windows(texts)
    targets = pipe.targets([Example(doc, doc)], texts, batch)
    (number,) = np.flatnonzero(texts.alignment.token + texts.contexts[0].start == london)
    first, last = texts.alignment.first[number], texts.alignment.last[number]
    held = (batch.windows.start <= first) & (last < batch.windows.stop)
    assert (targets.columns[:, ~held] == NULL_COLUMN).all()
    subwords = texts.segments[1][0].ids
    for row in np.flatnonzero(held):
        start, end = targets.columns[:, row]
        assert (
            batch.padded(np.array([row])).input_ids[0, start : end + 1].tolist() == subwords[first : last + 1].tolist()
        )
    assert 0 < held.sum() < len(batch)
    logits = torch.zeros(len(batch), int(batch.lengths.max()), 2, requires_grad=True)
    pipe.loss(logits, np.arange(len(batch)), targets).total.backward()
    assert logits.grad is not None
    assert ((logits.grad[:, NULL_COLUMN] < 0).all(-1).numpy() == ~held).all()


def test_learns_answers_and_that_there_is_none(trained, make_questions):
    examples = make_questions(trained)
    scores = trained.evaluate(examples)
    assert scores["qa_f1"] == 1.0
    assert scores["qa_em"] == 1.0
    assert scores["qa_no_answer_acc"] == 1.0
    assert 0 < scores["qa_answered"] < 1
    assert scores["spans_answers_f"] == 1.0


def test_answers_are_spans_of_the_doc_that_was_given(trained, make_questions):
    qa = trained.get_pipe("bert_qa")
    pair = make_questions(trained)[0].reference
    question, context = pair.spans["question"][0].text, pair.spans["context"][0].text
    doc = trained.make_doc(context)
    doc.set_ents([Span(doc, 0, 2, label="PERSON")])
    spans = qa.answer(doc, question, top_k=3)
    assert spans[0].text == pair.spans["answers"][0].text
    assert all(span.doc is doc for span in spans)
    scores = [span._.score for span in spans]
    assert scores == sorted(scores, reverse=True)
    assert 0 < sum(scores) <= 1
    assert doc.ents[0].label_ == "PERSON"
    assert "answers" not in doc.spans
    assert [span.text for span in qa.answer(context, question)] == [spans[0].text]
    assert qa.answer("", question) == qa.answer("   ", question) == []
    part = doc[: spans[0].end]
    assert [(span.doc is doc, span.text) for span in qa.answer(part, question)] == [(True, spans[0].text)]
    assert all(answer.end <= 2 for answer in qa.answer(doc[:2], question, top_k=5))


@pytest.mark.parametrize("name", ["score", "how_likely"])
def test_asking_leaves_a_doc_as_it_was(trained, name):
    """The scores are with the answers: another component may have its own for the same tokens."""
    qa = trained.get_pipe("bert_qa")
    qa.score_extension, qa.no_answer_threshold = name, 1.0
    Span.set_extension("bertadapt_other", default=1, force=True)
    doc = trained.make_doc(CONTEXT)
    doc.set_ents([Span(doc, 0, 2, label="PERSON")])
    before = doc.to_bytes()
    asked = [
        qa.answer(doc, "where was Ada born ?", top_k=3),
        *qa.answer_many(doc, ["who worked with Ada ?", "where was Ada born ?"], top_k=3),
        *qa.answer_batch([(doc[:], "where was Ada born ?")], top_k=3),
    ]
    assert doc.to_bytes() == before
    assert not doc.user_data
    scores = [[span._.get(name) for span in spans] for spans in asked]
    assert len(scores[0]) == 3
    assert scores[2] == pytest.approx(scores[0])
    assert scores[3] == pytest.approx(scores[0])
    assert all(0 < score < 1 for spans in scores for score in spans)
    assert all(span._.has(name) and span._.bertadapt_other == 1 for spans in asked for span in spans)
    assert asked[0][0] == doc[asked[0][0].start : asked[0][0].end], "an answer is a Span like others"
    with pytest.raises(ValueError, match=rf"E324.*_\.{name}"):
        setattr(asked[0][0]._, name, 0.1)
    assert not doc.user_data
    Span.remove_extension("bertadapt_other")
    qa.score_extension = None
    (plain,) = qa.answer(doc, "where was Ada born ?")
    assert not plain._.has(name) or plain._.get(name) is None, "that of another component has no value here"


def test_answers_in_a_group_have_their_scores_there(trained, make_questions):
    doc = trained(make_questions(trained)[0].reference.text)
    assert len(doc.spans["answers"].attrs["scores"]) == len(doc.spans["answers"]) == 1
    assert not doc.user_data


def test_initialized_elsewhere_it_splits_contexts_as_its_new_pipeline_does(trained, make_questions):
    other = spacy.blank("en")
    other.tokenizer.add_special_case("London", [{"ORTH": "Lon"}, {"ORTH": "don"}])
    qa = other.add_pipe("bert_qa", source=trained)
    other.initialize(lambda: make_questions(trained))
    qa.no_answer_threshold = 1.0
    (answer,) = qa.answer("London", "where ?")
    assert answer.doc.vocab is other.vocab is qa.vocab
    assert [token.text for token in answer.doc] == ["Lon", "don"]


class WholeText:
    """A tokenizer that makes one token of a text, and is saved."""

    def __init__(self, vocab):
        self.vocab = vocab

    def __call__(self, text):
        return Doc(self.vocab, words=[text], spaces=[False])

    def to_bytes(self, **_):
        return b""

    def from_bytes(self, data, **_):
        return self


def tokens_of_an_answer(qa):
    qa.no_answer_threshold = 1.0
    return [token.text for token in qa.answer("in London", "where ?")[0].doc]


def test_contexts_are_split_by_the_tokenizer_that_the_pipeline_has_now(trained):
    qa = trained.get_pipe("bert_qa")
    assert tokens_of_an_answer(qa) == ["in", "London"]
    trained.tokenizer = WholeText(trained.vocab)
    assert tokens_of_an_answer(qa) == ["in London"]
    assert len(next(qa.answer_many("in London", ["where ?"]))[0].doc) == 1


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda nlp: pickle.loads(pickle.dumps(nlp))])
def test_a_copy_has_the_tokenizer_of_its_pipeline(trained, copied):
    trained.tokenizer = WholeText(trained.vocab)
    other = copied(trained)
    assert tokens_of_an_answer(other.get_pipe("bert_qa")) == ["in London"]


def test_joined_to_another_pipeline_nothing_changes_by_saving(trained, tmp_path):
    other = spacy.blank("en")
    other.tokenizer.add_special_case("London", [{"ORTH": "Lon"}, {"ORTH": "don"}])
    qa = other.add_pipe("bert_qa", source=trained)
    assert tokens_of_an_answer(qa) == ["in", "London"], "spaCy doesn't tell it of the pipeline"
    qa.join(other)
    assert tokens_of_an_answer(qa) == ["in", "Lon", "don"]
    other.to_disk(tmp_path)
    assert tokens_of_an_answer(spacy.load(tmp_path).get_pipe("bert_qa")) == ["in", "Lon", "don"]


def test_the_tokenizer_outlives_its_pipeline(trained):
    other = spacy.blank("en")
    qa = other.add_pipe("bert_qa", source=copy.deepcopy(trained))
    gc.collect()
    assert tokens_of_an_answer(qa) == ["in", "London"]


def test_dicts_by_the_names_of_the_parts(trained):
    qa = trained.get_pipe("bert_qa")
    pairs = [(CONTEXT, "where was Ada born ?"), ("London is large .", "who worked with Ada ?")]
    named = [{"question": question, "context": context, "id": 1} for context, question in pairs]
    texts = [[span.text for span in spans] for spans in qa.answer_batch(named)]
    assert texts == [[span.text for span in spans] for spans in qa.answer_batch(pairs)]


@pytest.mark.parametrize("wrong", [{"text": CONTEXT, "query": "who ?"}, (CONTEXT, "who ?", 1), (CONTEXT,), "ab", None])
def test_what_is_no_pair(trained, wrong):
    with pytest.raises(TypeError, match=r"E212.*'context'.*'question'"):
        list(trained.get_pipe("bert_qa").answer_batch([wrong]))


def test_a_pipeline_with_questions_of_its_own_is_not_scored_on_those_of_the_data(trained, make_questions):
    trained.get_pipe("bert_qa").questions = ["where ?"]
    with pytest.warns(UserWarning, match=r"W311\] .*its own questions.*questions = \[\]"):
        scores = trained.evaluate(make_questions(trained))
    assert scores["qa_f1"] is scores["qa_em"] is scores["qa_no_answer_acc"] is None


def test_arguments_that_make_no_sense(trained):
    qa = trained.get_pipe("bert_qa")
    with pytest.raises(TypeError, match="E207"):
        qa.answer(3, "who?")
    with pytest.raises(TypeError, match=r"E210.*list"):
        qa.answer(CONTEXT, ["who?"])
    with pytest.raises(TypeError, match=r"E209.*'who\?'"):
        qa.answer_many(CONTEXT, "who?")
    with pytest.raises(ValueError, match=r"E308.*top_k"):
        qa.answer(CONTEXT, "who?", top_k=0)


def test_many_questions_on_one_context_cost_its_tokens_once(trained, monkeypatch):
    qa = trained.get_pipe("bert_qa")
    encoded = []
    encode = type(qa.runner.subwords).encode

    def counting(self, texts, **settings):
        encoded.extend(texts)
        return encode(self, texts, **settings)

    monkeypatch.setattr(type(qa.runner.subwords), "encode", counting)
    questions = ["where was Ada born ?", "who worked with Ada ?", "when ?"]
    many = [[span.text for span in spans] for spans in qa.answer_many(CONTEXT, questions)]
    assert encoded.count(CONTEXT) == 1
    assert many == [[span.text for span in qa.answer(CONTEXT, question)] for question in questions]
    encoded.clear()
    batch = list(qa.answer_batch((CONTEXT, question) for question in questions))
    assert encoded.count(CONTEXT) == 1
    assert [[span.text for span in spans] for spans in batch] == many
    assert len({id(spans[0].doc) for spans in batch if spans}) == sum(map(bool, batch)), "scores must not mix"
    pairs = [(CONTEXT, questions[0]), ("London is large .", questions[1]), ("", "why ?")]
    batch = [[span.text for span in spans] for spans in qa.answer_batch(pairs, batch_size=2)]
    assert batch == [[span.text for span in qa.answer(*pair)] for pair in pairs]


def test_questions_of_the_config_are_asked_of_every_doc(trained, tmp_path):
    trained.to_disk(tmp_path)
    questions = ["where was Ada born ?", "who worked with Ada ?"]
    asking = spacy.load(tmp_path, config={"components.bert_qa.questions": questions})
    docs = list(asking.pipe([CONTEXT, "", CONTEXT + " The end ."]))
    qa = asking.get_pipe("bert_qa")
    for doc in docs:
        for number, question in enumerate(questions):
            group = doc.spans[f"answers:{number}"]
            assert [span.text for span in group] == [span.text for span in qa.answer(doc.text, question)]
            assert len(group.attrs["scores"]) == len(group)
    assert not docs[1].spans["answers:0"]


def test_threshold_decides_between_an_answer_and_none(trained):
    qa = trained.get_pipe("bert_qa")
    doc = make_pair_doc(trained, "where was Ada born ?", CONTEXT, "qa")
    for threshold, count in ((1.0, 1), (0.0, 0)):
        qa.no_answer_threshold = threshold
        predicted = trained(doc.copy())
        assert len(answers(predicted)) == count
        attrs = predicted.spans["answers"].attrs
        assert 0 < attrs["no_answer_score"] < 1
        assert 0 < attrs["null_score"] < 1


def test_answers_survive_docbin(trained, make_questions):
    doc = trained(make_questions(trained)[0].reference.text)
    (again,) = DocBin(docs=[doc], store_user_data=True).get_docs(trained.vocab)
    assert answers(again) == answers(doc) != []
    assert again.spans["answers"].attrs["scores"].tolist() == doc.spans["answers"].attrs["scores"].tolist()


def test_trained_head_answers_without_training(trained, make_qa, tmp_path):
    trained.to_disk(tmp_path)
    fresh = spacy.blank("en")
    pipe = make_qa(fresh, encoder={"name": str(tmp_path / "bert_qa" / "model")})
    pipe.initialize(lambda: [])
    question = "where was Ada born ?"
    assert [s.text for s in pipe.answer(CONTEXT, question)] == [
        s.text for s in trained.get_pipe("bert_qa").answer(CONTEXT, question)
    ]


def test_examples_without_answers_teach_nothing(nlp, make_qa, make_questions):
    pipe = make_qa(nlp)
    plain = make_pair_doc(nlp, "who ?", "Ada", "qa")
    with pytest.warns(UserWarning, match=r"W303\] 1 of"):
        nlp.initialize(lambda: [*make_questions(nlp), Example(plain, plain)])
    assert pipe.update([Example(plain, plain)]) == {"bert_qa": 0.0}


def test_pipelines_that_answer_nothing_are_reported(trained, make_questions):
    trained.get_pipe("bert_qa").no_answer_threshold = 0.0
    with pytest.warns(UserWarning, match=r"W308.*answers no question"):
        scores = trained.evaluate(make_questions(trained))
    assert scores["qa_answered"] == 0
    assert scores["qa_no_answer_acc"] == 1


def test_a_question_that_fills_a_window(trained):
    with pytest.raises(ValueError, match="E205"):
        trained.get_pipe("bert_qa").answer(CONTEXT * 5, "where " * 80)


@pytest.mark.parametrize("setting", ["top_k", "n_best", "max_answer_length"])
def test_impossible_settings(nlp, make_qa, setting):
    with pytest.raises(ValueError, match=f"E308.*{setting}"):
        make_qa(nlp, **{setting: 0})


@pytest.mark.parametrize("threshold", [-0.1, 1.1])
def test_a_threshold_is_a_probability(nlp, make_qa, threshold):
    with pytest.raises(ValueError, match=r"E308.*no_answer_threshold"):
        make_qa(nlp, no_answer_threshold=threshold)


def test_an_answer_of_tokens_without_subwords_is_none(nlp, make_qa, make_questions):
    pipe = make_qa(nlp)
    nlp.initialize(lambda: make_questions(nlp))
    doc = Doc(nlp.vocab, words=["who", "[SEP]", "\u200b", "Ada"])
    doc.spans["question"], doc.spans["context"] = [doc[0:1]], [doc[2:4]]
    doc.spans["answers"] = [doc[2:3]]
    texts = pipe.encode([doc])
    targets = pipe.targets([Example(doc, doc)], texts, pipe.runner.windows(texts))
    assert targets.columns.tolist() == [[NULL_COLUMN], [NULL_COLUMN]]
