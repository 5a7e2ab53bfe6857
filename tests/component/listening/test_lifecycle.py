"""A component that listens is treated as spaCy's own: replaced, sourced, renamed, disabled; or one line says what is
missing."""

from __future__ import annotations

import gc
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spacy_bertadapt.errors import InvalidError
from spacy_bertadapt.training.optimizer import adamw
from tests.fixtures.annotations import assert_same
from tests.fixtures.components import samples_of
from tests.fixtures.listening import CNN, LISTENERS, AddListening, AddUpstream, listening

MakeListening = Callable[..., Language]
TEXTS = ["where is the parcel", "my card was charged twice"]
REPLACED = ["model.encoder.tok2vec"]


def test_replaced_listener_is_the_components_own(make_listening: MakeListening, tmp_path: Path) -> None:
    nlp = make_listening()
    docs = list(nlp.pipe(TEXTS))
    nlp.replace_listeners("tok2vec", "bert_textcat", REPLACED)
    nlp.remove_pipe("tok2vec")
    assert nlp.get_pipe_config("bert_textcat")["model"]["encoder"]["tok2vec"] == CNN
    assert_same(docs, nlp.pipe(TEXTS))
    nlp.to_disk(tmp_path / "saved")
    loaded = spacy.load(tmp_path / "saved")
    assert_same(docs, loaded.pipe(TEXTS))
    assert_same(docs, spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes()).pipe(TEXTS))
    layer = loaded.get_pipe("bert_textcat").model.layers[0]
    before = layer.to_bytes()
    loaded.update(samples_of("textcat").make_examples(loaded), sgd=adamw(1e-3))
    assert layer.to_bytes() != before


@pytest.mark.parametrize("kind", ["transformer", "curated_transformer"])
def test_replaced_listener_of_a_transformer(make_listening: MakeListening, kind: str) -> None:
    """spaCy looks for the listener's block in `model.tok2vec` there: docs/listening.md says how to show it."""
    nlp = make_listening(kind=kind, steps=1, frozen=True)
    docs = list(nlp.pipe(TEXTS))
    with pytest.raises(KeyError, match="tok2vec"):
        nlp.replace_listeners(kind, "bert_textcat", REPLACED)
    model = nlp.get_pipe_config("bert_textcat")["model"]
    model["tok2vec"] = model["encoder"]["tok2vec"]
    nlp.replace_listeners(kind, "bert_textcat", REPLACED)
    del model["tok2vec"]
    nlp.remove_pipe(kind)
    assert_same(docs, nlp.pipe(TEXTS))


def test_plain_layer_needs_no_other_component(nlp: Language, train: Callable[..., Language], tmp_path: Path) -> None:
    nlp.add_pipe("bert_textcat", config={"model": listening(CNN)})
    train(nlp, samples_of("textcat").make_examples(nlp), steps=5)
    docs = list(nlp.pipe(TEXTS))
    nlp.to_disk(tmp_path / "saved")
    assert_same(docs, spacy.load(tmp_path / "saved").pipe(TEXTS))


def test_sourced_with_what_it_listens_to(make_listening: MakeListening) -> None:
    nlp, other = make_listening(), spacy.blank("en")
    for name in nlp.pipe_names:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # spaCy's W113, of another vocabulary
            other.add_pipe(name, source=nlp)
    assert_same(nlp.pipe(TEXTS), other.pipe(TEXTS))


def test_renamed(make_listening: MakeListening, tmp_path: Path) -> None:
    nlp = make_listening()
    docs = list(nlp.pipe(TEXTS))
    nlp.rename_pipe("bert_textcat", "topics")
    nlp.to_disk(tmp_path / "saved")
    loaded = spacy.load(tmp_path / "saved")
    assert loaded.pipe_names == ["tok2vec", "topics"]
    assert_same(docs, loaded.pipe(TEXTS))
    loaded.update(samples_of("textcat").make_examples(loaded), sgd=adamw(1e-3))


def test_added_to_a_pipeline_that_is_there(make_listening: MakeListening, add_listening: AddListening) -> None:
    """A single component is initialized, and neither the pipeline nor its other components."""
    nlp = make_listening("ner")
    docs = list(nlp.pipe(TEXTS))
    pipe = add_listening("textcat", nlp)
    examples = samples_of("textcat").make_examples(nlp)
    pipe.initialize(lambda: examples, nlp=nlp)
    frozen = ["tok2vec", "bert_ner"]
    for _ in range(30):
        nlp.update(examples, sgd=adamw(3e-3), exclude=frozen, annotates=["tok2vec"])
    assert nlp.evaluate(examples)["cats_score"] == 1.0
    after = list(nlp.pipe(TEXTS))
    assert all(doc.cats for doc in after)
    for doc in after:
        doc.cats = {}
    assert_same(docs, after, atol=0)


