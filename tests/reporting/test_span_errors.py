"""What is wrong with predicted spans."""

from __future__ import annotations

import pytest

from spacy_bertadapt.planning.report_rows import RowSpan
from spacy_bertadapt.reporting.span_errors import ERRORS, match_spans

A = RowSpan(0, 5, "A")


@pytest.mark.parametrize(
    ("predicted", "error"),
    [
        ([RowSpan(0, 5, "A", 0.9)], [None]),
        ([RowSpan(0, 5, "B")], ["wrong type"]),
        ([RowSpan(0, 3, "A")], ["wrong boundaries"]),
        ([RowSpan(2, 9, "B")], ["type and boundaries"]),
        ([], ["missed"]),
        ([RowSpan(5, 9, "A")], ["missed", "spurious"]),
        ([RowSpan(0, 3, "A"), RowSpan(0, 5, "B")], ["wrong type", "spurious"]),
        ([RowSpan(0, 2, "B"), RowSpan(4, 5, "A")], ["wrong boundaries", "spurious"]),
        ([RowSpan(0, 5, "A"), RowSpan(0, 5, "B")], [None, "spurious"]),
    ],
)
def test_each_kind_of_error(predicted: list[RowSpan], error: list[str | None]) -> None:
    found = match_spans([A], predicted)
    assert [None if match.error is None else ERRORS[match.error] for match in found] == error


def test_each_span_is_in_one_match() -> None:
    gold = [A, RowSpan(3, 8, "B"), RowSpan(10, 12, "C")]
    predicted = [RowSpan(1, 8, "B"), RowSpan(0, 12, "C"), RowSpan(20, 21, "A")]
    found = match_spans(gold, predicted)
    assert sorted(match.gold.key for match in found if match.gold) == sorted(span.key for span in gold)
    assert sorted(match.predicted.key for match in found if match.predicted) == sorted(span.key for span in predicted)
