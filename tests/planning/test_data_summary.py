"""Counting labels and measuring texts."""

from __future__ import annotations

from pathlib import Path

from spacy_bertadapt.planning.data_summary import LabelSurvey, LengthSurvey, summarize_lengths, survey_lengths
from spacy_bertadapt.planning.data_survey import read_encoder_tokenizer


def survey(*golds: dict[str, bool] | None) -> LabelSurvey:
    labels = LabelSurvey()
    for gold in golds:
        labels.add(gold)
    return labels


def test_exactly_one_label_a_text_is_exclusive() -> None:
    assert survey({"a": True, "b": False}, {"a": False, "b": True}).exclusive


def test_several_labels_or_none_are_not_exclusive() -> None:
    assert not survey({"a": True, "b": True}).exclusive
    assert not survey({"a": False, "b": False}).exclusive


def test_texts_without_annotation_decide_nothing() -> None:
    labels = survey(None, {"a": True, "b": False})
    assert (labels.labelled, labels.unlabelled, labels.exclusive) == (1, 1, True)


def test_labels_that_never_hold_are_counted_too() -> None:
    labels = survey(*[{"a": True, "b": False}] * 4)
    assert dict(labels.counts) == {"a": 4, "b": 0}
    assert labels.imbalance == 4


def test_percentiles_are_lengths_that_occur() -> None:
    assert summarize_lengths(list(range(1, 201))) == LengthSurvey(p50=101, p90=181, p95=191, p99=199, longest=200)


def test_lengths_count_special_tokens(tiny_bert: Path) -> None:
    tokenizer, limit = read_encoder_tokenizer(str(tiny_bert))
    assert limit == 64
    assert survey_lengths([""], tokenizer).longest == 2
