"""bert_ner: what no other component does."""

from __future__ import annotations

import json
import pickle
import random
import re
import subprocess
import sys
import unicodedata
import warnings
from pathlib import Path

import numpy as np
import pytest
import spacy
import torch
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from transformers import (
    AutoModelForTokenClassification,
    BertConfig,
    BertForTokenClassification,
    PreTrainedTokenizerFast,
)

from spacy_bertadapt.component.outputs import WindowOutputs
from spacy_bertadapt.network.checkpoint import Checkpoint
from spacy_bertadapt.subwords.window_ownership import owning_windows
from spacy_bertadapt.tasks.ner.component import NO_TAG
from spacy_bertadapt.training.optimizer import adamw

AWKWARD = ["don't", "can't", "e\u0301", "🙂x", "U.S.-based", "日本語", "\u200b", " ", "   ", "\n", "(", ").", "ﬁ", "ﷺ"]
LONG = "Ada Lovelace lived in London . "


def entities(doc):
    return [(entity.text, entity.label_) for entity in doc.ents]


@pytest.fixture
def trained(nlp, make_ner, make_entities, train_once):
    make_ner(nlp, stride=8)
    return train_once(nlp, make_entities(nlp))


# Alignment


def random_text(rng):
    pieces = []
    for _ in range(rng.randrange(12)):
        kind = rng.random()
        if kind < 0.5:
            pieces.append(rng.choice(["parcel", "London", "wrote", "the", ","]) + " ")
        elif kind < 0.8:
            pieces.append(rng.choice(AWKWARD))
        else:
            points = (rng.randrange(0x20, 0x3000) for _ in range(rng.randrange(1, 5)))
            pieces.append("".join(char for char in map(chr, points) if unicodedata.category(char) != "Cs"))
    return "".join(pieces)


def random_entities(rng, doc):
    """Entities on borders of tokens; none begins or ends with white space."""
    spans, start = [], 0
    while start < len(doc):
        stop = min(len(doc), start + rng.randrange(1, 4))
        if rng.random() < 0.5 and not doc[start].is_space and not doc[stop - 1].is_space:
            spans.append(Span(doc, start, stop, label=rng.choice(["PERSON", "PLACE"])))
        start = stop
    return spans


def certain_outputs(pipe, batch, targets, rng):
    """Logits that say the gold tags where there is one, and anything elsewhere."""
    logits = rng.normal(size=(len(batch), batch.lengths.max(), len(pipe.scheme.parts))).astype(np.float32)
    window, column = np.nonzero(targets != NO_TAG)
    logits[window, column] = -10
    logits[window, column, targets[window, column]] = 10
    return WindowOutputs(batch, [np.arange(len(batch))], [logits])


def gold_tags(pipe, examples):
    """The tags that are learned, token by token: NO_TAG for tokens that teach nothing."""
    texts = pipe.encode([example.reference for example in examples])
    batch = pipe.runner.windows(texts)
    targets = pipe.targets(examples, texts, batch)
    window = owning_windows(batch, texts.alignment.text, texts.alignment.first)
    tags = targets[window, batch.columns(window, texts.alignment.first)]
    assert (targets != NO_TAG).sum() == (tags != NO_TAG).sum(), "no other place has a tag"
    return tags


@pytest.mark.parametrize("kind", ["wordpiece", "bpe", "unigram"])
@pytest.mark.parametrize("scheme", ["bio", "bilou"])
def test_entities_come_back_from_subwords_and_windows(nlp, make_ner, make_tokenizer, kind, scheme):
    pipe = make_ner(nlp, max_length=16, stride=4, scheme=scheme)
    tokenizer: PreTrainedTokenizerFast = make_tokenizer(kind)
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
    config = BertConfig(vocab_size=len(tokenizer), max_position_embeddings=64, **sizes)
    config.id2label = dict(enumerate(pipe.head_labels(["PERSON", "PLACE"], ["LABEL_0"])))
    pipe.attach(Checkpoint(BertForTokenClassification(config), tokenizer))
    rng, noise = random.Random(kind + scheme), np.random.default_rng(0)
    checked = 0
    for _ in range(20):
        docs = [nlp.make_doc(random_text(rng)) for _ in range(100)]
        gold = [random_entities(rng, doc) for doc in docs]
        for doc, spans in zip(docs, gold, strict=True):
            doc.set_ents(spans)
        texts = pipe.encode(docs)
        batch, alignment = pipe.runner.windows(texts), texts.alignment
        targets = pipe.targets([Example(doc, doc) for doc in docs], texts, batch)
        predicted = pipe.decode(certain_outputs(pipe, batch, targets, noise), texts)
        aligned = [set(alignment.token[alignment.text == number].tolist()) for number in range(len(docs))]
        expected = []
        for number, spans in enumerate(gold):
            for span in spans:
                inside = [token.i for token in span if token.i in aligned[number]]
                if inside:  # a token without a subword, such as a zero-width space, can't have a tag
                    expected.append((number, inside[0], inside[-1] + 1, span.label_))
        places = (predicted.text.tolist(), predicted.start.tolist(), predicted.stop.tolist())
        assert list(zip(*places, predicted.label, strict=True)) == expected
        checked += len(expected)
    assert checked > 2000


