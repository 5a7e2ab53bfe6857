"""Questions and the contexts that may answer them, encoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from ...component.texts import AlignedTexts, Segment
from ...errors import Errors, WrongTypeError
from ...subwords.alignment import Alignment, align, tokens_of
from ...types import Ints

Encode = Callable[..., Segment]
"""Returns the subwords of strings, with character offsets if `offsets=True`."""


@dataclass(frozen=True, slots=True)
class QuestionTexts(AlignedTexts):
    """Encoded questions and contexts. alignment: tokens of the contexts. contexts: None for an empty one."""

    contexts: Sequence[Span | None]


def encode_questions(
    questions: Sequence[str], contexts: Sequence[Span | None], encode: Encode, vocab: Vocab
) -> QuestionTexts:
    """Encode pairs of question and context.

    A context that comes several times is encoded once, and aligned once if it is one Doc.
    """
    numbers, unique = _without_repeats(contexts, vocab)
    strings = list(dict.fromkeys(context.text for context in unique))
    by_string = dict(zip(strings, encode(strings, offsets=True), strict=True))
    encoded = [by_string[context.text] for context in unique]
    alignment = _repeated(align(tokens_of(unique), encoded), numbers)
    return QuestionTexts([encode(questions), [encoded[number] for number in numbers.tolist()]], alignment, contexts)


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


def _without_repeats(contexts: Sequence[Span | None], vocab: Vocab) -> tuple[Ints, list[Span | Doc]]:
    """Return the number of each context among the different ones, (contexts,), and these."""
    known: dict[tuple[int, int, int], int] = {}
    unique: list[Span | Doc] = []
    numbers = []
    for context in contexts:
        key = (0, 0, 0) if context is None else (id(context.doc), context.start, context.end)
        if key not in known:
            known[key] = len(unique)
            unique.append(Doc(vocab) if context is None else context)
        numbers.append(known[key])
    return np.array(numbers, dtype=np.int64), unique


def _repeated(alignment: Alignment, numbers: Ints) -> Alignment:
    """Return the alignment of the texts with these numbers, in this order; numbers may repeat."""
    borders = np.searchsorted(alignment.text, np.arange(numbers.max(initial=-1) + 2))
    rows = [np.arange(borders[number], borders[number + 1]) for number in numbers]
    index = np.concatenate([*rows, np.zeros(0, dtype=np.int64)])
    text = np.repeat(np.arange(len(numbers)), [len(row) for row in rows])
    return Alignment(text, alignment.token[index], alignment.first[index], alignment.last[index])
