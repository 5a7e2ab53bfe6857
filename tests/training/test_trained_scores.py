"""SCORE is made of what is trained: frozen components and rules have no share in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import spacy
from spacy.language import Language
from spacy.training import Example
from spacy.util import load_model_from_config

CALLBACK = {"@callbacks": "spacy-bertadapt.TrainedScores.v1"}


@pytest.fixture
def weights_of(make_textcat: Callable, make_texts: Callable) -> Callable[..., dict[str, float]]:
    """Initializes a bert_textcat beside other components, as `spacy train` does; returns the weights that count."""

    def initialize(
        *others: str, frozen: Sequence[str] = (), disabled: Sequence[str] = (), callback: dict | None = CALLBACK
    ) -> dict[str, float]:
        nlp = spacy.blank("en")
        for name in others:
            nlp.add_pipe(name)
        make_textcat(nlp)
        config = nlp.config.copy()
        config["training"]["frozen_components"] = list(frozen)
        config["nlp"]["disabled"] = list(disabled)
        config["initialize"]["after_init"] = callback
        nlp = load_model_from_config(config)
        with nlp.select_pipes(disable=list(frozen)):
            nlp.initialize(lambda: _tagged(nlp, make_texts(nlp)))
        return {name: weight for name, weight in nlp.config["training"]["score_weights"].items() if weight}

    return initialize


def _tagged(nlp: Language, examples: list[Example]) -> list[Example]:
    """Examples that a tagger learns from too."""
    for example in examples:
        for token in example.reference:
            token.tag_ = "X"
    return examples


def test_without_it_frozen_components_share(weights_of: Callable) -> None:
    assert weights_of("tagger", "sentencizer", frozen=["tagger"], callback=None)["cats_score"] == pytest.approx(0.33)


@pytest.mark.parametrize(
    ("others", "frozen"),
    [
        ((), []),
        (("tagger",), ["tagger"]),
        (("sentencizer", "entity_ruler"), []),
        (("tagger", "senter"), ["tagger", "senter"]),
    ],
)
def test_what_does_not_learn_has_no_share(weights_of: Callable, others: tuple, frozen: list[str]) -> None:
    assert weights_of(*others, frozen=frozen) == {"cats_score": 1.0}


def test_what_learns_shares(weights_of: Callable) -> None:
    assert weights_of("tagger", "sentencizer", frozen=[]) == {"tag_acc": 0.5, "cats_score": 0.5}


def test_what_is_disabled_has_no_share(weights_of: Callable) -> None:
    assert weights_of("tagger", disabled=["tagger"]) == {"cats_score": 1.0}


def test_what_goes_on_learning_shares(weights_of: Callable, make_textcat: Callable, make_texts: Callable) -> None:
    """`spacy train` disables components of other pipelines while it initializes the rest."""
    tagger = spacy.blank("en")
    tagger.add_pipe("tagger")
    tagger.initialize(lambda: _tagged(tagger, make_texts(tagger)))
    nlp = spacy.blank("en")
    nlp.add_pipe("tagger", source=tagger)
    make_textcat(nlp)
    nlp.config["initialize"]["after_init"] = CALLBACK
    with nlp.select_pipes(disable=["tagger"]):
        nlp.initialize(lambda: make_texts(nlp))
    weights = nlp.config["training"]["score_weights"]
    assert weights["tag_acc"] == weights["cats_score"] == 0.5