def test_only_tokens_that_the_tokenizer_drops_are_left_out(nlp, make_ner, make_entities):
    pipe = make_ner(nlp)
    nlp.initialize(lambda: make_entities(nlp))
    rng = random.Random(1)
    docs = [nlp.make_doc(random_text(rng)) for _ in range(200)]
    alignment = pipe.encode(docs).alignment
    aligned = set(zip(alignment.text.tolist(), alignment.token.tolist(), strict=True))
    left_out = {token.text for number, doc in enumerate(docs) for token in doc if (number, token.i) not in aligned}
    tokenizer = pipe.network.checkpoint.tokenizer
    assert all(text.isspace() or not tokenizer.tokenize(text) for text in left_out)


# Learning


def test_overfits_and_scores(trained, make_entities):
    scores = trained.evaluate(make_entities(trained))
    assert scores["ents_f"] == 1.0
    assert scores["ents_per_type"].keys() == {"PERSON", "PLACE"}
    assert trained.get_pipe("bert_ner").labels == ("PERSON", "PLACE")
    assert trained.get_pipe("bert_ner").network.checkpoint.labels == ("O", "B-PERSON", "I-PERSON", "B-PLACE", "I-PLACE")


def test_logits_and_loss_are_those_of_transformers(nlp, make_ner, make_entities):
    """Mean cross-entropy over first subwords, as the labels -100 on the others give it."""
    pipe = make_ner(nlp)
    examples = make_entities(nlp)
    nlp.initialize(lambda: examples)
    module, tokenizer = pipe.network.module, pipe.network.checkpoint.tokenizer
    words = [[token.text for token in example.reference] for example in examples]
    encoded = tokenizer(words, is_split_into_words=True, padding=True, return_tensors="pt")
    tags = {tag: number for number, tag in enumerate(pipe.network.checkpoint.labels)}
    labels = torch.full_like(encoded["input_ids"], -100)
    for row, example in enumerate(examples):
        seen = set()
        for column, word in enumerate(encoded.word_ids(row)):
            if word is not None and word not in seen:
                token = example.reference[word]
                labels[row, column] = tags[f"{token.ent_iob_}-{token.ent_type_}" if token.ent_type_ else "O"]
                seen.add(word)
    expected = module(**encoded, labels=labels)
    losses = pipe.update(examples)
    assert float(losses["bert_ner"]) == pytest.approx(expected.loss.item(), abs=1e-5)
    texts = pipe.encode([example.reference for example in examples])
    outputs = pipe.runner.predict(texts)
    alignment = texts.alignment
    columns = outputs.batch.columns(alignment.text, alignment.first)
    logits = outputs.token_logits(alignment.text, columns, len(tags))
    np.testing.assert_allclose(logits, expected.logits.detach().numpy()[labels != -100], atol=1e-5)


@pytest.mark.parametrize("budget", [20, 100_000])
def test_each_token_counts_once_whatever_the_windows(nlp, make_ner, make_entities, budget):
    pipe = make_ner(nlp, max_length=16, stride=8, max_windows=None, max_batch_subwords=budget)
    examples = make_entities(nlp)
    nlp.initialize(lambda: examples)
    doc = nlp.make_doc(LONG * 8)
    ents = [(31 * number, 31 * number + 12, "PERSON") for number in range(8)]
    batch = [*examples, Example.from_dict(doc, {"entities": ents})]
    loss = float(pipe.update(batch)["bert_ner"])
    texts = pipe.encode([example.reference for example in batch])
    outputs = pipe.runner.predict(texts)
    window = owning_windows(outputs.batch, texts.alignment.text, texts.alignment.first)
    logits = torch.from_numpy(
        outputs.token_logits(window, outputs.batch.columns(window, texts.alignment.first), len(pipe.scheme.parts))
    )
    expected = torch.nn.functional.cross_entropy(logits, torch.from_numpy(gold_tags(pipe, batch)))
    assert loss == pytest.approx(float(expected), abs=1e-5)
    assert len(window) == sum(len(example.reference) for example in batch)