@pytest.mark.parametrize("how", ["disable", "exclude"])
def test_without_what_it_listens_to_it_warns(make_listening: MakeListening, how: str, tmp_path: Path) -> None:
    make_listening().to_disk(tmp_path / "saved")
    nlp = spacy.load(tmp_path / "saved", **{how: ["tok2vec"]})
    with pytest.warns(UserWarning, match="W350.*component:tok2vec"):
        nlp(TEXTS[0])
    nlp(TEXTS[1])


def test_nothing_to_listen_to(nlp: Language, add_upstream: AddUpstream, add_listening: AddListening) -> None:
    """Neither one of the name, nor one before it."""
    add_listening("textcat", nlp)
    examples = samples_of("textcat").make_examples(nlp)
    with pytest.raises(InvalidError, match=r"E352.*component:tok2vec.*none"):
        nlp.initialize(lambda: examples)
    add_upstream("tok2vec", nlp)
    with pytest.raises(InvalidError, match=r"E352.*component:tok2vec.*none"):
        nlp.initialize(lambda: examples)


def test_a_shared_encoder_is_not_listened_to(nlp: Language, tiny_bert: Path, add_listening: AddListening) -> None:
    """It has heads, and gives no vectors to those that listen to any component."""
    nlp.add_pipe("bert_encoder", config={"model": {"encoder": {"name": str(tiny_bert)}}})
    add_listening("textcat", nlp, model=listening({**LISTENERS["tok2vec"], "upstream": "*"}))
    with pytest.raises(InvalidError, match=r"E352.*component:\*.*: none\."):
        nlp.initialize(lambda: samples_of("textcat").make_examples(nlp))


def test_frozen_upstream_has_to_annotate(make_listening: MakeListening) -> None:
    nlp = make_listening(steps=0)
    examples = samples_of("textcat").make_examples(nlp)
    with pytest.raises(InvalidError, match=r"E350.*annotating_components"):
        nlp.update(examples, sgd=adamw(1e-3), exclude=["tok2vec"])


@pytest.mark.parametrize(
    "adapt",
    [
        {"@misc": "spacy-bertadapt.HeadOnly.v1"},
        {"@misc": "spacy-bertadapt.FullFineTuning.v1", "gradient_checkpointing": True},
    ],
)
def test_adaptations_of_an_encoder_are_refused(nlp: Language, add_listening: AddListening, adapt: dict) -> None:
    with pytest.raises(InvalidError, match=r"E351.*frozen_components"):
        add_listening("textcat", nlp, adapt=adapt)


def test_vectors_of_another_width(make_listening: MakeListening) -> None:
    nlp, width = make_listening(), 8
    other = spacy.blank("en")
    other.add_pipe("tok2vec", config={"model": {**CNN, "width": width}})
    block = {**LISTENERS["tok2vec"], "width": width}
    other.add_pipe("bert_textcat", config={"model": listening(block)})
    examples = samples_of("textcat").make_examples(nlp)
    other.initialize(lambda: examples)
    other.get_pipe("bert_textcat").from_bytes(nlp.get_pipe("bert_textcat").to_bytes())
    with pytest.raises(InvalidError, match=r"E354.*\(4, 8\).*\(4, 32\)"):
        other(TEXTS[0])


def test_gold_on_another_text(make_listening: MakeListening) -> None:
    nlp = make_listening()
    reference = Doc(nlp.vocab, words=["Two", "words"], spaces=[False, False])
    reference.cats = {"delivery": 1.0}
    with pytest.raises(InvalidError, match=r"E355.*'Two words'.*'Twowords'"):
        nlp.update([Example(nlp.make_doc("Two words"), reference)], sgd=adamw(1e-3))


def test_pairs_of_strings_are_read_by_the_pipeline(make_listening: MakeListening) -> None:
    nlp = make_listening("nli")
    pipe, pair = nlp.get_pipe("bert_nli"), ("my parcel never arrived", "the parcel is here")
    assert pipe.compare(*pair) == pytest.approx(nlp(" [SEP] ".join(pair)).cats)
    assert list(pipe.compare_many([])) == []
    alone = pickle.loads(pickle.dumps(spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())))
    pipe = alone.get_pipe("bert_nli")
    del alone
    gc.collect()
    with pytest.raises(InvalidError, match=r"E353.*'bert_nli'"):
        pipe.compare(*pair)


def test_answers_are_spans_of_the_doc_that_was_given(make_listening: MakeListening) -> None:
    nlp = make_listening("qa", steps=60)
    pipe = nlp.get_pipe("bert_qa")
    context, question = Doc(nlp.vocab, words=["Ada was born in London", "."]), "where was Ada born ?"
    (answer,) = pipe.answer(context, question)
    assert answer.doc is context
    pipe.questions = [question]
    doc = nlp("Ada was born in London .")
    assert [span.text for span in doc.spans["answers:0"]] == ["London"]


def test_zeroshot_needs_an_encoder(make_listening: MakeListening) -> None:
    nlp = make_listening("nli")
    pipe = nlp.add_pipe("bert_zeroshot", config={"labels": ["a", "b"], "nli": "bert_nli"})
    with pytest.raises(InvalidError, match=r"E356.*bert_nli"):
        pipe.predict([nlp.make_doc(TEXTS[0])])
