"""Questions on contexts: SQuAD 1.1 and 2.0, and the flat form in which Hugging Face keeps them."""

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
from ...readers.lines import read_lines
from ...readers.rows import read_rows
from . import PARTS
from .scorer import ANSWERS, TEXTS


class Answer(NamedTuple):
    """A gold answer. text: as the data has it. start: its first character in the context."""

    text: str
    start: int


class QaRecord(NamedTuple):
    """A question, its context, and its gold answers: none, if it can't be answered. source: "file:id"."""

    question: str
    context: str
    answers: list[Answer]
    source: str


class SquadCorpus(RecordCorpus[QaRecord]):
    """A file of questions as Examples of pair Docs with `reference.spans["answers"]`, empty where there is no answer.

    Answers are widened to whole tokens; what the data says stays in `spans["answers"].attrs["texts"]`, and is what
    predictions are scored against. An answer that is not at its offset is searched for, and the nearest place taken.
    Moved and widened answers are counted and reported; questions whose answer is nowhere are skipped and reported.

    path: SQuAD's JSON, or JSONL with `question`, `context` and `answers: {"text": [...], "answer_start": [...]}`;
        UTF-8; compressed if its name ends in .gz.
    answerable_only: leave out questions that can't be answered.
    limit: the number of questions at most; 0 for all.
    """

    def __init__(self, path: str | Path | None, *, answerable_only: bool = False, limit: int = 0) -> None:
        super().__init__(path, limit=limit)
        self.answerable_only = answerable_only

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """Yield an Example a question; report answers that were moved or widened at the end."""
        self._total = self._moved = self._widened = 0
        yield from super().__call__(nlp)
        if self._moved or self._widened:
            counts = {"moved": self._moved, "widened": self._widened, "total": self._total}
            warnings.warn(Warnings.W402.format(path=self.path, **counts), stacklevel=2)

    def read(self) -> Iterator[QaRecord | Skipped]:
        """Stream the questions."""
        is_flat = self.path.name.lower().removesuffix(".gz").endswith(".jsonl")
        for record in self._flat() if is_flat else self._nested():
            if record.answers or not self.answerable_only:
                yield self._placed(record)

    def make_doc(self, nlp: Language, record: QaRecord) -> Doc:
        """Return question and context as a pair Doc."""
        check_length(nlp, len(record.question) + len(SEPARATOR) + len(record.context), record.source)
        return make_pair(nlp, record.question, record.context, PARTS)

    def annotate(self, doc: Doc, record: QaRecord) -> None:
        """Set `doc.spans["answers"]`."""
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

    def _placed(self, record: QaRecord) -> QaRecord | Skipped:
        """The record with each answer where its text is; several equal ones stay one."""
        placed = []
        for answer in dict.fromkeys(record.answers):
            start = _nearest(record.context, answer)
            if start is None:
                return Skipped(record.source, f"the answer {answer.text!r:.60} is not in the context")
            self._moved += start != answer.start
            placed.append(Answer(answer.text, start))
        return record._replace(answers=placed)

    def _nested(self) -> Iterator[QaRecord]:
        text = "".join(line for _, line in read_lines(self.path))
        try:
            articles = json.loads(text)["data"]
            for article in articles:
                for paragraph in article["paragraphs"]:
                    for asked in paragraph["qas"]:
                        answers = [Answer(each["text"], int(each["answer_start"])) for each in asked.get("answers", [])]
                        source = f"{self.path}:{asked.get('id', asked['question'][:30])}"
                        yield QaRecord(asked["question"], paragraph["context"], answers, source)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InvalidError(Errors.C028.format(path=self.path, reason=f"{type(error).__name__}: {error}")) from error

    def _flat(self) -> Iterator[QaRecord]:
        for row in read_rows(self.path, ["question", "context", "answers"], format="jsonl"):
            yield QaRecord(
                row.text("question"), row.text("context"), _flat_answers(row.value("answers"), row.source), row.source
            )


def _flat_answers(value: Any, source: str) -> list[Answer]:
    try:
        return [Answer(text, int(start)) for text, start in zip(value["text"], value["answer_start"], strict=True)]
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidError(Errors.C028.format(path=source, reason=f"answers are {value!r:.80}")) from error


def _nearest(context: str, answer: Answer) -> int | None:
    """The place of an answer's text that is nearest to where it should be; None if there is none."""
    if not answer.text.strip():
        return None
    if context.startswith(answer.text, answer.start):
        return answer.start
    places = []
    place = context.find(answer.text)
    while place >= 0:
        places.append(place)
        place = context.find(answer.text, place + 1)
    return min(places, key=lambda found: abs(found - answer.start), default=None)
