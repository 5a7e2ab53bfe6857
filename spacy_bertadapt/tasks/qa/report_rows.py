"""The rows of a report on answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from spacy.tokens import Doc
from spacy.training import Example

from ...pairs import find_parts, pair_of
from ...planning.report_rows import AnswerRows, RowSpan
from . import ANSWER, ANSWERS, PARTS
from .scorer import TEXTS, exact_match, f1_score


def qa_rows(pipe: Any, examples: Sequence[Example]) -> AnswerRows:
    """Return the questions that have gold, with the best answer to each; none of a component with its own questions."""
    kept = [
        (number, example)
        for number, example in enumerate(examples)
        if ANSWERS in example.reference.spans and ANSWERS in example.predicted.spans and not pipe.questions
    ]
    gold = [_gold_texts(example.reference) for _, example in kept]
    answers = [_best(example.predicted) for _, example in kept]
    said = ["" if answer is None else text for answer, text in answers]
    return AnswerRows(
        examples=np.array([number for number, _ in kept], dtype=np.int64),
        texts=[pair_of(example.reference, PARTS) for _, example in kept],
        parts=PARTS,
        main="F1",
        gold=gold,
        gold_spans=[_spans(example.reference) for _, example in kept],
        answers=[answer for answer, _ in answers],
        confidence=np.array([_confidence(example.predicted) for _, example in kept], dtype=np.float64),
        f1=np.array([_best_match(f1_score, answer, texts) for answer, texts in zip(said, gold, strict=True)]),
        exact=np.array([_best_match(exact_match, answer, texts) for answer, texts in zip(said, gold, strict=True)]),
    )


def _gold_texts(doc: Doc) -> list[str]:
    group = doc.spans[ANSWERS]
    return list(group.attrs.get(TEXTS) or [span.text for span in group])


def _best_match(measure: Any, answer: str, texts: Sequence[str]) -> float:
    return max(float(measure(answer, text)) for text in texts or [""])


def _best(doc: Doc) -> tuple[RowSpan | None, str]:
    """Return the best answer with its place in the context, and its text."""
    group = doc.spans[ANSWERS]
    if not len(group):
        return None, ""
    span, offset = group[0], _context_start(doc)
    score = _score_of_best(doc)
    return RowSpan(span.start_char - offset, span.end_char - offset, ANSWER, score), span.text


def _spans(doc: Doc) -> list[RowSpan]:
    offset = _context_start(doc)
    return [RowSpan(span.start_char - offset, span.end_char - offset, ANSWER) for span in doc.spans[ANSWERS]]


def _context_start(doc: Doc) -> int:
    _, context = find_parts(doc, PARTS)
    return 0 if context is None else context.start_char


def _score_of_best(doc: Doc) -> float:
    return float(doc.spans[ANSWERS].attrs.get("scores", [float("nan")])[0])


def _confidence(doc: Doc) -> float:
    """Return the probability of the best answer, or of none where none is given."""
    group = doc.spans[ANSWERS]
    return _score_of_best(doc) if len(group) else float(group.attrs.get("no_answer_score", float("nan")))
