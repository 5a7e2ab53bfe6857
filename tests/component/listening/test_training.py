"""`spacy train` adds a component that listens to a pipeline that is there, and changes nothing else of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.cli.init_config import fill_config
from spacy.cli.train import train
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training import Example
from thinc.api import Config, fix_random_seed

from spacy_bertadapt.training.optimizer import adamw
from tests.fixtures.components import samples_of
from tests.fixtures.listening import LISTENERS, AddUpstream, listening

CONFIG = """
[nlp]
lang = "en"
pipeline = ["{kind}", "ner", "bert_textcat"]

[components]

[components.{kind}]
source = "{base}"

[components.ner]
source = "{base}"

[components.bert_textcat]
factory = "bert_textcat"

[corpora]

[corpora.train]
@readers = "spacy.Corpus.v1"
path = "{data}"

[corpora.dev]
@readers = "spacy.Corpus.v1"
path = "{data}"

[training]
frozen_components = ["{kind}", "ner"]
annotating_components = ["{kind}"]
max_steps = 40
eval_frequency = 20
patience = 0

[training.optimizer]
@optimizers = "spacy-bertadapt.AdamW.v1"
learn_rate = 0.003

[training.score_weights]
cats_score = 1.0
"""


def make_base(kind: str, add_upstream: AddUpstream, folder: Path) -> Language:
    """Save a pipeline of spaCy's own ner on what is listened to, trained on entities."""
    nlp = spacy.blank("en")
    add_upstream(kind, nlp)
    nlp.add_pipe("ner", config={"model": {"tok2vec": LISTENERS[kind]}})
    examples = samples_of("ner").make_examples(nlp)
    fix_random_seed(0)
    optimizer = nlp.initialize(lambda: examples, sgd=adamw(3e-3))
    for _ in range(60):
        nlp.update(examples, sgd=optimizer)
    nlp.to_disk(folder)
    return nlp


def entities(nlp: Language, examples: list[Example]) -> list[Any]:
    """Return the entities of texts."""
    docs = nlp.pipe(example.reference.text for example in examples)
    return [[(ent.start, ent.end, ent.label_) for ent in doc.ents] for doc in docs]


def weights(pipe: Any) -> list[Any]:
    """Return the parameters of a component of spaCy's, Thinc's and torch's."""
    nodes = list(pipe.model.walk())
    own = [node.get_param(name) for node in nodes for name in node.param_names]
    return own + [p.detach().numpy() for node in nodes for shim in node.shims for p in shim._model.parameters()]


@pytest.mark.parametrize("kind", ["tok2vec", "transformer"])
@pytest.mark.filterwarnings("ignore:.*W086")  # the frozen component is listened to, which is what is wanted
def test_added_by_a_config(kind: str, add_upstream: AddUpstream, tmp_path: Path) -> None:
    base = make_base(kind, add_upstream, tmp_path / "base")
    examples = samples_of("textcat").make_examples(base)
    texts = [*examples, *samples_of("ner").make_examples(base)]
    DocBin(docs=[example.reference for example in examples]).to_disk(tmp_path / "data.spacy")
    paths = {"base": tmp_path / "base", "data": tmp_path / "data.spacy"}
    config = Config().from_str(CONFIG.format(kind=kind, **paths))
    config["components"]["bert_textcat"]["model"] = {
        "@architectures": "spacy-bertadapt.SequenceClassifier.v1",
        **listening(kind),
    }
    config.to_disk(tmp_path / "base.cfg")
    fill_config(tmp_path / "config.cfg", tmp_path / "base.cfg")
    train(tmp_path / "config.cfg", tmp_path / "out")
    nlp = spacy.load(tmp_path / "out/model-best")
    assert nlp.evaluate(examples)["cats_score"] == pytest.approx(1.0)
    assert entities(nlp, texts) == entities(base, texts)
    assert any(entities(base, texts))
    for name in (kind, "ner"):
        pairs = list(zip(weights(nlp.get_pipe(name)), weights(base.get_pipe(name)), strict=True))
        assert pairs
        assert all(np.array_equal(one, other) for one, other in pairs)
