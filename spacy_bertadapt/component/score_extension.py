"""`span._.score`: the score that a component gives a span, from 0 to 1.

spaCy keeps values of extensions by the range of a span, in the Doc: one component alone can have its own there.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, NoReturn

from spacy.tokens import Doc, Span
from spacy.tokens.underscore import Underscore

from ..errors import Errors, InvalidError
from .checks import filled


def score_extension(setting: str, name: Any) -> str | None:
    """Return the name of an extension for scores, which is made if it isn't there; None for none.

    Raises ValueError for what is no name, and for an extension of another package that can't be set.
    """
    if name is None:
        return None
    name = filled(setting, name)
    _register(name)
    _, method, getter, setter = Span.get_extension(name)
    if method is not None or (getter is not None and setter is None):
        raise InvalidError(Errors.E315.format(name=name))
    return name


def set_scores(spans: Iterable[Span], scores: Iterable[float], name: str | None) -> None:
    """Write scores into the extension, and so into the Doc. name: None writes nothing.

    The extension is made if it isn't there: a component that was pickled comes into a process that has none.
    """
    if name is not None:
        _register(name)
        for span, score in zip(spans, scores, strict=True):
            span._.set(name, score)


class ScoredSpan(Span):
    """A Span that carries its score itself, as `span._.NAME`, and leaves its Doc as it is."""

    _extension: dict[str, Any]

    def __new__(cls, doc: Doc, start: int, stop: int, *, score: float, name: str | None) -> ScoredSpan:
        """start, stop: range of tokens. name: of the extension; None for no such extension."""
        span = super().__new__(cls, doc, start, stop)  # type: ignore[call-arg]
        span._extension = {} if name is None else {name: (None, None, lambda _: score, partial(_refuse, name))}
        return span

    @property
    def _(self) -> Underscore:
        """The extensions of any Span, and that for the score. Setting that raises ValueError."""
        extensions = {**Underscore.span_extensions, **self._extension}
        return Underscore(extensions, self, start=self.start_char, end=self.end_char)


def _register(name: str) -> None:
    if not Span.has_extension(name):
        Span.set_extension(name, default=None)


def _refuse(name: str, *_: object) -> NoReturn:
    raise InvalidError(Errors.E324.format(name=name))
