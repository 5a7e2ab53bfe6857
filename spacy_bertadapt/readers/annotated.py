"""Texts with spans, as Prodigy writes them (https://prodi.gy/docs/api-interfaces#spans_manual) and as others do."""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from spacy.util import get_words_and_spaces

from ..errors import Errors, InvalidError
from .corpus import Skipped
from .rows import Row, read_rows
from .tags import read_entities

ACCEPTED, REJECTED, IGNORED = "accept", "reject", "ignore"
REFUSED = (REJECTED, IGNORED)


class CharSpan(NamedTuple):
    """A labelled range of characters: from `start` up to, and not including, `end`."""

    start: int
    end: int
    label: str


class Tokens(NamedTuple):
    """The tokens of a text. words: the text of each. spaces: whether a space follows each.

    sentence_starts: numbers of the tokens that begin sentences; none: sentences are not annotated.
    """

    words: list[str]
    spaces: list[bool]
    sentence_starts: Sequence[int] = ()


class AnnotatedText(NamedTuple):
    """A text with spans, which may overlap. tokens: None if the data has none. source: "file:line"."""

    text: str
    tokens: Tokens | None
    spans: list[CharSpan]
    source: str


class TokenKeys(NamedTuple):
    """The keys of lists of words and of tags. names: of tags that are numbers; none: they are strings."""

    words: str
    tags: str
    names: Sequence[str] = ()


def read_annotated(
    path: Path, *, format: str, text: str = "text", keys: TokenKeys | None = None, scheme: str | None = None
) -> Iterator[AnnotatedText | Skipped]:
    """Yield the accepted texts of a file, and a `Skipped` for each other row.

    A row is {"text": ..., "spans": [{"start", "end", "label"}], "tokens": [{"text"}], "answer": "accept"}, as Prodigy
    has it and as the formats of other tools are read. Without `answer` a row is accepted if it has `spans`; an accepted
    row without `spans` has a text without spans. The tokenizer of the pipeline makes the tokens of a row without any.
    Or a row has lists of words and of their tags.

    path, format: see `read_rows`. text: the key of the text. keys: those of words and tags; None: there are spans.
    scheme: of the tags, see `read_entities`.
    Raises InvalidError for a malformed row, for a span that is not in the text, and for tokens of another text;
    NotFoundError and DirectoryError for a path without a file.
    """
    for row in read_rows(path, [text] if keys is None else [keys.words, keys.tags], format=format):
        if keys is not None:
            yield skip_refused(row) or _read_tagged(row, keys, scheme)
            continue
        reason = _reason_to_skip(row)
        yield _read_text(row, text) if reason is None else Skipped(row.source, reason)


def skip_refused(row: Row) -> Skipped | None:
    """Return a `Skipped` for a row that an annotator rejected or ignored; None for any other row."""
    answer = row.values.get("answer")
    return Skipped(row.source, f"its answer is {answer!r}") if answer in REFUSED else None


def _reason_to_skip(row: Row) -> str | None:
    answer = row.values.get("answer")
    if answer not in (None, ACCEPTED):
        return f"its answer is {answer!r:.80}"
    if answer is None and row.values.get("spans") is None:
        return "no spans"
    return None


def _read_text(row: Row, key: str) -> AnnotatedText:
    text = row.text(key)
    spans = row.values.get("spans")
    tokens = row.values.get("tokens")
    if not isinstance(spans, list | None):
        raise _span_error(row, spans, text, "spans are no list")
    return AnnotatedText(
        text,
        None if tokens is None else _read_tokens(row, tokens, text),
        [_read_span(row, span, text) for span in spans or ()],
        row.source,
    )


def _read_span(row: Row, span: object, text: str) -> CharSpan:
    if not isinstance(span, dict):
        raise _span_error(row, span, text, "it is no object")
    start, end, label = (span.get(key) for key in ("start", "end", "label"))
    if not isinstance(label, str) or not label:
        raise _span_error(row, span, text, f"its label is {label!r:.40}, no name")
    if type(start) is not int or type(end) is not int:
        raise _span_error(row, span, text, "start and end are no whole numbers")
    if not 0 <= start < end <= len(text):
        raise _span_error(row, span, text, "it is empty" if start == end else "start and end are not in the text")
    if text[start:end].isspace():
        raise _span_error(row, span, text, "it holds white space alone")
    return CharSpan(start, end, label)


def _span_error(row: Row, span: object, text: str, reason: str) -> InvalidError:
    return InvalidError(Errors.C030.format(source=row.source, span=span, length=len(text), reason=reason))


def _read_tokens(row: Row, tokens: object, text: str) -> Tokens:
    try:
        words = [token["text"] for token in tokens]  # type: ignore[attr-defined]
        if "" in words:
            raise ValueError("a token has no text")
        return Tokens(*get_words_and_spaces(words, text))
    except (ValueError, TypeError, KeyError) as error:
        raise InvalidError(Errors.C031.format(source=row.source, tokens=tokens)) from error


def _read_tagged(row: Row, keys: TokenKeys, scheme: str | None) -> AnnotatedText | Skipped:
    """Return the text of a row's words, a space between them, with the entities that its tags stand for."""
    words, tags = row.value(keys.words), row.value(keys.tags)
    if not isinstance(words, list) or not all(isinstance(word, str) and word.strip() for word in words):
        raise InvalidError(Errors.C056.format(source=row.source, what=keys.words, value=words))
    if tags is None:
        return Skipped(row.source, "no tags")
    if not isinstance(tags, list) or len(tags) != len(words):
        raise InvalidError(Errors.C056.format(source=row.source, what=keys.tags, value=tags))
    if not words:
        return Skipped(row.source, "no words")
    named = [_tag_name(tag, keys.names, row) for tag in tags]
    starts = list(accumulate((len(word) + 1 for word in words), initial=0))
    entities = read_entities(named, scheme, lambda number: row.source)
    spans = [CharSpan(starts[entity.start], starts[entity.stop] - 1, entity.label) for entity in entities]
    spaces = [True] * (len(words) - 1) + [False]
    return AnnotatedText(" ".join(words), Tokens(words, spaces), spans, row.source)


def _tag_name(tag: object, names: Sequence[str], row: Row) -> str:
    if isinstance(tag, str) and not tag.isdecimal():
        return tag
    try:
        return names[int(tag)]  # type: ignore[call-overload]
    except (IndexError, TypeError, ValueError) as error:
        raise InvalidError(Errors.C057.format(source=row.source, tag=tag)) from error
