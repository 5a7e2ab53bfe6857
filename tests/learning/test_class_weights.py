"""Class weights: by name, balanced, or none."""

from __future__ import annotations

import pytest

from spacy_bertadapt.learning.class_weights import resolve_class_weights

LABELS = ["a", "b", "c"]
COUNTS = {"a": 60, "b": 30, "c": 10}


def test_none_are_none() -> None:
    assert resolve_class_weights(None, LABELS, COUNTS, texts=100, exclusive=True) is None


@pytest.mark.parametrize("exclusive", [True, False])
def test_those_not_named_weigh_one(exclusive: bool) -> None:
    weights = resolve_class_weights({"c": 3, "a": 0.5}, LABELS, {}, texts=0, exclusive=exclusive)
    assert weights == [0.5, 1.0, 3.0]


def test_balanced_exclusive_labels_average_to_one_over_the_data() -> None:
    weights = resolve_class_weights("balanced", LABELS, COUNTS, texts=100, exclusive=True)
    assert weights == pytest.approx([100 / 180, 100 / 90, 100 / 30])
    assert weights is not None
    assert sum(weight * COUNTS[label] for label, weight in zip(LABELS, weights, strict=True)) == pytest.approx(100)


def test_balanced_labels_that_do_not_exclude_each_other_weigh_their_positives() -> None:
    weights = resolve_class_weights("balanced", LABELS, COUNTS, texts=100, exclusive=False)
    assert weights == pytest.approx([40 / 60, 70 / 30, 90 / 10])


@pytest.mark.parametrize(("exclusive", "expected"), [(True, [100 / 200, 100 / 2]), (False, [1 / 100, 99.0])])
def test_labels_of_all_texts_or_none_have_finite_weights(exclusive: bool, expected: list[float]) -> None:
    weights = resolve_class_weights("balanced", ["all", "none"], {"all": 100}, texts=100, exclusive=exclusive)
    assert weights == pytest.approx(expected)


def test_balanced_needs_data() -> None:
    with pytest.raises(ValueError, match="E310"):
        resolve_class_weights("balanced", LABELS, {}, texts=0, exclusive=True)


def test_unknown_labels_are_named() -> None:
    with pytest.raises(ValueError, match=r"E309.*\['x', 'y'\].*\['a', 'b', 'c'\]"):
        resolve_class_weights({"y": 1.0, "a": 1.0, "x": 2.0}, LABELS, COUNTS, texts=100, exclusive=True)


def test_negative_weights_are_refused() -> None:
    with pytest.raises(ValueError, match=r"E308.*class_weights"):
        resolve_class_weights({"a": -1.0}, ["a", "b"], {}, texts=10, exclusive=True)
