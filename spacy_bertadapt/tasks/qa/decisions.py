"""The decisions of `bert_qa`: the best answer to each question."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from spacy.training import Example

from ...planning.decisions import Decisions
from . import ANSWER, ANSWERS
from .scorer import TEXTS, exact_match


def answer_decisions(pipe: Any, examples: Iterable[Example]) -> Decisions:
    """Return a decision for each question that got an answer, which is right if it is a gold one.

    Whether there is an answer is decided by how probable it is beside none.
    """
    decisions = Decisions()
    for example in examples:
        gold, predicted = example.reference.spans.get(ANSWERS), example.predicted.spans.get(ANSWERS)
        if gold is None or predicted is None:
            continue
        texts = list(gold.attrs.get(TEXTS) or [span.text for span in gold])
        decisions.gold.update([ANSWER] if texts else [])
        if len(predicted):
            is_right = any(exact_match(predicted[0].text, text) for text in texts)
            ranking = 1 - predicted.attrs["no_answer_score"]
            decisions.add(ANSWER, predicted.attrs["scores"][0], is_right=is_right, ranking=ranking)
    return decisions
