"""Questions, contexts and answers from SQuAD's JSON, and from the flat rows in which Hugging Face stores them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import Errors, InvalidError
from ...readers.annotated import skip_refused
from ...readers.corpus import Skipped
from ...readers.json_text import parse_json
from ...readers.lines import read_lines
from ...readers.rows import read_rows

ID_SHOWN = 60  # characters


class Answer(NamedTuple):
    """A gold answer. text: the answer as the data has it. start: its first character in the context, as the data says.

    `start` may be anywhere, below 0 too.
    """

    text: str
    start: int


class QaRecord(NamedTuple):
    """A question on a context. answers: none if the question can't be answered. source: "file:id" or "file:line"."""

    question: str
    context: str
    answers: list[Answer]
    source: str


def read_squad(path: Path) -> Iterator[QaRecord | Skipped]:
    """Yield the questions of a file in SQuAD's form, and a `Skipped` for each that lacks annotation or contradicts it.

    Raises InvalidError for a file of another form.
    """
    try:
        data = parse_json("".join(line for _, line in read_lines(path)))
    except InvalidError:
        raise
    except ValueError as error:
        raise _form_error(str(path), str(error)) from error
    for article in _get(data, "data", list, str(path)):
        for paragraph in _get(article, "paragraphs", list, str(path)):
            context = _get(paragraph, "context", str, str(path))
            for question in _get(paragraph, "qas", list, str(path)):
                yield _squad_record(question, context, path)


def read_flat(path: Path, *, format: str) -> Iterator[QaRecord | Skipped]:
    """Yield the questions of rows with keys, and a `Skipped` for each that an annotator refused or contradicts itself.

    format: of the rows, see `read_rows`. Raises InvalidError for a row of another form.
    """
    for row in read_rows(path, ["question", "context", "answers"], format=format):
        skipped = skip_refused(row)
        if skipped is not None:
            yield skipped
            continue
        value = row.value("answers")
        if isinstance(value, list):
            form = '{"text": [...], "answer_start": [...]}'
            raise _form_error(row.source, f"`answers` is a list; in JSONL write {form}")
        texts, starts = (_get(value, key, list, row.source) for key in ("text", "answer_start"))
        if len(texts) != len(starts):
            raise _form_error(row.source, f"there are {len(texts)} texts of answers, and {len(starts)} answer_start")
        answers = [_read_answer(text, start, row.source) for text, start in zip(texts, starts, strict=True)]
        yield _record(row.text("question"), row.text("context"), answers, row.source, row.values)


def _squad_record(question: object, context: str, path: Path) -> QaRecord | Skipped:
    text = _get(question, "question", str, str(path))
    values: dict[str, Any] = question  # type: ignore[assignment]
    name = " ".join(str(values.get("id", text)).split())
    source = f"{path}:{name[:ID_SHOWN]}"
    if "answers" not in values and values.get("is_impossible") is not True:
        return Skipped(source, "no `answers`")
    answers = [
        _read_answer(_get(answer, "text", str, source), _get(answer, "answer_start", int | float, source), source)
        for answer in (_get(question, "answers", list, source) if "answers" in values else ())
    ]
    return _record(text, context, answers, source, values)


def _record(
    question: str, context: str, answers: list[Answer], source: str, values: Mapping[str, object]
) -> QaRecord | Skipped:
    """Return a question, or a `Skipped` if its `is_impossible` contradicts its answers. values: all of the question."""
    if values.get("is_impossible") is True and answers:
        return Skipped(source, "`is_impossible` is true, but there are `answers`")
    if values.get("is_impossible") is False and not answers:
        return Skipped(source, "`is_impossible` is false, but `answers` is empty")
    return QaRecord(question, context, answers, source)


def _read_answer(text: object, start: object, source: str) -> Answer:
    """Return an answer. Raises InvalidError for a text that is no string, and a start that is no whole number."""
    if not isinstance(text, str):
        raise _form_error(source, f"the text of an answer is {text!r:.60}")
    if isinstance(start, float) and start.is_integer():
        start = int(start)
    if not isinstance(start, int) or isinstance(start, bool):
        raise _form_error(source, f"answer_start is {start!r:.60}")
    return Answer(text, start)


def _get(holder: object, key: str, kind: Any, source: str) -> Any:
    """Return the value under a key of an object. Raises InvalidError if it is not there, or of another type."""
    if not isinstance(holder, dict) or key not in holder:
        raise _form_error(source, f"there is no {key!r} in {holder!r:.60}")
    if not isinstance(holder[key], kind):
        raise _form_error(source, f"{key!r} is {holder[key]!r:.60}")
    return holder[key]


def _form_error(source: str, reason: str) -> InvalidError:
    return InvalidError(Errors.C028.format(path=source, reason=reason))
