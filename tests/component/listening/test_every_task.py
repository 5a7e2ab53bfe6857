"""Every trained task on vectors of another component: it learns, is saved, and predicts the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.language import Language

from spacy_bertadapt.tasks import TRAINED
from spacy_bertadapt.training.optimizer import adamw
from tests.fixtures.annotations import assert_same
from tests.fixtures.components import samples_of
from tests.fixtures.listening import UPSTREAMS

LIKE_SPACY = "ignore:Conversion of an array with ndim > 0:DeprecationWarning"  # in spacy-curated-transformers
MakeListening = Callable[..., Language]


def inputs_of(task: str, nlp: Language) -> list[str]:
    """Return the texts of a task's examples, and texts without a letter."""
    samples = samples_of(task)
    return [
        *(example.reference.text for example in samples.make_examples(nlp)),
        *(samples.as_input(text) for text in ("", "  ", "?")),
    ]


@pytest.mark.parametrize("task", TRAINED)
def test_overfitting_and_files(task: str, make_listening: MakeListening, tmp_path: Path) -> None:
    """What was learned by heart is predicted by pipe and call, after saving, and from bytes."""
    nlp = make_listening(task, steps=40)
    examples = samples_of(task).make_examples(nlp)
    scores = nlp.evaluate(examples)
    main = next(name for name, weight in nlp.get_pipe_meta(nlp.pipe_names[-1]).default_score_weights.items() if weight)
    assert scores[main] == pytest.approx(1.0)
    texts = inputs_of(task, nlp)
    docs = list(nlp.pipe(texts))
    assert_same(docs, [nlp(text) for text in texts])
    nlp.to_disk(tmp_path / "saved")
    assert_same(docs, spacy.load(tmp_path / "saved").pipe(texts, batch_size=2))
    assert_same(docs, spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes()).pipe(texts))


@pytest.mark.parametrize("kind", UPSTREAMS)
@pytest.mark.parametrize("task", ["textcat", "qa"])
def test_every_kind_of_upstream(task: str, kind: str, make_listening: MakeListening, tmp_path: Path) -> None:
    nlp = make_listening(task, kind, steps=2, frozen=kind == "curated_transformer")
    texts = inputs_of(task, nlp)
    docs = list(nlp.pipe(texts))
    assert_same(docs, [nlp(text) for text in texts])
    nlp.to_disk(tmp_path / "saved")
    assert_same(docs, spacy.load(tmp_path / "saved").pipe(texts))


def test_several_processes_give_the_same(make_listening: MakeListening) -> None:
    nlp = make_listening("ner")
    texts = inputs_of("ner", nlp) * 2
    assert_same(nlp.pipe(texts), nlp.pipe(texts, n_process=2, batch_size=8))


@pytest.mark.skipif(
    np.lib.NumpyVersion(np.__version__) >= "2.4.0", reason="spacy-curated-transformers: NumPy below 2.4"
)
@pytest.mark.filterwarnings(LIKE_SPACY)
def test_curated_transformer_learns(make_listening: MakeListening) -> None:
    nlp = make_listening("textcat", "curated_transformer", steps=0)
    before = nlp.get_pipe("curated_transformer").to_bytes(exclude=["vocab"])
    examples = samples_of("textcat").make_examples(nlp)
    for _ in range(2):
        nlp.update(examples, sgd=adamw(1e-3))
    assert nlp.get_pipe("curated_transformer").to_bytes(exclude=["vocab"]) != before
