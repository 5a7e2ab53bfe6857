"""The report on answers to questions."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ...planning.report_rows import AnswerRows, Doubles, RowSpan
from ...types import Bools, Ints
from ..browser_rows import BrowserRows, Predicted, as_marks
from ..charts.bars import Bar, bar_chart, histogram
from ..markup import Block, share
from ..measures import Scores, Sums, divide
from .base import KindReport, rounded

LABELS = ("has an answer", "no answer")
RIGHT, PARTLY, WRONG, NOT_ANSWERED, OUGHT_NOT = range(5)
OUTCOMES = ("right", "partly right", "another answer", "answer not given", "unwanted answer")
ERRORS = OUTCOMES[1:]
COLORS = (3, 1, 2, 4, 5)
CONTEXT = 1
NO_ANSWER = "∅ no answer"


class AnswerReport(KindReport[AnswerRows]):
    """F1 and exact matches, of questions with and without an answer, and what confidence is worth."""

    rows_class = AnswerRows
    quality_title = "F1"

    @cached_property
    def has_answer(self) -> Bools:
        """Whether each question has an answer."""
        return np.array([bool(texts) for texts in self.rows.gold], dtype=bool)

    @cached_property
    def is_answered(self) -> Bools:
        """Whether each question gets an answer."""
        return np.array([answer is not None for answer in self.rows.answers], dtype=bool)

    @cached_property
    def measure(self) -> Sums:
        """Means over all questions, and over those with an answer and those without."""
        has, none = self.has_answer, ~self.has_answer
        columns = [np.ones(len(has)), self.rows.f1, self.rows.exact, has, self.rows.f1 * has, none]
        columns += [none & ~self.is_answered, self.is_answered]
        return Sums.of_rows(np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1), _score)

    @cached_property
    def correct(self) -> Bools:
        """Whether each is an exact match."""
        return self.rows.exact >= 1

    @cached_property
    def quality(self) -> Doubles:
        """The F1 of each."""
        return self.rows.f1

    @cached_property
    def confidence(self) -> Doubles:
        """The probability of the answer, or of none where none is given."""
        return self.rows.confidence

    @cached_property
    def outcomes(self) -> Ints:
        """(rows,) the number of each one's outcome in `OUTCOMES`."""
        wrong = np.where(self.has_answer, np.where(self.rows.f1 > 0, PARTLY, WRONG), OUGHT_NOT)
        unanswered = np.where(self.has_answer & ~self.is_answered, NOT_ANSWERED, wrong)
        return np.where(self.correct, RIGHT, unanswered)

    def weakness(self) -> str:
        """Return the outcome other than a right answer that is most frequent."""
        counts = np.bincount(self.outcomes, minlength=len(OUTCOMES))[1:]
        return (
            f"the most frequent error: {ERRORS[int(counts.argmax())]}, {counts.max():,} times" if counts.any() else ""
        )

    def blocks(self) -> list[Block]:
        """Return outcomes, calibration, coverage, and F1 by confidence."""
        blocks = [self._outcome_block()]
        if not np.isnan(self.confidence).any():
            of_what = "answers, of which exact matches are right"
            blocks += [self.calibration_block(self.confidence, self.correct, of_what=of_what), self.coverage_block()]
        edges = np.linspace(0, 1, 11)
        layers = [
            (name, np.histogram(self.rows.f1[kept], edges)[0])
            for name, kept in (("has an answer", self.has_answer), ("has none", ~self.has_answer))
        ]
        note = "How much of an answer is right: 0 nothing, 1 all of it."
        drawn = histogram("F1 of questions", edges, layers, x_title="F1", y_title="questions", description=note)
        return [*blocks, Block("F1 of questions", drawn, note)]

    def browser_rows(self) -> BrowserRows:
        """Return the rows, the wrong ones first that are the most confident."""
        numbers = {span.label: number for number, span in enumerate(self._all_spans()[:1])}
        texts = [text for _, text in self.rows.texts]
        confidence = np.nan_to_num(self.confidence, nan=1.0)
        return BrowserRows(
            labels=LABELS,
            gold_labels=[[0 if has else 1] for has in self.has_answer.tolist()],
            gold_texts=[" / ".join(dict.fromkeys(answers)) or NO_ANSWER for answers in self.rows.gold],
            gold_marks=[as_marks(_different(spans), numbers, part=CONTEXT) for spans in self.rows.gold_spans],
            predicted=Predicted(
                labels=[[0 if has else 1] for has in self.is_answered.tolist()],
                confidence=rounded(self.confidence),
                is_right=self.correct,
                texts=[_said(answer, text) for answer, text in zip(self.rows.answers, texts, strict=True)],
                marks=[[] if a is None else as_marks([a], numbers, part=CONTEXT) for a in self.rows.answers],
            ),
            badness=((1 - self.rows.f1) * confidence).tolist(),
            badness_title="wrongness",
            errors=[[] if outcome == RIGHT else [outcome - 1] for outcome in self.outcomes.tolist()],
            error_names=ERRORS,
        )

    def _all_spans(self) -> list[RowSpan]:
        answers = [answer for answer in self.rows.answers if answer is not None]
        return [*answers, *(span for spans in self.rows.gold_spans for span in spans)]

    def _outcome_block(self) -> Block:
        counts = np.bincount(self.outcomes, minlength=len(OUTCOMES)).tolist()
        bars = [
            Bar(name, float(count), f"{count:,}", color)
            for name, count, color in zip(OUTCOMES, counts, COLORS, strict=True)
        ]
        right = share(counts[RIGHT] / max(len(self.rows), 1))
        note = f"{share(float(self.has_answer.mean()))} of the questions have an answer; {right} of all are right."
        return Block("Outcomes", bar_chart("Outcomes", bars, description=note), note)


def _score(sums: Doubles) -> Scores:
    count, f1, exact, has, has_f1, none, none_right, answered = sums.T
    return {
        "F1": divide(f1, count),
        "exact match": divide(exact, count),
        "F1 of answerable": divide(has_f1, has),
        "accuracy of unanswerable": divide(none_right, none),
        "share answered": divide(answered, count),
    }


def _different(spans: list[RowSpan]) -> list[RowSpan]:
    return list({span.key: span for span in spans}.values())


def _said(answer: RowSpan | None, text: str) -> str:
    return NO_ANSWER if answer is None else text[answer.start : answer.end]
