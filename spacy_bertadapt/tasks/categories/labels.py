"""The gold and the predicted categories of a Doc, for the commands."""

from __future__ import annotations

from spacy.tokens import Doc


def gold_categories(doc: Doc) -> dict[str, bool] | None:
    """Return each category, and whether it holds; None for a Doc without categories."""
    return {label: value > 0.5 for label, value in doc.cats.items()} or None


def best_category(doc: Doc) -> tuple[str, str]:
    """Return the most probable category, and its probability."""
    label, probability = max(doc.cats.items(), key=lambda category: category[1])
    return label, f"{probability:.2f}"
