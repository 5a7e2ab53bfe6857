"""Pair Docs: Docs whose text is `first [SEP] second`, with the two parts as span groups."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import Any, TypeAlias

from spacy.language import Language
from spacy.tokens import Doc, Span

from .errors import Errors, InvalidError, Warnings, WrongTypeError
from .types import Pair

PartNames: TypeAlias = tuple[str, str]
"""The keys of the two parts in `doc.spans`."""

Parts: TypeAlias = tuple[Span | None, Span | None]
"""The two parts of a pair Doc; None for an empty one."""

SEPARATOR = " [SEP] "
SEPARATOR_IN_TEXT = re.compile(r"(?:^|(?<=\s))\[SEP\](?=\s|$)")


def make_pair(nlp: Language, first: str, second: str, names: PartNames) -> Doc:
    """Return a Doc with the text `first [SEP] second` and a span group for each part, empty for an empty part.

    nlp: the pipeline whose tokenizer splits the text. first, second: the texts; either may be empty.
    names: the keys of the two parts in `doc.spans`.
    Raises ValueError for a text longer than nlp.max_length. Warns of a separator in the first text.
    """
    if SEPARATOR_IN_TEXT.search(f"{first} "):
        warnings.warn(Warnings.W321.format(name=names[0], text=first[:60]), stacklevel=3)
    return join_pair(nlp, first, second, names)


def join_pair(nlp: Language, first: str, second: str, names: PartNames) -> Doc:
    """Do what `make_pair` does, without a warning: a separator in the first text is none where span groups are kept."""
    doc = nlp.make_doc(f"{first}{SEPARATOR}{second}")
    set_parts(doc, names, _split(doc, len(first), len(first) + len(SEPARATOR)))
    return doc


def has_parts(doc: Doc, names: PartNames) -> bool:
    """Return whether a Doc has both span groups."""
    return all(name in doc.spans for name in names)


def is_pair(doc: Doc, names: PartNames) -> bool:
    """Return whether `find_parts` finds the parts of a Doc."""
    return has_parts(doc, names) or SEPARATOR_IN_TEXT.search(doc.text) is not None


def find_parts(doc: Doc, names: PartNames) -> Parts:
    """Return the parts of a pair Doc: its span groups or, without them, the texts around the first `[SEP]`.

    spaCy's own tools make the predicted Doc from the text alone, without the groups.
    Raises ValueError for a Doc with neither, and for a group of several spans.
    """
    if has_parts(doc, names):
        return _only_span(doc, names[0]), _only_span(doc, names[1])
    separator = SEPARATOR_IN_TEXT.search(doc.text)
    if separator is None:
        raise InvalidError(Errors.E203.format(first=names[0], second=names[1], text=doc.text[:60]))
    return _split(doc, separator.start() - 1, separator.end() + 1)


def set_parts(doc: Doc, names: PartNames, parts: Parts) -> None:
    """Set the span group of each part; that of an empty part (None) is empty."""
    for name, span in zip(names, parts, strict=True):
        doc.spans[name] = [] if span is None else [span]


def pair_of(doc: Doc, names: PartNames) -> Pair:
    """Return the texts of the two parts. Raises the errors of `find_parts`."""
    first, second = find_parts(doc, names)
    return _text(first), _text(second)


def parts_given(pair: Any, names: PartNames) -> tuple[Any, Any]:
    """Return the two parts of a pair that a caller gave: a tuple or a list of two, or a dict that has their names.

    names: those of the parts, in the order of a tuple. Raises TypeError for anything else.
    """
    if isinstance(pair, Mapping) and all(name in pair for name in names):
        return pair[names[0]], pair[names[1]]
    if isinstance(pair, tuple | list) and len(pair) == len(names):
        return pair[0], pair[1]
    raise WrongTypeError(Errors.E212.format(pair=pair, first=names[0], second=names[1]))


def _split(doc: Doc, first_stop: int, second_start: int) -> Parts:
    """Return the tokens that start before `first_stop`, and those from `second_start` on (both in characters)."""
    starts = [token.idx for token in doc]
    n_first = sum(start < first_stop for start in starts)
    n_before = sum(start < second_start for start in starts)
    return doc[:n_first] if n_first else None, doc[n_before:] if n_before < len(doc) else None


def _only_span(doc: Doc, name: str) -> Span | None:
    group = doc.spans[name]
    if len(group) > 1:
        raise InvalidError(Errors.E204.format(name=name, count=len(group), text=doc.text[:60]))
    return group[0] if len(group) else None


def _text(span: Span | None) -> str:
    return "" if span is None else span.text
