"""Texts that fail: each goes to the error handler alone, and the others of its batch come out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

from spacy.pipeline import Pipe
from spacy.tokens import Doc
from spacy.util import minibatch, raise_error

Annotate: TypeAlias = Callable[[Sequence[Doc]], None]
"""Annotates some Docs together, or raises an error if one of them can't be read."""


def annotate_stream(pipe: Pipe, stream: Iterable[Doc], batch_size: int, annotate: Annotate) -> Iterator[Doc]:
    """Yield the Docs of a stream, annotated batch by batch, without those that fail.

    A Doc that fails is given to the error handler of its component, alone and with its own error. spaCy's own handler
    raises that.
    """
    for docs in minibatch(stream, batch_size):
        yield from _annotated(pipe, list(docs), annotate)


def _annotated(pipe: Pipe, docs: list[Doc], annotate: Annotate) -> Iterator[Doc]:
    """Yield the Docs of a batch; if they fail together, those of each half."""
    handle = pipe.get_error_handler()
    try:
        annotate(docs)
    except Exception as err:  # spaCy's error handler decides what happens with any error
        if len(docs) == 1 or handle is raise_error:
            handle(pipe.name, pipe, docs, err)  # type: ignore[attr-defined]
            return
    else:
        yield from docs
        return
    middle = len(docs) // 2
    yield from _annotated(pipe, docs[:middle], annotate)
    yield from _annotated(pipe, docs[middle:], annotate)
