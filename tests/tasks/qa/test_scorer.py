"""SQuAD's scores, on cases worked out by hand from its published definition."""

from __future__ import annotations

import warnings

import pytest
import spacy
from spacy.tokens import SpanGroup
from spacy.training import Example

from spacy_bertadapt.tasks.qa.scorer import exact_match, f1_score, make_qa_scorer, normalize


@pytest.mark.parametrize(
    ("text", "expected"),
    [("The  Cat!", "cat"), ("an apple, a day", "apple day"), ("U.S.", "us"), ("then", "then"), ("the", "")],
)
def test_normalize(text: str, expected: str) -> None:
    assert normalize(text) == expected


@pytest.mark.parametrize(
    ("answer", "gold", "expected"),
    [
        ("the cat", "Cat.", 1.0),
        ("black cat", "cat", 2 / 3),
        ("cat cat", "cat", 2 / 3),
        ("dog", "cat", 0.0),
        ("", "cat", 0.0),
        ("cat", "", 0.0),
        ("", "", 1.0),
        ("the", "", 1.0),
    ],
)
def test_f1_score(answer: str, gold: str, expected: float) -> None:
    assert f1_score(answer, gold) == pytest.approx(expected)
    assert exact_match(answer, gold) == (expected == 1.0)


def test_the_nearest_gold_answer_counts() -> None:
    nlp = spacy.blank("en")
    examples = []
    for answer, gold in (((3, 5), [(3, 4), (3, 5)]), ((3, 4), [(3, 5)]), (None, [(4, 5)]), (None, []), ((3, 4), [])):
        reference, predicted = nlp("q [SEP] x big cat"), nlp("q [SEP] x big cat")
        offset = len(reference) - 5
        spans = [reference[start + offset : stop + offset] for start, stop in gold]
        reference.spans["answers"] = SpanGroup(reference, spans=spans)
        predicted.spans["answers"] = [] if answer is None else [predicted[answer[0] + offset : answer[1] + offset]]
        examples.append(Example(predicted, reference))
    scores = make_qa_scorer()(examples)
    assert scores["qa_f1"] == pytest.approx((1 + 2 / 3 + 0 + 1 + 0) / 5)
    assert scores["qa_em"] == pytest.approx(2 / 5)
    assert scores["qa_has_answer_f1"] == pytest.approx((1 + 2 / 3) / 3)
    assert scores["qa_no_answer_acc"] == 0.5
    assert scores["qa_answered"] == 3 / 5
    assert scores["spans_answers_p"] == pytest.approx(1 / 3)
    assert make_qa_scorer()([])["qa_f1"] is None


def test_answers_to_all_or_none_are_reported_when_that_begins() -> None:
    nlp = spacy.blank("en")

    def examples(*, answered: tuple[bool, ...], gold: tuple[bool, ...] = (True, False)) -> list[Example]:
        made = []
        for is_answered, has_answer in zip(answered, gold, strict=True):
            predicted, reference = nlp("q [SEP] x"), nlp("q [SEP] x")
            predicted.spans["answers"] = [predicted[-1:]] if is_answered else []
            reference.spans["answers"] = [reference[-1:]] if has_answer else []
            made.append(Example(predicted, reference))
        return made

    none, every, some = ((False, False), (True, True), (True, False))
    expected = [(none, "no"), (none, None), (every, "every"), (every, None), (some, None), (every, "every")]
    scorer = make_qa_scorer()
    for answered, what in expected:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            scorer(examples(answered=answered))
        assert [str(warning.message).split(",")[0] for warning in caught] == (
            [] if what is None else [f"[W308] The pipeline answers {what} question"]
        )
    make_qa_scorer()(examples(answered=every, gold=(True, True)))