def test_missing_and_blocked_tokens_teach_nothing(nlp, make_ner, make_entities):
    pipe = make_ner(nlp)
    nlp.initialize(lambda: make_entities(nlp))
    doc = nlp.make_doc("Ana called Tom from Riga")
    doc.set_ents([Span(doc, 0, 1, label="PERSON")], missing=[doc[1:3]], blocked=[doc[4:5]])
    assert (gold_tags(pipe, [Example(doc, doc)]) != NO_TAG).tolist() == [True, False, False, True, False]
    nothing = nlp.make_doc("Ana called")
    assert not pipe.is_annotated(Example(nothing, nothing))
    assert pipe.update([Example(nlp.make_doc("Ana called"), nothing)]) == {"bert_ner": 0.0}


def test_docs_without_annotation_are_reported(nlp, make_ner, make_entities):
    make_ner(nlp)
    plain = Example(nlp.make_doc("no annotation"), nlp.make_doc("no annotation"))
    with pytest.warns(UserWarning, match=r"W303\] 1 of 10"):
        nlp.initialize(lambda: [*make_entities(nlp), plain])


def test_data_without_any_entity(nlp, make_ner):
    make_ner(nlp)
    example = Example.from_dict(nlp.make_doc("nothing here"), {"entities": []})
    with pytest.raises(ValueError, match=r"E301.*doc\.ents.*hold nothing there"):
        nlp.initialize(lambda: [example])


def test_entities_that_cut_tokens_are_learned_and_reported(nlp, make_ner, make_entities):
    pipe = make_ner(nlp)
    reference = Doc(nlp.vocab, words=["the", "Riga", "-based", "firm"], spaces=[True, False, True, False])
    reference.set_ents([Span(reference, 1, 2, label="PLACE")])
    predicted = Doc(nlp.vocab, words=["the", "Riga-based", "firm"], spaces=[True, True, False])
    with pytest.warns(UserWarning, match=r"W307\] 1 of 13 .*PLACE: …the \[Riga\]-based firm…"):
        nlp.initialize(lambda: [*make_entities(nlp), Example(predicted, reference)])
    assert gold_tags(pipe, [Example(predicted, reference)]).tolist() == [0, 3, 0, 0]


def test_unknown_type(nlp, make_ner, make_entities):
    make_ner(nlp)
    nlp.initialize(lambda: make_entities(nlp))
    other = Example.from_dict(nlp.make_doc("Acme is here"), {"entities": [(0, 4, "ORG")]})
    with pytest.raises(ValueError, match=r"E303.*ORG"):
        nlp.update([other], sgd=adamw(1e-3))


def test_types_that_are_not_asked_for_are_outside(nlp, make_ner, make_entities):
    pipe = make_ner(nlp)
    examples = make_entities(nlp)
    with pytest.warns(UserWarning, match="W306.*PERSON"):
        pipe.initialize(lambda: examples, nlp=nlp, labels=["PLACE"])
    assert pipe.labels == ("PLACE",)
    assert gold_tags(pipe, examples[:1]).tolist() == [0, 0, 0, 0, 1]


def test_types_that_are_not_asked_for_are_misses_but_for_a_scorer_of_ones_own(nlp, make_ner, make_entities):
    """As docs/ner.md has it: the pipeline finds all of its own type."""
    page = (Path(__file__).parents[3] / "docs" / "ner.md").read_text(encoding="utf8")
    (block,) = (block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "registry.scorers" in block)
    exec(block, {"spacy": spacy})
    examples = make_entities(nlp)
    pipe = make_ner(nlp)
    own = nlp.add_pipe("bert_ner", "own", config={"scorer": {"@scorers": "own_types.v1"}})
    with pytest.warns(UserWarning, match="W306.*PERSON"):
        pipe.initialize(lambda: examples, nlp=nlp, labels=["PLACE"])
    own.from_bytes(pipe.to_bytes())
    for example in examples:
        example.predicted.set_ents([ent for ent in example.reference.ents if ent.label_ == "PLACE"])
    scores = pipe.score(examples)
    assert scores["ents_r"] == pytest.approx(7 / 12)
    assert scores["ents_per_type"]["PLACE"]["r"] == 1.0
    assert own.score(examples)["ents_r"] == own.score(examples)["ents_f"] == 1.0
    assert own.score(examples)["ents_per_type"].keys() == {"PLACE"}


