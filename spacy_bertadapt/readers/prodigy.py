"""Texts with spans in JSONL, as Prodigy writes them (https://prodi.gy/docs/api-interfaces#spans_manual)."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from spacy.util import get_words_and_spaces

from ..errors import Errors, InvalidError
from .corpus import Skipped
from .rows import Row, read_rows

ACCEPTED = "accept"
REFUSED = ("reject", "ignore")


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


def read_prodigy(path: Path) -> Iterator[AnnotatedText | Skipped]:
    """Yield the accepted texts of a file, and a `Skipped` for each other row.

    A row is {"text": ..., "spans": [{"start", "end", "label"}], "tokens": [{"text"}], "answer": "accept"}. Without
    `answer` a row is accepted if it has `spans`; an accepted row without `spans` has a text without spans. The
    tokenizer of the pipeline makes the tokens of a row without `tokens`.

    path: the file; unpacked if its name ends in .gz.
    Raises InvalidError for a malformed row, for a span that is not in the text, and for tokens of another text;
    NotFoundError and DirectoryError for a path without a file.
    """
    for row in read_rows(path, ["text"], format="jsonl"):
        reason = _reason_to_skip(row)
        yield _read_text(row) if reason is None else Skipped(row.source, reason)


def skip_refused(row: Row) -> Skipped | None:
    """Return a `Skipped` for a row of JSONL that an annotator rejected or ignored; None for any other row."""
    answer = row.values.get("answer")
    return Skipped(row.source, f"its answer is {answer!r}") if answer in REFUSED else None


def _reason_to_skip(row: Row) -> str | None:
    answer = row.values.get("answer")
    if answer not in (None, ACCEPTED):
        return f"its answer is {answer!r:.80}"
    if answer is None and row.values.get("spans") is None:
        return "no spans"
    return None


def _read_text(row: Row) -> AnnotatedText:
    text = row.text("text")
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
