"""The reader of questions on contexts: SQuAD 1.1 and 2.0, and the flat form in which Hugging Face stores them."""

import warnings
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc, SpanGroup
from spacy.training import Example

from ...errors import Warnings, require
from ...pairs import SEPARATOR, make_pair
from ...readers.corpus import RecordCorpus, Skipped, check_length
from ...readers.lines import plain_suffix
from ...readers.recognition import Look, recognize
from ...readers.settings import checked_settings
from . import ANSWERS, PARTS
from .scorer import TEXTS
from .squad import Answer, QaRecord, read_flat, read_squad

SQUAD = "squad"
FORMATS = (SQUAD, "jsonl", "json", "parquet", "dataset")


class SquadCorpus(RecordCorpus[QaRecord]):
    """A file of questions as Examples of pair Docs with `reference.spans["answers"]`, empty where there is no answer.

    Answers are widened to whole tokens; `spans["answers"].attrs["texts"]` holds the texts as the data has them, and
    predictions are scored against these. An answer that is not at its offset is taken from the nearest place in the
    context. Moved and widened answers are counted and reported. Skipped and reported are questions whose answer is not
    in the context, those without `answers` (but for `"is_impossible": true`), as in a hidden test set, those whose
    `is_impossible` contradicts their `answers`, and Prodigy's rows with `answer` "reject" or "ignore".

    path: SQuAD's JSON, or rows with `question`, `context` and `answers: {"text": [...], "answer_start": [...]}` in
        JSONL, a JSON list or Parquet: see docs/data.md. Text is UTF-8, and unpacked if its name ends in .gz.
    format: "squad", or one of docs/data.md such as "jsonl"; None: by content and suffix.
    answerable_only: whether questions that can't be answered are left out.
    limit: the number of questions at most; 0 for all.
    """

    @checked_settings
    def __init__(
        self, path: str | Path | None, *, format: str | None = None, answerable_only: bool = False, limit: int = 0
    ) -> None:
        super().__init__(path, limit=limit)
        remedy = f"use {' or '.join(FORMATS)}, or null to tell it by content and suffix"
        require("format", format, possible=format is None or format in FORMATS, remedy=remedy)
        self.format = format
        self.answerable_only = answerable_only
        self._total = self._moved = self._widened = 0

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """Yield an Example for each question; one warning at the end reports the moved and the widened answers.

        Raises what `RecordCorpus` raises.
        """
        self._total = self._moved = self._widened = 0
        yield from super().__call__(nlp)
        if self._moved or self._widened:
            counts = {"moved": self._moved, "widened": self._widened, "total": self._total}
            warnings.warn(Warnings.W402.format(path=self.path, **counts), stacklevel=2)

    @property
    def reads(self) -> str:
        """The kind of file that the reader reads, in a few words."""
        return "SQuAD's JSON" if self._format == SQUAD else "rows of questions and contexts"

    def takes(self, look: Look) -> bool:
        """Return whether a file of that look may hold questions; what else it lacks is reported while reading."""
        if self._format == SQUAD:
            return look.name in ("squad", "json", "jsonl")
        return look.name in ("flat squad", "jsonl", "json", "rows in an object", "parquet", "dataset")

    def read(self) -> Iterator[QaRecord | Skipped]:
        """Yield the questions, and a `Skipped` for each that can't be used.

        Raises InvalidError for a file of another form.
        """
        is_squad = self._format == SQUAD
        for record in read_squad(self.path) if is_squad else read_flat(self.path, format=self._format):
            if isinstance(record, Skipped):
                yield record
            elif record.answers or not self.answerable_only:
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

    @cached_property
    def _format(self) -> str:
        """The format that is set, or that the file's content and name tell."""
        if self.format is not None:
            return self.format
        look = recognize(self.path)
        if look is not None and look.name in ("parquet", "dataset"):
            return look.name
        if look is not None and look.name == "json" and {"question", "context"} <= look.keys:
            return "json"
        return "jsonl" if plain_suffix(self.path) == ".jsonl" else SQUAD

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


def _nearest_start(context: str, answer: Answer) -> int | None:
    """Return the start of the answer's text that is nearest to the place in the data; None if it is not there."""
    if not answer.text.strip():
        return None
    if answer.start >= 0 and context.startswith(answer.text, answer.start):
        return answer.start
    starts = []
    start = context.find(answer.text)
    while start >= 0:
        starts.append(start)
        start = context.find(answer.text, start + 1)
    return min(starts, key=lambda start: abs(start - answer.start), default=None)