def test_class_weights_are_by_type(nlp, make_ner, make_entities):
    loss = {"@losses": "spacy-bertadapt.CrossEntropy.v1", "class_weights": {"O": 0.5, "PLACE": 2.0}}
    pipe = make_ner(nlp, loss=loss)
    nlp.initialize(lambda: make_entities(nlp))
    assert pipe._tag_weights(torch.device("cpu")).tolist() == [0.5, 1.0, 1.0, 2.0, 2.0]
    losses = nlp.update(make_entities(nlp), sgd=adamw(1e-3))
    assert float(losses["bert_ner"]) > 0


def test_balanced_weights_count_what_is_learned_from(nlp, make_ner):
    """Of ten tokens, three are missing or blocked; the two of a type that is not asked for count as O."""
    loss = {"@losses": "spacy-bertadapt.CrossEntropy.v1", "class_weights": "balanced"}
    pipe = make_ner(nlp, loss=loss)
    doc = nlp.make_doc("Ana called Tom from New York again and again today")
    ents = [Span(doc, 0, 1, label="PERSON"), Span(doc, 4, 6, label="PLACE")]
    doc.set_ents(ents, missing=[doc[7:9]], blocked=[doc[9:10]])
    nothing = nlp.make_doc("no annotation")
    example = Example(doc, doc)
    with pytest.warns(UserWarning, match="W30[36]"):
        pipe.initialize(lambda: [example, Example(nothing, nothing)], nlp=nlp, labels=["PERSON"])
    weights = pipe._tag_weights(torch.device("cpu")).numpy()
    assert weights == pytest.approx([7 / (2 * 6), *[7 / (2 * 1)] * 2])
    tags = gold_tags(pipe, [example])
    assert weights[tags[tags != NO_TAG]].mean() == pytest.approx(1.0), "over the tokens that are learned from"


@pytest.mark.parametrize("scheme", ["bio", "bilou", "io", "iob1"])
def test_every_scheme_learns(nlp, make_ner, make_entities, train, scheme):
    make_ner(nlp, scheme=scheme)
    train(nlp, make_entities(nlp), steps=60)
    assert nlp.evaluate(make_entities(nlp))["ents_f"] == 1.0


def test_scores_are_those_of_seqeval(nlp):
    from seqeval.metrics import f1_score

    rng = random.Random(0)
    examples, tags = [], {"gold": [], "predicted": []}
    for _ in range(300):
        words = [rng.choice(["Ada", "London", "the", "parcel"]) for _ in range(rng.randrange(1, 12))]
        gold = Doc(nlp.vocab, words=words)
        gold.set_ents(random_entities(rng, gold))
        predicted = gold.copy()
        predicted.set_ents([entity for entity in gold.ents if rng.random() < 0.6] or random_entities(rng, predicted))
        examples.append(Example(predicted, gold))
        for side, doc in (("gold", gold), ("predicted", predicted)):
            tags[side].append([f"{token.ent_iob_}-{token.ent_type_}" if token.ent_type_ else "O" for token in doc])
    ours = spacy.registry.scorers.get("spacy.ner_scorer.v1")()(examples)["ents_f"]
    assert ours == pytest.approx(f1_score(tags["gold"], tags["predicted"]), abs=1e-4)
    assert 0.3 < ours < 0.99


def test_sourced_into_another_pipeline_and_trained_there(trained, make_entities):
    """The types are strings of the Docs' own vocab, which the source's does not know."""
    other = spacy.blank("en")
    other.add_pipe("bert_ner", source=trained)
    fresh = [
        Example.from_dict(other.make_doc("Lima beat Riga"), {"entities": [(0, 4, "TEAM"), (10, 14, "TEAM")]}),
        *make_entities(other),
    ]
    with pytest.raises(ValueError, match=r"E303.*TEAM"):
        other.update(fresh)
    optimizer = other.initialize(lambda: fresh, sgd=adamw(2e-3))
    assert other.get_pipe("bert_ner").labels == ("PERSON", "PLACE", "TEAM")
    for _ in range(60):
        other.update(fresh, sgd=optimizer)
    assert entities(other("Lima beat Riga")) == [("Lima", "TEAM"), ("Riga", "TEAM")]


