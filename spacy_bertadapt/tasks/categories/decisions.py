"""The decisions of components that write `doc.cats`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from spacy.training import Example

from ...planning.decisions import Decisions

HOLDS = 0.5


def category_decisions(pipe: Any, examples: Iterable[Example]) -> Decisions:
    """Return the decision for the best of exclusive labels, or for each of others, of texts that have gold."""
    decisions = Decisions(best=pipe.exclusive)
    for example in examples:
        gold = {label for label, value in example.reference.cats.items() if value > HOLDS and label in pipe.labels}
        cats = {label: example.predicted.cats[label] for label in pipe.labels if label in example.predicted.cats}
        known = set(example.reference.cats) & set(cats)
        if not known or (pipe.exclusive and not gold):
            continue
        decisions.gold.update(gold)
        chosen = [max(cats, key=cats.__getitem__)] if pipe.exclusive else sorted(known)
        for label in chosen:
            decisions.add(label, cats[label], is_right=label in gold)
    return decisions
