"""All tasks in one pipeline, learned together from a mixed corpus: each learns, predicts and is scored as if alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy import registry
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from thinc.api import Config

from spacy_bertadapt import make_pair_doc
from spacy_bertadapt.tasks import TRAINED
from tests.fixtures.components import samples_of

ASSETS = Path(__file__).parents[2] / "assets"
READ = 24
"""Examples of each corpus."""

LABEL_MAP = {"neutral": "delivery", "entailment": "entailment", "contradiction": "contradiction"}
SETTINGS: dict[str, dict[str, Any]] = {"nli": {"label_map": LABEL_MAP}}
"""A label of the pairs is one of the texts too."""

COMPONENTS = {"spancat": {"max_span_length": 20}}

pytestmark = pytest.mark.filterwarnings("ignore:.*W308", "ignore:.*W310", "ignore:.*W40[123]")


def reader(task: str) -> dict[str, Any]:
    """Return the config of a task's corpus."""
    path = ASSETS / f"{task}_train{TRAINED[task].suffix}"
    return {"@readers": TRAINED[task].reader, "path": str(path), "limit": READ, **SETTINGS.get(task, {})}


def mixture(**settings: Any) -> dict[str, Any]:
    """Return the config of a mixture of all tasks' corpora."""
    corpora = {task: reader(task) for task in TRAINED}
    return {"@readers": "spacy-bertadapt.MixedCorpus.v1", "corpora": corpora, **settings}


def add_components(nlp: Language, encoder: Path, tasks: list[str]) -> None:
    for task in tasks:
        model = {"precision": "float32", "encoder": {"name": str(encoder), "dropout": 0.0}}
        nlp.add_pipe(
            TRAINED[task].factory, config={"model": model, **samples_of(task).SETTINGS, **COMPONENTS.get(task, {})}
        )


@pytest.fixture(scope="module", params=[list(TRAINED), list(reversed(TRAINED))], ids=["pairs last", "pairs first"])
def trained(request: pytest.FixtureRequest, tiny_bert: Path) -> Language:
    """A pipeline of all tasks, in either order, trained by spaCy's loop."""
    nlp = spacy.blank("en")
    add_components(nlp, tiny_bert, request.param)
    batcher = {"@batchers": "spacy-bertadapt.LengthBatcher.v1", "size": 8, "encoder": str(tiny_bert), "pool": 8}
    optimizer = {"@optimizers": "spacy-bertadapt.AdamW.v1", "learn_rate": 2e-3}
    config = nlp.config.merge(
        {
            "corpora": {"train": mixture(proportions={name: 1 + (name == "qa") for name in TRAINED}), "dev": mixture()},
            "training": {
                "batcher": batcher,
                "optimizer": optimizer,
                "max_steps": 120,
                "eval_frequency": 120,
                "max_epochs": 0,
            },
        }
    )
    nlp = init_nlp(Config(config))
    train(nlp, None)
    return nlp


@cache
def gold(task: str) -> Callable[[Language], list[Example]]:
    read = registry.resolve(Config({"corpus": reader(task)}))["corpus"]
    return lambda nlp: list(read(nlp))


@pytest.fixture
def mixed(trained: Language) -> list[Example]:
    """The examples of all tasks, mixed."""
    return list(registry.resolve(Config({"corpus": mixture()}))["corpus"](trained))


def own_scores(task: str) -> set[str]:
    """Return the names of a task's scores."""
    return set(Language.get_factory_meta(TRAINED[task].factory).default_score_weights)


def test_every_score_is_that_of_its_own_corpus(trained, mixed) -> None:
    scores = trained.evaluate(mixed)
    for task in TRAINED:
        alone = trained.evaluate(gold(task)(trained))
        for name in alone.keys() & own_scores(task):  # a component of labels has no scores of numbers
            is_table = isinstance(alone[name], dict)
            assert scores[name] == (alone[name] if is_table else pytest.approx(alone[name], abs=1e-6)), name
        assert scores[TRAINED[task].score.name] > 0
        assert trained.config["training"]["score_weights"][TRAINED[task].score.name] == 0.2


def test_scores_of_spacys_own_files(trained, mixed, tmp_path) -> None:
    """Its reader makes the predicted Docs of the texts alone, where pairs of all kinds look alike."""
    DocBin(docs=[example.reference for example in mixed], store_user_data=True).to_disk(tmp_path / "mixed.spacy")
    read = registry.readers.get("spacy.Corpus.v1")(tmp_path / "mixed.spacy", gold_preproc=False)
    with pytest.warns(UserWarning, match="W370") as reports:
        scores = trained.evaluate(read(trained))
    assert len(reports) == 1, "of contexts as hypotheses"
    expected = trained.evaluate(mixed)
    for task in ("textcat", "nli", "qa", "spancat"):
        score = TRAINED[task].score.name
        assert scores[score] == pytest.approx(expected[score], abs=1e-6), score


