"""The report on labelled spans: entities, and spans that overlap."""

from __future__ import annotations

from collections import Counter
from functools import cached_property

import numpy as np

from ...planning.report_rows import Doubles, RowSpan, SpanRows
from ...types import Bools, Ints
from ..browser_rows import BrowserRows, Predicted, as_marks
from ..charts.bars import Bar, bar_chart
from ..charts.heat import heat_table, needs_width
from ..markup import Block, share
from ..measures import Scores, Sums, prf_scores
from ..span_errors import ERRORS, MISSED, SPURIOUS, SpanMatch, match_spans
from ..thresholds import threshold_curve
from .base import KindReport, rounded
from .label_scores import by_label, label_table
from .threshold_blocks import threshold_chart

NOTHING = "nothing"
COLORS = {MISSED: 2, SPURIOUS: 4}
RIGHT_COLOR, ERROR_COLOR = 3, 1


class SpanReport(KindReport[SpanRows]):
    """Precision, recall and F of spans, what is wrong with those that are, and what their scores are worth."""

    rows_class = SpanRows
    quality_title = "F of the text's spans"

    @cached_property
    def labels(self) -> list[str]:
        """All labels of gold and predictions, by name."""
        return sorted({span.label for row in (*self.rows.gold, *self.rows.predicted) for span in row})

    @cached_property
    def matches(self) -> list[list[SpanMatch]]:
        """The matches of each row."""
        pairs = zip(self.rows.gold, self.rows.predicted, strict=True)
        return [match_spans(gold, predicted) for gold, predicted in pairs]

    @cached_property
    def counts(self) -> Doubles:
        """(rows, 3, labels): hits, predictions and gold of each row."""
        numbers = self._numbers
        counts = np.zeros((len(self.rows), 3, len(self.labels)))
        for row, matches in enumerate(self.matches):
            for match in matches:
                if match.error is None and match.gold is not None:
                    counts[row, 0, numbers[match.gold.label]] += 1
                if match.predicted is not None:
                    counts[row, 1, numbers[match.predicted.label]] += 1
                if match.gold is not None:
                    counts[row, 2, numbers[match.gold.label]] += 1
        return counts

    @cached_property
    def measure(self) -> Sums:
        """Scores of counts, which are drawn text by text."""
        return Sums.of_rows(self.counts.reshape(len(self.rows), -1), self._score)

    @cached_property
    def correct(self) -> Bools:
        """Whether a text has no error."""
        return np.array([all(match.error is None for match in matches) for matches in self.matches], dtype=bool)

    @cached_property
    def quality(self) -> Doubles:
        """The F of each text; 1 where there is nothing to be found, and nothing was."""
        tp, predicted, gold = self.counts.sum(axis=2).T
        return np.where(predicted + gold == 0, 1.0, 2 * tp / np.maximum(predicted + gold, 1))

    @cached_property
    def confidence(self) -> Doubles:
        """The lowest score of a text's predicted spans; NaN where none is predicted, or none has a score."""
        scores = [[span.score for span in row if span.score is not None] for row in self.rows.predicted]
        return np.array([min(row) if row else np.nan for row in scores], dtype=np.float64)

    def weakness(self) -> str:
        """Return the kind of error that is most frequent."""
        errors = self._errors()
        if not errors:
            return ""
        error, count = errors.most_common(1)[0]
        return f"the most frequent error: {ERRORS[error]}, {count:,} times"

    def blocks(self) -> list[Block]:
        """Return errors, confusions, scores by label, calibration and thresholds."""
        totals = self.counts.sum(axis=0)
        caption = "Labels of matched spans"
        names = [*self.labels, NOTHING]
        confusion = heat_table(names, self._confusion(), rows="gold", columns="predicted", caption=caption)
        note = "Spans that overlap, by gold and predicted label; those that overlap none are beside nothing."
        blocks = [
            self._error_block(),
            Block("Confusion of labels", confusion, note, is_wide=needs_width(names)),
            Block(
                "Scores by label",
                label_table(
                    self.labels, list(totals.astype(np.int64)), by_label(self.labels, self.measure), unit="spans"
                ),
                is_wide=True,
            ),
        ]
        predicted = [match for row in self.matches for match in row if match.predicted is not None]
        scores = np.array([_score_of(match.predicted) for match in predicted], dtype=np.float64)
        if len(scores) and not np.isnan(scores).any():
            right = np.array([match.error is None for match in predicted])
            blocks.append(self.calibration_block(scores, right, of_what="predicted spans"))
            curve = threshold_curve(scores, right, int(totals[2].sum()))
            note = "What the scores would be if predicted spans below a threshold were left out."
            blocks.append(Block("Threshold", threshold_chart("all labels", curve), note))
        return blocks

    def browser_rows(self) -> BrowserRows:
        """Return the rows, those first with the most errors, of which confident ones weigh more."""
        numbers = self._numbers
        return BrowserRows(
            labels=self.labels,
            gold_labels=[sorted({numbers[span.label] for span in row}) for row in self.rows.gold],
            gold_marks=[as_marks(row, numbers) for row in self.rows.gold],
            predicted=Predicted(
                labels=[sorted({numbers[span.label] for span in row}) for row in self.rows.predicted],
                confidence=rounded(self.confidence),
                is_right=self.correct,
                marks=[as_marks(row, numbers) for row in self.rows.predicted],
            ),
            badness=[sum(_weight(match) for match in row) for row in self.matches],
            badness_title="errors",
            errors=[sorted({match.error for match in row if match.error is not None}) for row in self.matches],
            error_names=ERRORS,
        )

    @property
    def _numbers(self) -> dict[str, int]:
        return {label: number for number, label in enumerate(self.labels)}

    def _score(self, sums: Doubles) -> Scores:
        by_label = np.split(sums, 3, axis=1)
        precision, recall, f = prf_scores(*(part.sum(axis=1) for part in by_label))
        has_any = sums.sum(axis=1) > 0  # as in spaCy, texts without any span give no score
        scores = {"F": f, "precision": precision, "recall": recall}
        macro = prf_scores(*by_label)[2].mean(axis=1) if self.labels else np.full(len(f), np.nan)
        return {title: np.where(has_any, values, np.nan) for title, values in {**scores, "macro F": macro}.items()}

    def _errors(self) -> Counter[int]:
        return Counter(match.error for row in self.matches for match in row if match.error is not None)

    def _error_block(self) -> Block:
        errors, matches = self._errors(), [match for row in self.matches for match in row]
        right = len(matches) - errors.total()
        bars = [Bar("right", float(right), f"{right:,}", RIGHT_COLOR)]
        for number, name in enumerate(ERRORS):
            count = errors[number]
            bars.append(Bar(name, float(count), f"{count:,}", COLORS.get(number, ERROR_COLOR)))
        part = share(right / max(len(matches), 1))
        note = f"Of {len(matches):,} spans that are gold, predicted or both, {part} are right."
        return Block("Kinds of errors", bar_chart("Kinds of errors", bars, description=note), note)

    def _confusion(self) -> Ints:
        """Return counts by gold and predicted label, with a last row and column for nothing."""
        size, numbers = len(self.labels), self._numbers
        counts = np.zeros((size + 1, size + 1), dtype=np.int64)
        for row in self.matches:
            for match in row:
                gold = size if match.gold is None else numbers[match.gold.label]
                predicted = size if match.predicted is None else numbers[match.predicted.label]
                counts[gold, predicted] += 1
        return counts


def _score_of(span: RowSpan | None) -> float:
    return float("nan") if span is None or span.score is None else span.score


def _weight(match: SpanMatch) -> float:
    """Return how bad a match is: 1 for a missed span, else the score of what is wrong."""
    if match.error is None:
        return 0.0
    score = None if match.predicted is None else match.predicted.score
    return 1.0 if score is None else score
