"""Scores of answers, as SQuAD 2.0's own evaluation defines them (Rajpurkar et al., 2018)."""

from __future__ import annotations

import re
import string
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from spacy.scorer import Scorer
from spacy.tokens import Doc, SpanGroup
from spacy.training import Example

from ...errors import Warnings
from . import ANSWERS

TEXTS = "texts"
ARTICLES = re.compile(r"\b(a|an|the)\b")
PUNCTUATION = str.maketrans("", "", string.punctuation)


def make_qa_scorer() -> Callable[..., dict[str, Any]]:
    """Return the scorer of `doc.spans["answers"]`: see `QaScorer`."""
    return QaScorer()


class QaScorer:
    """Scores answers as `score_answers` does, and warns if all questions of both kinds are answered, or none is.

    Training evaluates many times, so it warns at the first such evaluation, and not at those that follow it directly.
    """

    def __init__(self) -> None:
        self._reported: str | None = None

    def __call__(self, examples: Iterable[Example], **settings: Any) -> dict[str, Any]:
        """Return the scores: see `score_answers`. Docs that were asked a pipeline's own questions have none."""
        examples = list(examples)
        asked = [example for example in examples if not _has_own_questions(example.predicted)]
        if len(asked) < len(examples):
            warnings.warn(Warnings.W311.format(count=len(examples) - len(asked)), stacklevel=2)
        scores = score_answers(asked)
        is_mixed = scores["qa_has_answer_f1"] is not None and scores["qa_no_answer_acc"] is not None
        answered = {0.0: "no", 1.0: "every"}.get(scores["qa_answered"]) if is_mixed else None
        if answered is not None and answered != self._reported:
            warnings.warn(Warnings.W308.format(what=answered), stacklevel=2)
        self._reported = answered
        return scores


def score_answers(examples: Iterable[Example]) -> dict[str, Any]:
    """Score the best answer of each question against the gold answers, of which the best score counts.

    A gold answer's text is what the data says (`spans.attrs["texts"]`), else that of its Span.
    Returns qa_f1 and qa_em; qa_has_answer_f1, over questions that have an answer; qa_no_answer_acc, the share of the
    others that get none; qa_answered, the share of all that get one; and spans_answers_p, _r and _f, of whole Spans.
    They are None if there is nothing to score.
    """
    examples = [example for example in examples if ANSWERS in example.reference.spans]
    answers = [_best(example.predicted.spans.get(ANSWERS)) for example in examples]
    gold = [_texts(example.reference.spans[ANSWERS]) for example in examples]
    f1 = [max(f1_score(answer, text) for text in texts or [""]) for answer, texts in zip(answers, gold, strict=True)]
    em = [max(exact_match(answer, text) for text in texts or [""]) for answer, texts in zip(answers, gold, strict=True)]
    answered = [bool(answer) for answer in answers]
    return {
        "qa_f1": _mean(f1),
        "qa_em": _mean(em),
        "qa_has_answer_f1": _mean([score for score, texts in zip(f1, gold, strict=True) if texts]),
        "qa_no_answer_acc": _mean([not has for has, texts in zip(answered, gold, strict=True) if not texts]),
        "qa_answered": _mean(answered),
        **_span_scores(examples),
    }


def normalize(text: str) -> str:
    """Return a text in lower case, without punctuation, articles and more than single spaces."""
    return " ".join(ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split())


def exact_match(answer: str, gold: str) -> bool:
    """Return whether two answers are the same, but for case, punctuation, articles and white space."""
    return normalize(answer) == normalize(gold)


def f1_score(answer: str, gold: str) -> float:
    """Return the F1 of the words of two answers; if one has no words, 1.0 if neither has any, else 0.0."""
    words, wanted = normalize(answer).split(), normalize(gold).split()
    if not words or not wanted:
        return float(words == wanted)
    return 2 * (Counter(words) & Counter(wanted)).total() / (len(words) + len(wanted))


def _has_own_questions(doc: Doc) -> bool:
    return f"{ANSWERS}:0" in doc.spans and ANSWERS not in doc.spans


def _best(answers: SpanGroup | None) -> str:
    return answers[0].text if answers is not None and len(answers) else ""


def _texts(answers: SpanGroup) -> list[str]:
    return list(answers.attrs.get(TEXTS) or [span.text for span in answers])


def _mean(scores: Sequence[float]) -> float | None:
    return sum(scores) / len(scores) if scores else None


def _span_scores(examples: Sequence[Example]) -> dict[str, Any]:
    def spans(doc: Doc, attr: str) -> Sequence:
        return doc.spans.get(ANSWERS, [])

    key = f"spans_{ANSWERS}"
    scores = Scorer.score_spans(examples, key, getter=spans, labeled=False, allow_overlap=True)
    return {f"{key}_{part}": scores[f"{key}_{part}"] for part in "prf"}
