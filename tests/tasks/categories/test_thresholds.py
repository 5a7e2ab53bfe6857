"""Thresholds of labels, in what is decided and scored."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.training import Example

from spacy_bertadapt.component.calibration import Calibration
from spacy_bertadapt.tasks.categories.results import category_results
from spacy_bertadapt.tasks.categories.scorer import centred, score_cats

ROWS = [({"a": 0.9, "b": 0.3}, {"a": 1.0, "b": 1.0}), ({"a": 0.6, "b": 0.2}, {"a": 0.0, "b": 0.0})]


def examples_of(nlp: Language, rows: list[tuple[dict, dict]]) -> list[Example]:
    examples = []
    for predicted, gold in rows:
        example = Example.from_dict(nlp.make_doc("a text"), {"cats": gold})
        example.predicted.cats = predicted
        examples.append(example)
    return examples


def test_each_label_is_scored_by_its_own_threshold(nlp: Language) -> None:
    """At 0.5, `a` is predicted twice and `b` never; at 0.7 and 0.25 both are as gold has them."""
    settings = {"labels": ["a", "b"], "exclusive": False}
    plain = score_cats(examples_of(nlp, ROWS), **settings)
    assert (plain["cats_micro_p"], plain["cats_micro_r"]) == (0.5, 0.5)
    own = Calibration(thresholds={"a": 0.7, "b": 0.25})
    scores = score_cats(examples_of(nlp, ROWS), calibration=own, **settings)
    assert (scores["cats_micro_p"], scores["cats_micro_r"]) == (1.0, 1.0)
    assert scores["cats_macro_auc"] == plain["cats_macro_auc"], "the order of scores is what it was"
    one = score_cats(examples_of(nlp, ROWS), calibration=Calibration(thresholds={"a": 1.0}), threshold=0.25, **settings)
    assert one["cats_f_per_type"]["a"]["r"] == 0
    assert one["cats_f_per_type"]["b"]["r"] == 1


def test_texts_that_are_left_undecided(nlp: Language) -> None:
    rows = [({"a": 0.9, "b": 0.1}, {"a": 1.0}), ({"a": 0.6, "b": 0.4}, {"b": 1.0}), ({"a": 0.1, "b": 0.9}, {"a": 1.0})]
    settings = {"labels": ["a", "b"], "exclusive": True}
    plain = score_cats(examples_of(nlp, rows), **settings)
    scores = score_cats(examples_of(nlp, rows), calibration=Calibration(thresholds={"a": 0.7}), **settings)
    assert scores.pop("cats_decided") == pytest.approx(2 / 3)
    assert scores.pop("cats_decided_acc") == 0.5
    assert scores == plain


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 0.9, 1.0])
def test_scores_keep_their_order_around_a_threshold(threshold: float) -> None:
    values = np.linspace(0, 1, 101)
    moved = np.array([centred(value, threshold) for value in values])
    assert (np.diff(moved) > 0).all()
    assert ((moved >= 0.5) == ((values >= threshold) & (threshold < 1))).all()
    assert moved.min() >= 0
    assert moved.max() <= 1


def test_columns_and_decisions_of_several_labels(make_textcat: Callable) -> None:
    nlp = spacy.blank("en")
    pipe = make_textcat(nlp, exclusive=False)
    pipe.initialize(list, labels=["a", "b", "c"])
    doc = nlp.make_doc("a text")
    doc.cats = {"a": 0.6, "b": 0.3, "c": 0.7}
    assert pipe.decide(doc) == ("c", "a")
    pipe.calibration = Calibration(thresholds={"a": 0.65, "b": 0.2})
    assert pipe.decide(doc) == ("c", "b")
    assert category_results(pipe).read(doc)["labels"] == ["c", "b"]
    pipe.threshold = 0.0
    pipe.calibration = Calibration()
    assert pipe.decide(doc) == ("c", "a", "b")
