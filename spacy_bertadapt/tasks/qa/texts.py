"""Questions and the contexts that may answer them, encoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from spacy.tokens import Doc, Span

from ...component.texts import AlignedTexts
from ...errors import Errors, WrongTypeError


@dataclass(frozen=True, slots=True)
class QuestionTexts(AlignedTexts):
    """Encoded questions and contexts. alignment: tokens of the contexts. contexts: None for an empty one."""

    contexts: Sequence[Span | None]


def as_context(context: Doc | Span | str, make_doc: Callable[[str], Doc]) -> Span | None:
    """Return the tokens of a context; None for an empty one. Raises TypeError for what is no text."""
    if isinstance(context, str):
        context = make_doc(context)
    if not isinstance(context, (Doc, Span)):
        raise WrongTypeError(Errors.E207.format(kind=type(context).__name__))
    return context[:] if len(context) else None  # type: ignore[return-value]


def as_question(question: str) -> str:
    """Return a question. Raises TypeError if it is no string."""
    if not isinstance(question, str):
        raise WrongTypeError(Errors.E210.format(kind=type(question).__name__))
    return question