def test_labels_are_those_of_the_own_corpus(trained) -> None:
    topics = ("account", "delivery", "feedback", "payment", "product", "returns")
    assert trained.get_pipe("bert_textcat").labels == topics
    assert trained.get_pipe("bert_nli").labels == ("contradiction", "delivery", "entailment")
    assert not any(trained.get_pipe(name).cfg["ignored_labels"] for name in trained.pipe_names)


@pytest.mark.parametrize("task", TRAINED)
def test_examples_of_other_tasks_give_no_loss(trained, mixed, task) -> None:
    pipe = trained.get_pipe(TRAINED[task].factory)
    own = gold(task)(trained)
    others = [example for example in mixed if not pipe.is_annotated(example)]
    assert len(others) == len(mixed) - len(own)
    assert pipe.update(others)[pipe.name] == 0
    together = float(pipe.update(mixed)[pipe.name])
    assert together == pytest.approx(float(pipe.update(own)[pipe.name]), abs=1e-4)
    pipe.shim.learner.forget()


def test_each_learns_as_if_alone(tiny_bert) -> None:
    """From batches that are mixed too, such as spaCy's own batchers make."""
    nlp = spacy.blank("en")
    add_components(nlp, tiny_bert, list(TRAINED))
    mixed = [example for task in TRAINED for example in samples_of(task).make_examples(nlp)]
    optimizer = nlp.initialize(lambda: mixed, sgd=registry.optimizers.get("spacy-bertadapt.AdamW.v1")(1e-3))
    saved = nlp.to_bytes()
    for _ in range(3):
        nlp.update(mixed[::2], sgd=optimizer)
        nlp.update(mixed[1::2], sgd=optimizer)
    for task in TRAINED:
        name = TRAINED[task].factory
        alone = spacy.blank("en").from_config(nlp.config).from_bytes(saved)
        own = [alone.get_pipe(name).is_annotated(example) for example in mixed]
        optimizer = registry.optimizers.get("spacy-bertadapt.AdamW.v1")(1e-3)
        batches = [[eg for eg, is_own in zip(mixed[n::2], own[n::2], strict=True) if is_own] for n in (0, 1)]
        for batch in batches * 3:
            alone.get_pipe(name).update(batch, sgd=optimizer)
        expected = alone.get_pipe(name).network.module.state_dict()
        for key, value in nlp.get_pipe(name).network.module.state_dict().items():
            assert value.numpy() == pytest.approx(expected[key].numpy(), abs=1e-4), (name, key)


def annotated(docs: Iterator[Doc]) -> list[tuple[dict[str, float], set[str]]]:
    return [(dict(doc.cats), set(doc.spans)) for doc in docs]


def test_texts_and_pairs_go_through_together(trained) -> None:
    """In one stream: pairs by their span groups, texts, and texts that may be any pair."""
    topics, relations = (set(trained.get_pipe(name).labels) for name in ("bert_textcat", "bert_nli"))
    inputs = [
        "my parcel never arrived",
        make_pair_doc(trained, "six lamps are broken", "the lamps were broken by Ana", "nli"),
        make_pair_doc(trained, "who broke them ?", "Ana broke the lamps", "qa"),
        "six lamps are broken [SEP] the lamps were broken by Ana",
        "",
    ]
    results = annotated(trained.pipe(inputs * 3))
    for (cats, spans), (labels, groups) in zip(
        results[:5],
        [
            (topics, {"sc"}),
            (topics | relations, {"sc", "premise", "hypothesis"}),
            (topics, {"sc", "question", "context", "answers"}),
            (topics | relations, {"sc", "answers"}),
            (topics, {"sc"}),
        ],
        strict=True,
    ):
        assert cats.keys() == labels
        assert spans == groups
    relation = trained.get_pipe("bert_nli").compare("six lamps are broken", "the lamps were broken by Ana")
    assert {label: results[1][0][label] for label in relations} == pytest.approx(relation, abs=1e-5)
    for number, input in enumerate(inputs):
        doc = trained(input.copy() if isinstance(input, Doc) else input)
        assert dict(doc.cats) == pytest.approx(results[number][0], abs=1e-5)


