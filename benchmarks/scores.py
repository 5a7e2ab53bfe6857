"""Scores that both sides of a benchmark are given by the same code."""

from __future__ import annotations

import numpy as np

from spacy_bertadapt.readers.tags import Entity, read_entities
from spacy_bertadapt.tasks.qa.scorer import exact_match, f1_score


def classification_scores(probabilities: np.ndarray, gold: np.ndarray, *, exclusive: bool) -> dict[str, float]:
    """Accuracy of exclusive labels; else micro F1 at 0.5 and the mean over labels of the area under the ROC curve.

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


def entity_scores(found: list[list[str]], gold: list[list[str]]) -> dict[str, float]:
    """Micro F1 of whole entities. found, gold: BIO tags of each sentence; a stray I-X starts an entity."""
    pairs = [(set(_entities(ours)), set(_entities(theirs))) for ours, theirs in zip(found, gold, strict=True)]
    hits = sum(len(ours & theirs) for ours, theirs in pairs)
    total = sum(len(ours) + len(theirs) for ours, theirs in pairs)
    return {"ents_f": round(2 * hits / max(1, total), 4)}


def answer_scores(found: list[str], gold: list[list[str]]) -> dict[str, float]:
    """SQuAD's F1 and exact match, and the share of questions that got an answer. No answer is an empty text."""
    pairs = [(answer, texts or [""]) for answer, texts in zip(found, gold, strict=True)]
    rows = {
        "f1": [max(f1_score(answer, each) for each in texts) for answer, texts in pairs],
        "exact_match": [max(exact_match(answer, each) for each in texts) for answer, texts in pairs],
        "answered": [bool(answer) for answer in found],
    }
    return {key: round(float(np.mean(values)), 4) for key, values in rows.items()}


def _entities(tags: list[str]) -> list[Entity]:
    return read_entities(tags, None, str)


def _auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """The share of (positive, negative) pairs in the right order; ties count half (Mann and Whitney, 1947)."""
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    n, m = positive.sum(), (~positive).sum()
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * m))
