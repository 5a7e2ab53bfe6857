"""The decisions of `bert_spancat`: spans with their scores."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from spacy.training import Example

from ...planning.decisions import Decisions


def span_decisions(pipe: Any, examples: Iterable[Example]) -> Decisions:
    """Return a decision for each predicted span, which is right if gold has the same one."""
    decisions = Decisions()
    for example in examples:
        if not pipe.is_annotated(example):
            continue
        gold = {(span.start_char, span.end_char, span.label_) for span in example.reference.spans[pipe.spans_key]}
        decisions.gold.update(label for _, _, label in gold)
        predicted = example.predicted.spans.get(pipe.spans_key, ())
        for span, score in zip(predicted, getattr(predicted, "attrs", {}).get("scores", ()), strict=True):
            key = (span.start_char, span.end_char, span.label_)
            decisions.add(span.label_, score, is_right=key in gold)
    return decisions
