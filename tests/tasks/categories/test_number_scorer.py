"""Correlations and errors of numbers, against values worked out by hand or by SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import spacy
from spacy.training import Example

from spacy_bertadapt.tasks.categories.number_scorer import correlation, ranks, score_numbers

GOLD, PREDICTED = [1.0, 2.0, 2.0, 4.0, 5.0], [1.5, 1.0, 3.0, 3.0, 7.0]


def make_examples(gold: list[dict[str, float]], predicted: list[dict[str, float]]) -> list[Example]:
    nlp = spacy.blank("en")
    examples = [Example.from_dict(nlp.make_doc("x"), {"cats": cats}) for cats in gold]
    for example, cats in zip(examples, predicted, strict=True):
        example.predicted.cats = dict(cats)
    return examples


def test_equal_numbers_share_the_mean_of_their_places() -> None:
    assert ranks(np.array([3.0, 1.0, 3.0, 2.0, 3.0])).tolist() == [4.0, 1.0, 4.0, 2.0, 4.0]


def test_scores_of_one_number() -> None:
    scores = score_numbers(
        make_examples([{"stars": x} for x in GOLD], [{"stars": x} for x in PREDICTED]), labels=["stars"]
    )
    assert scores["cats_pearson"] == pytest.approx(0.8460245)  # scipy.stats.pearsonr
    assert scores["cats_spearman"] == pytest.approx(0.7631579)  # scipy.stats.spearmanr
    assert scores["cats_mse"] == pytest.approx((0.25 + 1 + 1 + 1 + 4) / 5)
    assert scores["cats_rmse"] == pytest.approx(scores["cats_mse"] ** 0.5)
    assert scores["cats_score"] == pytest.approx((0.8460245 + 0.7631579) / 2)
    assert scores["cats_score_desc"] == "mean of Pearson and Spearman"
    assert scores["cats_numbers_per_type"] == {
        "stars": {name: scores[f"cats_{name}"] for name in ("pearson", "spearman", "mse", "rmse")}
    }
    assert not any(name in scores for name in ("cats_macro_f", "cats_micro_p", "cats_macro_auc"))


def test_each_number_is_scored_where_it_has_gold() -> None:
    gold = [{"a": 1.0}, {"a": 2.0, "b": 3.0}, {"b": 1.0}, {}]
    predicted = [{"a": 2.0, "b": 0.0}, {"a": 3.0, "b": 3.0}, {"a": 0.0, "b": 1.0}, {"a": 9.0, "b": 9.0}]
    scores = score_numbers(make_examples(gold, predicted), labels=["a", "b"])
    assert scores["cats_numbers_per_type"]["a"]["mse"] == 1
    assert scores["cats_numbers_per_type"]["b"]["mse"] == 0
    assert scores["cats_mse"] == 0.5
    assert scores["cats_pearson"] == pytest.approx(1)


def test_what_does_not_vary_correlates_with_nothing() -> None:
    same, other = np.array([2.0, 2.0, 2.0]), np.array([1.0, 2.0, 3.0])
    assert correlation(same, other) == correlation(other, same) == 0.0


def test_without_gold_there_are_no_scores() -> None:
    scores = score_numbers(make_examples([{}], [{"a": 1.0}]), labels=["a"])
    assert scores["cats_score"] is None
    assert scores["cats_mse"] is None
    assert scores["cats_numbers_per_type"] is None


def test_numbers_that_nothing_predicts_are_reported() -> None:
    with pytest.warns(UserWarning, match=r"W305.*'b'"):
        score_numbers(make_examples([{"a": 1.0, "b": 2.0}], [{"a": 1.0}]), labels=["a"])
