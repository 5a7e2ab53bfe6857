"""The reader of questions on contexts: SQuAD 1.1 and 2.0, and the flat form in which Hugging Face stores them."""

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from spacy.language import Language
from spacy.tokens import Doc, SpanGroup
from spacy.training import Example

from ...errors import Errors, InvalidError, Warnings
from ...pairs import SEPARATOR, make_pair
from ...readers.corpus import RecordCorpus, Skipped, check_length
from ...readers.lines import plain_suffix, read_lines
from ...readers.rows import read_rows
from . import ANSWERS, PARTS
from .scorer import TEXTS


class Answer(NamedTuple):
    """A gold answer. text: the answer as the data has it. start: its first character in the context."""

    text: str
    start: int


class QaRecord(NamedTuple):
    """A question on a context. answers: none if the question can't be answered. source: "file:id" or "file:line"."""

    question: str
    context: str
    answers: list[Answer]
    source: str


class SquadCorpus(RecordCorpus[QaRecord]):
    """A file of questions as Examples of pair Docs with `reference.spans["answers"]`, empty where there is no answer.

    Answers are widened to whole tokens; `spans["answers"].attrs["texts"]` holds the texts as the data has them, and
    predictions are scored against these. An answer that is not at its offset is taken from the nearest place in the
    context. Moved and widened answers are counted and reported; questions whose answer is not in the context are
    skipped and reported.

    path: SQuAD's JSON, or JSONL with `question`, `context` and `answers: {"text": [...], "answer_start": [...]}`;
        UTF-8; unpacked if its name ends in .gz.
    answerable_only: whether questions that can't be answered are left out.
    limit: the number of questions at most; 0 for all.
    """

    def __init__(self, path: str | Path | None, *, answerable_only: bool = False, limit: int = 0) -> None:
        super().__init__(path, limit=limit)
        self.answerable_only = answerable_only

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """Yield an Example for each question; one warning at the end reports the moved and the widened answers.

        Raises what `RecordCorpus` raises.
        """
        self._total = self._moved = self._widened = 0
        yield from super().__call__(nlp)
        if self._moved or self._widened:
            counts = {"moved": self._moved, "widened": self._widened, "total": self._total}
            warnings.warn(Warnings.W402.format(path=self.path, **counts), stacklevel=2)

    def read(self) -> Iterator[QaRecord | Skipped]:
        """Yield the questions, and a `Skipped` for each question with an answer that is not in the context.

        Raises InvalidError for a file of another form.
        """
        is_flat = plain_suffix(self.path) == ".jsonl"
        for record in self._read_jsonl() if is_flat else self._read_squad():
            if record.answers or not self.answerable_only:
                yield self._place_answers(record)

    def make_doc(self, nlp: Language, record: QaRecord) -> Doc:
        """Return question and context as a pair Doc. Raises InvalidError for more than nlp.max_length characters."""
        check_length(nlp, len(record.question) + len(SEPARATOR) + len(record.context), record.source)
        return make_pair(nlp, record.question, record.context, PARTS)

    def annotate(self, doc: Doc, record: QaRecord) -> None:
        """Set `doc.spans["answers"]` to the answers, widened to whole tokens."""
        context = doc.spans[PARTS[1]]
        spans, texts = [], []
        for answer in record.answers:
            start = len(record.question) + len(SEPARATOR) + answer.start
            span = doc.char_span(start, start + len(answer.text), alignment_mode="expand")
            if span is None or not len(context):
                continue
            self._total += 1
            self._widened += span.text != answer.text
            spans.append(span)
            texts.append(answer.text)
        doc.spans[ANSWERS] = SpanGroup(doc, name=ANSWERS, spans=spans, attrs={TEXTS: texts})

    def _place_answers(self, record: QaRecord) -> QaRecord | Skipped:
        """Return the record with its answers at the places of their texts in the context, without duplicates."""
        placed = []
        for answer in dict.fromkeys(record.answers):
            start = _nearest_start(record.context, answer)
            if start is None:
                return Skipped(record.source, f"the answer {answer.text!r:.60} is not in the context")
            self._moved += start != answer.start
            placed.append(Answer(answer.text, start))
        return record._replace(answers=placed)

    def _read_squad(self) -> Iterator[QaRecord]:
        text = "".join(line for _, line in read_lines(self.path))
        try:
            for article in json.loads(text)["data"]:
                for paragraph in article["paragraphs"]:
                    for question in paragraph["qas"]:
                        yield self._squad_record(question, paragraph["context"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InvalidError(Errors.C028.format(path=self.path, reason=f"{type(error).__name__}: {error}")) from error

    def _squad_record(self, question: dict[str, Any], context: str) -> QaRecord:
        answers = [Answer(answer["text"], int(answer["answer_start"])) for answer in question.get("answers", [])]
        source = f"{self.path}:{question.get('id', question['question'][:30])}"
        return QaRecord(question["question"], context, answers, source)

    def _read_jsonl(self) -> Iterator[QaRecord]:
        for row in read_rows(self.path, ["question", "context", "answers"], format="jsonl"):
            answers = _read_answers(row.value("answers"), row.source)
            yield QaRecord(row.text("question"), row.text("context"), answers, row.source)


def _read_answers(value: Any, source: str) -> list[Answer]:
    """Return the answers of a row of JSONL. value: an object with lists of texts and of places."""
    try:
        return [Answer(text, int(start)) for text, start in zip(value["text"], value["answer_start"], strict=True)]
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidError(Errors.C028.format(path=source, reason=f"answers are {value!r:.80}")) from error


def _nearest_start(context: str, answer: Answer) -> int | None:
    """Return the start of the answer's text that is nearest to the place in the data; None if it is not there."""
    if not answer.text.strip():
        return None
    if context.startswith(answer.text, answer.start):
        return answer.start
    starts = []
    start = context.find(answer.text)
    while start >= 0:
        starts.append(start)
        start = context.find(answer.text, start + 1)
    return min(starts, key=lambda start: abs(start - answer.start), default=None)