# Checkpoints


def test_trained_head_predicts_without_training_and_is_trained_further(trained, tmp_path, make_ner, make_entities):
    trained.to_disk(tmp_path)
    folder = tmp_path / "bert_ner" / "model"
    assert AutoModelForTokenClassification.from_pretrained(folder).config.id2label[1] == "B-PERSON"
    fresh = spacy.blank("en")
    make_ner(fresh, encoder={"name": str(folder)}).initialize(lambda: [])
    text = "Ada Lovelace lived in London"
    assert entities(fresh(text)) == entities(trained(text)) == [("Ada Lovelace", "PERSON"), ("London", "PLACE")]
    further = spacy.blank("en")
    pipe = make_ner(further, encoder={"name": str(folder)})
    some = [example for example in make_entities(further) if all(e.label_ == "PLACE" for e in example.reference.ents)]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*W304")
        further.initialize(lambda: some)
    assert pipe.labels == ("PERSON", "PLACE"), "the head knows them"
    assert entities(further(text)) == entities(trained(text))


@pytest.mark.parametrize("scheme", ["bilou", "io"])
def test_a_scheme_that_is_not_that_of_the_kept_head(trained, tmp_path, make_ner, scheme):
    trained.to_disk(tmp_path)
    pipe = make_ner(spacy.blank("en"), encoder={"name": str(tmp_path / "bert_ner" / "model")}, scheme=scheme)
    with pytest.raises(ValueError, match=f"E308.*scheme = '{scheme}'.*B-PERSON"):
        pipe.initialize(lambda: [])
    with pytest.raises(ValueError, match=f"E308.*scheme = '{scheme}'.*B-PERSON"):
        spacy.load(tmp_path, config={"components.bert_ner.scheme": scheme})


