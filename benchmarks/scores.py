"""Scores that both sides of a benchmark are given by the same code."""

from __future__ import annotations

import numpy as np


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


def _auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """The share of (positive, negative) pairs in the right order; ties count half (Mann and Whitney, 1947)."""
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    n, m = positive.sum(), (~positive).sum()
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * m))
