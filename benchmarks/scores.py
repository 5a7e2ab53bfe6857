"""Scores that both sides of a benchmark are given by the same code."""

from __future__ import annotations

import numpy as np

from spacy_bertadapt.tasks.qa.scorer import exact_match, f1_score

from .data import Spans, spans_of


def classification_scores(probabilities: np.ndarray, gold: np.ndarray, *, exclusive: bool) -> dict[str, float]:
    """Return accuracy for exclusive labels; else micro F1 at 0.5, and the labels' mean area under the ROC curve.

    probabilities, gold: (texts, labels).
    """
    if exclusive:
        return {"accuracy": round(float((probabilities.argmax(-1) == gold.argmax(-1)).mean()), 4)}
    predicted = probabilities > 0.5
    positive = gold > 0.5
    hits = (predicted & positive).sum()
    micro_f = 2 * hits / max(1, predicted.sum() + positive.sum())
    areas = [_auc(probabilities[:, i], positive[:, i]) for i in range(gold.shape[1])]
    return {"micro_f": round(float(micro_f), 4), "macro_auc": round(float(np.mean(areas)), 4)}


def entity_scores(predicted: list[list[str]], gold: list[list[str]]) -> dict[str, float]:
    """Return micro F1 of whole entities. predicted, gold: BIO tags of each sentence; a stray I-X starts an entity."""
    return {"ents_f": span_scores([spans_of(tags) for tags in predicted], [spans_of(tags) for tags in gold])["f1"]}


def span_scores(predicted: list[Spans], gold: list[Spans]) -> dict[str, float]:
    """Return micro F1 of spans with the same tokens and label, with precision and recall; and the same of nested spans.

    A span is nested if another span of its sentence, with other tokens, lies inside it or holds it; which labels they
    have does not matter. nested_p is over predicted spans that are nested among the predicted ones: a hit is any gold
    span. nested_r is over gold spans that are nested among the gold ones: a hit is any predicted span. nested_f1 is
    their harmonic mean.
    predicted, gold: the spans of each sentence.
    """
    p, r = _hit_share(predicted, gold), _hit_share(gold, predicted)
    nested_p = _hit_share([nested_spans(spans) for spans in predicted], gold)
    nested_r = _hit_share([nested_spans(spans) for spans in gold], predicted)
    scores = {"f1": _harmonic_mean(p, r), "p": p, "r": r}
    scores |= {"nested_f1": _harmonic_mean(nested_p, nested_r), "nested_p": nested_p, "nested_r": nested_r}
    return {key: round(value, 4) for key, value in scores.items()}


def nested_spans(spans: Spans) -> Spans:
    """Return the spans that lie inside another one, or hold another one, of other tokens."""
    return {span for span in spans if any(_contains(span, other) or _contains(other, span) for other in spans)}


def answer_scores(answers: list[str], gold: list[list[str]]) -> dict[str, float]:
    """Return SQuAD's F1 and exact match, and the share of questions that got an answer. No answer is an empty text."""
    pairs = [(answer, texts or [""]) for answer, texts in zip(answers, gold, strict=True)]
    rows = {
        "f1": [max(f1_score(answer, text) for text in texts) for answer, texts in pairs],
        "exact_match": [max(exact_match(answer, text) for text in texts) for answer, texts in pairs],
        "answered": [bool(answer) for answer in answers],
    }
    return {key: round(float(np.mean(values)), 4) for key, values in rows.items()}


def _contains(outer: tuple[int, int, str], inner: tuple[int, int, str]) -> bool:
    return outer[:2] != inner[:2] and outer[0] <= inner[0] and inner[1] <= outer[1]


def _hit_share(spans: list[Spans], others: list[Spans]) -> float:
    """Return the share of spans that are among the others of their sentence; 0 for no spans."""
    hits = sum(len(ours & theirs) for ours, theirs in zip(spans, others, strict=True))
    return hits / max(1, sum(map(len, spans)))


def _harmonic_mean(p: float, r: float) -> float:
    return 2 * p * r / (p + r) if p + r else 0.0


def _auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Return the share of (positive, negative) pairs in the right order; ties count half (Mann and Whitney, 1947)."""
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    n, m = positive.sum(), (~positive).sum()
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * m))