def test_texts_that_pass_a_component_are_reported_once(trained) -> None:
    for name in ("bert_nli", "bert_qa"):
        trained.get_pipe(name)._has_reported_texts = False
    with pytest.warns(UserWarning, match="W310") as reports:
        list(trained.pipe(["no pair"] * 5, batch_size=2))
    assert len(reports) == 2


def test_without_components_that_read_texts_one_is_an_error(trained) -> None:
    with trained.select_pipes(enable=["bert_nli", "bert_qa"]), pytest.raises(ValueError, match=r"E203.*no pair"):
        trained("no pair")


def test_labels_that_are_given_are_weighed_by_the_own_corpus(nlp, make_textcat, make_nli) -> None:
    """As they must be where a corpus is streamed; nothing is said of labels that are another component's."""
    loss = {"@losses": "spacy-bertadapt.CrossEntropy.v1", "class_weights": "balanced"}
    labels = {"textcat": ["delivery", "payment", "returns"], "nli": ["contradiction", "entailment", "neutral"]}
    pipes = {"textcat": make_textcat(nlp, loss=loss), "nli": make_nli(nlp, loss=loss)}
    examples = {task: samples_of(task).make_examples(nlp) for task in pipes}
    own = {"textcat": examples["textcat"][1:], "nli": examples["nli"][:-1]}
    mixed = [*own["textcat"], *own["nli"]]
    nlp.config["initialize"]["components"] = {pipe.name: {"labels": labels[task]} for task, pipe in pipes.items()}
    nlp.initialize(lambda: mixed, sgd=registry.optimizers.get("spacy-bertadapt.AdamW.v1")(1e-3))
    losses = nlp.update(mixed, sgd=False)
    for task, pipe in pipes.items():
        assert float(losses[pipe.name]) == pytest.approx(float(pipe.update(own[task])[pipe.name]), abs=1e-5)
        counts = [sum(example.reference.cats[label] for example in own[task]) for label in labels[task]]
        assert pipe._class_weights == pytest.approx([8 / (3 * count) for count in counts])


def test_examples_that_no_component_learns_from_are_reported(nlp, make_textcat, make_ner) -> None:
    make_textcat(nlp)
    make_ner(nlp)
    doc = nlp.make_doc("nothing is known of this")
    examples = [example for task in ("textcat", "ner") for example in samples_of(task).make_examples(nlp)]
    with pytest.warns(UserWarning, match=r"W303\] 1 of 10 .*nothing is known") as reports:
        nlp.initialize(lambda: [*examples, Example(doc, doc)])
    assert len([report for report in reports if "W303" in str(report.message)]) == 2, "once a component"


def test_texts_for_a_component_of_spacy(nlp, make_nli, make_pairs) -> None:
    """A text with entities, whose categories are no relation of a pair."""
    ruler = nlp.add_pipe("span_ruler", config={"annotate_ents": True})
    make_nli(nlp)
    pairs = make_pairs(nlp)
    gold = {"entities": [(5, 9, "PLACE")], "cats": {"travel": 1.0}}
    text = Example.from_dict(nlp.make_doc("from Lima"), gold)
    with pytest.warns(UserWarning, match=r"W303\] 1 of 10 .*'bert_nli'.*from Lima"):
        nlp.initialize(lambda: [*pairs, text])
    ruler.add_patterns([{"label": "PLACE", "pattern": "Lima"}])
    assert nlp.get_pipe("bert_nli").labels == ("contradiction", "entailment", "neutral")
    scores = nlp.evaluate([*pairs, text])
    assert scores["nli_acc"] == nlp.evaluate(pairs)["nli_acc"]


@pytest.mark.filterwarnings("ignore:.*W303")
@pytest.mark.parametrize("factory", ["bert_textcat", "textcat"])
def test_a_textcat_of_spacys_own_takes_the_categories_of_pairs_for_its_own(
    nlp, make_textcat, make_nli, factory
) -> None:
    """As docs/mixed.md says; a `bert_nli` keeps to pairs beside both."""
    make_textcat(nlp) if factory == "bert_textcat" else nlp.add_pipe("textcat")
    make_nli(nlp)
    topics, relations = (samples_of(task).make_examples(nlp) for task in ("textcat", "nli"))
    nlp.initialize(lambda: [*topics, *relations])
    own, of_pairs = (set().union(*(example.y.cats for example in part)) for part in (topics, relations))
    assert set(nlp.get_pipe("bert_nli").labels) == of_pairs
    assert set(nlp.get_pipe(factory).labels) == (own if factory == "bert_textcat" else own | of_pairs)
    counted = nlp.evaluate([*topics, *relations])["cats_f_per_type"]
    assert set(counted) == set(nlp.get_pipe(factory).labels)
