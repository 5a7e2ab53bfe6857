"""Scores of a report are those of `nlp.evaluate`, for every task; and what each kind shows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_bertadapt.planning.report_rows import RowSpan
from spacy_bertadapt.reporting.intervals import intervals
from spacy_bertadapt.reporting.kinds import report_on
from spacy_bertadapt.reporting.runs import run_pipeline
from spacy_bertadapt.tasks.ner.report_rows import ner_rows
from tests.fixtures.components import samples_of

from .rows import answer_rows, label_rows, number_rows, several_label_rows, span_rows

EQUAL = {
    "textcat": {"macro F": "cats_score", "macro recall": "cats_macro_r"},
    "nli": {"accuracy": "nli_acc", "macro F": "nli_macro_f"},
    "ner": {"F": "ents_f", "precision": "ents_p", "recall": "ents_r"},
    "spancat": {"F": "spans_sc_f", "precision": "spans_sc_p", "recall": "spans_sc_r"},
    "qa": {
        "F1": "qa_f1",
        "exact match": "qa_em",
        "F1 of answerable": "qa_has_answer_f1",
        "share answered": "qa_answered",
    },
}
"""The titles of scores, and their names in `nlp.evaluate`."""


@pytest.mark.filterwarnings("ignore:.*W308")
@pytest.mark.parametrize("task", EQUAL)
def test_scores_are_those_of_evaluate(task: str, nlp: Language, make_pipe: Callable, train: Callable) -> None:
    make_pipe(task, nlp)
    examples = samples_of(task).make_examples(nlp)
    train(nlp, examples, steps=6)
    expected = nlp.evaluate(examples)
    run = run_pipeline(nlp, samples_of(task).make_examples(nlp), name="tiny")
    (component,) = run.components
    found = intervals(report_on(component.rows).measure, draws=20)
    assert component.rows.main == next(iter(EQUAL[task])) == next(iter(found))
    for title, name in EQUAL[task].items():
        assert found[title].value == pytest.approx(expected[name], abs=1e-6), title
        assert found[title].low <= found[title].value <= found[title].high
    assert run.scores[EQUAL[task][component.rows.main]] == pytest.approx(expected[EQUAL[task][component.rows.main]])


def test_several_labels_and_numbers_score_as_in_evaluate(
    nlp: Language, make_textcat: Callable, train: Callable
) -> None:
    make_textcat(nlp, exclusive=False)
    examples = samples_of("textcat").make_examples(nlp, several=True)
    examples[0].reference.cats.pop("delivery")  # no gold for it
    train(nlp, examples, steps=4)
    expected = nlp.evaluate(examples)
    (component,) = run_pipeline(nlp, examples, name="tiny").components
    found = intervals(report_on(component.rows).measure, draws=20)
    names = {"macro AUC": "cats_score", "micro F": "cats_micro_f", "macro F": "cats_macro_f"}
    assert {title: found[title].value for title in names} == pytest.approx(
        {title: expected[name] for title, name in names.items()}
    )


def test_numbers_score_as_in_evaluate(nlp: Language, make_textcat: Callable, train: Callable) -> None:
    make_textcat(nlp, loss={"@losses": "spacy-bertadapt.MeanSquaredError.v1"})
    texts = ["one", "two two", "three", "four is more", "five", "six"]
    examples = [Example.from_dict(nlp.make_doc(t), {"cats": {"stars": float(n)}}) for n, t in enumerate(texts)]
    train(nlp, examples, steps=6)
    expected = nlp.evaluate(examples)
    (component,) = run_pipeline(nlp, examples, name="tiny").components
    found = intervals(report_on(component.rows).measure, draws=20)
    names = {"Pearson": "cats_pearson", "Spearman": "cats_spearman", "RMSE": "cats_rmse", "MSE": "cats_mse"}
    for title, name in names.items():
        assert found[title].value == pytest.approx(expected[name], rel=1e-5), title


def test_spans_are_aligned_with_the_gold_tokens(nlp: Language, make_ner: Callable) -> None:
    """A tokenizer that splits otherwise gives whole tokens of the gold; where that is unknown, nothing is judged."""
    make_ner(nlp).initialize(lambda: [], nlp=nlp, labels=["PERSON"])
    gold = Doc(nlp.vocab, words=["AdaLovelace", "sings", "Ada"], spaces=[True, True, False])
    gold.set_ents([Span(gold, 0, 1, label="PERSON")], missing=[gold[2:3]])
    predicted = Doc(nlp.vocab, words=["Ada", "Lovelace", "sings", "Ada"], spaces=[False, True, True, False])
    predicted.set_ents([Span(predicted, 0, 1, label="PERSON"), Span(predicted, 3, 4, label="PERSON")])
    for entity in predicted.ents:
        entity._.score = 0.5
    rows = ner_rows(nlp.get_pipe("bert_ner"), [Example(predicted, gold)])
    assert rows.gold == [[RowSpan(0, 11, "PERSON")]]
    assert rows.predicted == [[RowSpan(0, 11, "PERSON", 0.5)]]


def test_labels_that_a_component_does_not_know_are_gold_it_misses() -> None:
    rows = label_rows([0, 1, 2, 2], [0, 1, 0, 1])
    report = report_on(type(rows)(**{**_fields(rows), "known": 2}))
    assert report.confusion.tolist() == [[1, 0, 0], [0, 1, 0], [1, 1, 0]]
    found = intervals(report.measure, draws=10)
    assert found["accuracy"].value == 0.5
    assert found["macro F"].value == pytest.approx(2 / 3), "of two labels"


def test_every_kind_has_blocks_and_rows() -> None:
    spans = [[RowSpan(0, 4, "A")], []], [[RowSpan(0, 4, "A", 0.9)], [RowSpan(0, 2, "B", 0.4)]]
    several = several_label_rows([[1, 0, 1], [0, 1, 0]], [[0.9, 0.2, 0.4], [0.6, 0.7, 0.1]])
    for rows in (label_rows([0, 1], [0, 2]), several, span_rows(*spans), answer_rows(), number_rows([1, 2], [1, 4])):
        report = report_on(rows)
        assert all(block.title and "<" in block.content for block in report.blocks())
        browser = report.browser_rows()
        assert len(browser.badness) == len(browser.predicted.confidence) == len(rows)
        worst = int(np.argmax(browser.badness))
        assert not report.correct[worst], "the worst is a mistake"
        assert report.weakness()


def test_the_sentence_names_what_goes_wrong_most() -> None:
    assert "good taken for mixed, 2 times" in report_on(label_rows([0, 0, 0, 1], [2, 2, 1, 1])).weakness()
    assert report_on(label_rows([0, 1], [0, 1])).weakness() == ""
    assert "unwanted" not in report_on(answer_rows()).weakness()


def test_outcomes_of_answers() -> None:
    assert report_on(answer_rows()).outcomes.tolist() == [0, 1, 3, 4]
    found = intervals(report_on(answer_rows()).measure, draws=10)
    assert found["F1"].value == pytest.approx(1.5 / 4)
    assert found["accuracy of unanswerable"].value == 0


def _fields(rows: object) -> dict:
    return {
        name: getattr(rows, name)
        for name in ("examples", "texts", "parts", "main", "labels", "known", "gold", "values")
    }