def test_checkpoint_of_another_scheme_keeps_its_letters(nlp, make_ner, make_entities, tiny_bert, tmp_path):
    module = AutoModelForTokenClassification.from_pretrained(tiny_bert, num_labels=5)
    tags = ["O", "S-place", "B-place", "E-place", "I-place"]
    module.config.id2label, module.config.label2id = dict(enumerate(tags)), {t: n for n, t in enumerate(tags)}
    module.save_pretrained(tmp_path)
    for file in tiny_bert.glob("tokenizer*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    pipe = make_ner(nlp, encoder={"name": str(tmp_path)})
    with pytest.warns(UserWarning, match="W101"):
        nlp.initialize(lambda: make_entities(nlp))
    assert pipe.network.checkpoint.labels[:5] == ("O", "B-PERSON", "I-PERSON", "L-PERSON", "U-PERSON")


def test_checkpoint_whose_labels_are_no_tags(nlp, make_ner, tiny_bert, tmp_path):
    module = AutoModelForTokenClassification.from_pretrained(tiny_bert, num_labels=2)
    module.config.id2label, module.config.label2id = {0: "NOUN", 1: "VERB"}, {"NOUN": 0, "VERB": 1}
    module.save_pretrained(tmp_path)
    for file in tiny_bert.glob("tokenizer*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(ValueError, match="E316"):
        make_ner(nlp, encoder={"name": str(tmp_path)}).initialize(lambda: [])


# Annotation


@pytest.mark.parametrize(("confidence", "combine"), [("mean", np.mean), ("product", np.prod)])
def test_scores(nlp, make_ner, make_entities, train, confidence, combine):
    pipe = make_ner(nlp, confidence=confidence, spans_key="entities")
    train(nlp, make_entities(nlp), steps=40)
    doc = nlp("Ada Lovelace lived in London")
    texts = pipe.encode([doc])
    outputs = pipe.runner.predict(texts)
    columns = outputs.batch.columns(texts.alignment.text, texts.alignment.first)
    logits = outputs.token_logits(texts.alignment.text, columns, len(pipe.scheme.parts))
    p = torch.from_numpy(logits).softmax(-1).max(-1).values.numpy()
    group = doc.spans["entities"]
    assert doc.ents
    assert [(span.start, span.end) for span in group] == [(entity.start, entity.end) for entity in doc.ents]
    for span, entity, score in zip(group, doc.ents, group.attrs["scores"], strict=True):
        assert score == pytest.approx(combine(p[span.start : span.end]), abs=1e-5)
        assert entity._.score == pytest.approx(float(score))
    kept = DocBin(docs=[doc], store_user_data=True).to_bytes()
    (again,) = DocBin().from_bytes(kept).get_docs(nlp.vocab)
    assert [entity._.score for entity in again.ents] == [entity._.score for entity in doc.ents]


def test_min_score_leaves_out_what_is_unsure(trained):
    pipe = trained.get_pipe("bert_ner")
    text = "Ada Lovelace lived in London"
    scores = sorted(entity._.score for entity in trained(text).ents)
    pipe.min_score = sum(scores) / 2
    assert len(trained(text).ents) == 1
    pipe.min_score = 1.0
    assert len(trained(text).ents) == 0


@pytest.mark.parametrize(
    ("overwrite", "expected"),
    [
        (False, [("Ada", "FIRST"), ("lived", "VERB"), ("London", "PLACE")]),
        (True, [("Ada Lovelace", "PERSON"), ("lived", "VERB"), ("London", "PLACE")]),
    ],
)
def test_entities_of_earlier_components(trained, overwrite, expected):
    trained.get_pipe("bert_ner").overwrite_ents = overwrite
    ruler = trained.add_pipe("entity_ruler", before="bert_ner")
    ruler.add_patterns([{"label": "FIRST", "pattern": "Ada"}, {"label": "VERB", "pattern": "lived"}])
    assert entities(trained("Ada Lovelace lived in London")) == expected


def test_an_entity_that_is_rather_wrong_than_right_replaces_none(nlp, make_ner, make_entities, train):
    """An untrained head is sure of nothing: what a rule says stays, until a score of one half."""
    pipe = make_ner(nlp, overwrite_ents=True)
    nlp.initialize(lambda: make_entities(nlp))
    text = "Ada Lovelace lived in London"
    doc = nlp(text)
    assert doc.ents
    assert all(entity._.score < 0.5 for entity in doc.ents)
    ruled = nlp.make_doc(text)
    ruled.set_ents([Span(ruled, token.i, token.i + 1, label="RULE") for token in ruled])
    assert {label for _, label in entities(nlp(ruled))} == {"RULE"}
    train(nlp, make_entities(nlp), steps=60)
    ruled.set_ents([Span(ruled, 0, 1, label="RULE")])
    assert entities(pipe(ruled))[0] == ("Ada Lovelace", "PERSON")


def test_an_entity_inherits_no_id_of_the_one_it_replaces(trained):
    trained.get_pipe("bert_ner").overwrite_ents = True
    doc = trained.make_doc("Ada Lovelace lived in London")
    first = Span(doc, 0, 1, label="FIRST", span_id="q1", kb_id="Q7")
    doc.set_ents([first, Span(doc, 2, 3, label="VERB", span_id="q2")])
    trained(doc)
    assert [(entity.text, entity.ent_id_, entity.kb_id_) for entity in doc.ents] == [
        ("Ada Lovelace", "", ""),
        ("lived", "q2", ""),
        ("London", "", ""),
    ]
    assert all(not token.ent_id_ for entity in doc.ents if entity.text != "lived" for token in entity)


@pytest.mark.parametrize("overwrite", [False, True])
def test_blocked_tokens_stay_out_of_entities(trained, overwrite):
    trained.get_pipe("bert_ner").overwrite_ents = overwrite
    doc = trained.make_doc("Ada Lovelace lived in London")
    doc.set_ents([], blocked=[doc[1:2]], default="missing")
    assert entities(trained(doc)) == [("London", "PLACE")]


def test_extension_of_another_is_not_taken(nlp, make_ner):
    Span.set_extension("bertadapt_test", getter=len)
    with pytest.raises(ValueError, match="E315"):
        make_ner(nlp, score_extension="bertadapt_test")
    Span.remove_extension("bertadapt_test")
    make_ner(nlp, score_extension=None)


@pytest.mark.parametrize(
    ("settings", "code"), [({"scheme": "iob"}, "E308"), ({"confidence": "max"}, "E308"), ({"stride": 64}, "E201")]
)
def test_impossible_settings(nlp, make_ner, make_entities, settings, code):
    def make():
        make_ner(nlp, **settings)
        nlp.initialize(lambda: make_entities(nlp))

    with pytest.raises(ValueError, match=code):
        make()


# Long texts


def test_a_long_text_is_its_windows_where_the_context_is_the_same(nlp, make_ner, make_entities, train):
    """A token's tag is read from one window, and that says the same when it goes through the network alone."""
    pipe = make_ner(nlp, max_length=32, stride=8)
    train(nlp, make_entities(nlp), steps=60)
    doc = nlp.make_doc(LONG * 200)
    texts = pipe.encode([doc])
    outputs = pipe.runner.predict(texts)
    alignment = texts.alignment
    window = owning_windows(outputs.batch, alignment.text, alignment.first)
    columns = outputs.batch.columns(window, alignment.first)
    logits = outputs.token_logits(window, columns, len(pipe.scheme.parts))
    pieces = [outputs.batch.padded(np.array([row])) for row in range(len(outputs.batch))]
    alone = [rows[0] for rows in pipe.model.predict(pieces)]
    expected = np.stack([alone[row][column] for row, column in zip(window, columns, strict=True)])
    np.testing.assert_allclose(logits, expected, atol=1e-5)
    spans = pipe.scheme.entities(pipe.scheme.decode(expected, alignment.text), alignment.text)
    assert [(entity.start, entity.end) for entity in nlp(doc).ents] == list(
        zip(alignment.token[spans.start], alignment.token[spans.stop - 1] + 1, strict=True)
    )
    assert len(spans.start) > 10


def test_an_entity_that_stays_out_leaves_no_score(trained):
    doc = trained.make_doc("Ada Lovelace lived in London")
    doc.set_ents([Span(doc, 4, 5, label="ORG")])
    doc.ents[0]._.score = 0.123
    assert entities(trained(doc)) == [("Ada Lovelace", "PERSON"), ("London", "ORG")]
    assert doc.ents[1]._.score == 0.123
    assert doc.ents[0]._.score > 0.3


def test_separated_words_keep_their_space(nlp, make_ner, make_tokenizer):
    """A byte-level tokenizer tells the start of a word by the space before it."""
    from spacy_bertadapt.network.checkpoint import subword_tokenizer
    from spacy_bertadapt.subwords.alignment import tokens_of
    from spacy_bertadapt.subwords.token_separation import separate_tokens

    ours = subword_tokenizer(make_tokenizer("bpe"))
    doc = Doc(nlp.vocab, words=["the", "parc", "el"], spaces=[True, False, False])
    whole = ours.encode([doc.text], offsets=True)
    (subwords,) = separate_tokens([doc.text], whole, tokens_of([doc]), lambda texts: ours.encode(texts, offsets=True))
    assert ours.decode(subwords.ids) == "the parcel"


def test_pickled_component_sets_scores_in_a_new_process(trained, tmp_path):
    """There is no `ent._.score` yet: nothing of the package has run there."""
    (tmp_path / "ner.pickle").write_bytes(pickle.dumps(trained.get_pipe("bert_ner")))
    program = (
        "import json, pickle, spacy, sys; pipe = pickle.load(open(sys.argv[1], 'rb'))\n"
        "doc = pipe(spacy.blank('en').make_doc('Ada Lovelace lived in London'))\n"
        "print(json.dumps([[entity.text, entity._.score] for entity in doc.ents]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "ner.pickle")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    expected = [(entity.text, entity._.score) for entity in trained("Ada Lovelace lived in London").ents]
    for (text, score), (name, same) in zip(json.loads(done.stdout), expected, strict=True):
        assert (text, score) == (name, pytest.approx(same, abs=1e-5))


def test_gold_labels_that_no_component_knows_are_reported(trained):
    text = "Ada Lovelace lived in London"
    gold = {"entities": [(0, 12, "WRITER"), (22, 28, "PLACE")]}
    example = Example.from_dict(trained.make_doc(text), gold)
    with pytest.warns(UserWarning, match=r"W305\] 1 gold annotation.*'WRITER': 1"):
        trained.evaluate([example])
    ruler = trained.add_pipe("entity_ruler", before="bert_ner")
    ruler.add_patterns([{"label": "WRITER", "pattern": "Ada Lovelace"}])
    trained.evaluate([example])
