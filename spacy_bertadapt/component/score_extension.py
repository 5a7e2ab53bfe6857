"""`span._.score`: the score that a component gives a span, from 0 to 1."""

from __future__ import annotations

from collections.abc import Iterable

from spacy.tokens import Span

from ..errors import Errors, InvalidError


def check_score_extension(name: str | None) -> str | None:
    """Make `Span._.NAME` if it isn't there. Raises ValueError if it belongs to another package and can't be set."""
    if name is None:
        return None
    if not Span.has_extension(name):
        Span.set_extension(name, default=None)
    _, method, getter, setter = Span.get_extension(name)
    if method is not None or (getter is not None and setter is None):
        raise InvalidError(Errors.E315.format(name=name))
    return name


def set_scores(spans: Iterable[Span], scores: Iterable[float], name: str | None) -> None:
    """Write scores into the extension. name: None writes nothing."""
    if name is not None:
        for span, score in zip(spans, scores, strict=True):
            span._.set(name, score)
