"""What `bert_qa` writes on a Doc, as columns of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from spacy.tokens import Doc

from ...pairs import find_parts
from ...planning.results import Results
from . import ANSWERS, PARTS


@dataclass(frozen=True, slots=True)
class Answer:
    """A part of a context that answers a question.

    text: its characters. start, end: the first one and one past the last, counted in the context. score: from 0 to 1.
    """

    text: str
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Answered:
    """A question, the answers to it, best first, and the probability of no answer against the best of them."""

    question: str
    answers: list[Answer]
    no_answer_score: float | None


def qa_results(pipe: Any) -> Results:
    """Return the columns of the answers; of a component with questions of its own, those to each of these."""
    if pipe.questions:
        read = partial(own_answers, questions=pipe.questions)
        return Results(columns={"answered": list[Answered]}, read=read, place=("doc.spans", ANSWERS))
    columns = {"answers": list[Answer], "no_answer_score": float | None}
    return Results(columns=columns, read=pair_answers, place=("doc.spans", ANSWERS))


def pair_answers(doc: Doc) -> dict[str, Any]:
    """Return the answers to the question of a pair Doc."""
    _, context = find_parts(doc, PARTS)
    return _answers(doc, ANSWERS, 0 if context is None else context.start_char)


def own_answers(doc: Doc, questions: Sequence[str]) -> dict[str, Any]:
    """Return the answers to each of a component's questions, whose context is all of a Doc."""
    return {
        "answered": [
            Answered(question=question, **_answers(doc, f"{ANSWERS}:{number}", 0))
            for number, question in enumerate(questions)
        ]
    }


def _answers(doc: Doc, key: str, offset: int) -> dict[str, Any]:
    """Return the answers in a span group. offset: characters before the context."""
    if key not in doc.spans:
        return {"answers": [], "no_answer_score": None}
    group = doc.spans[key]
    answers = [
        Answer(span.text, span.start_char - offset, span.end_char - offset, float(score))
        for span, score in zip(group, group.attrs["scores"], strict=True)
    ]
    return {"answers": answers, "no_answer_score": float(group.attrs["no_answer_score"])}
