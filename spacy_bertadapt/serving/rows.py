"""Rows through a pipeline: dicts in, dicts out, one for one, and a bad row says why it is bad."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import fields, is_dataclass
from math import isnan
from typing import Any, TypeAlias, get_origin

from spacy.language import Language
from spacy.tokens import Doc

from ..errors import Errors, InvalidError
from ..pairs import join_pair
from .column_names import check_data_columns, data_columns
from .columns import ERROR, columns_of
from .row_errors import as_line, concerns_all_rows, failure_of, mark_as_row, note_errors_on_docs

Row: TypeAlias = Mapping[str, Any]
"""Values by the names of the data's columns."""

KEPT_WORDS = 50_000
"""So many words of rows stay in the vocabulary: about 30 megabytes."""


class PipelineRows:
    """Sends rows through a pipeline, and returns a row of predictions for each.

    Several threads may use it: they take turns.
    """

    def __init__(
        self,
        nlp: Language,
        *,
        columns: Mapping[str, str] | None = None,
        task: str | None = None,
        prefix: str = "",
        batch_size: int | None = None,
    ):
        """Take a pipeline, whose components note errors of rows on their Docs from now on.

        columns: the data's column of an input, where it has not the input's name. task: name of the one task whose
        predictions are wanted; None: those of all components that read what is read, see `columns_of`. prefix: of the
        names of the written columns. batch_size: rows that are sorted by length together; None: `nlp.batch_size`.
        Raises ValueError for a pipeline that writes no columns, one without weights, and for unknown inputs.
        """
        self.nlp = nlp
        self._columns = columns_of(nlp, task=task, prefix=prefix)
        self.columns = data_columns(self._columns.inputs, columns or {})
        self._outputs = self._columns.outputs
        self._error = f"{prefix}{ERROR}"
        self._batch_size = batch_size or nlp.batch_size
        self._lock = threading.Lock()
        for _, pipe in nlp.pipeline:
            getattr(pipe, "network", None)  # raises before there is one
        note_errors_on_docs(nlp)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of what is read: ("text",), ("premise", "hypothesis") or ("question", "context")."""
        return self._columns.inputs

    @property
    def outputs(self) -> Mapping[str, Any]:
        """The type annotation of each written column, by name: builtins and frozen dataclasses. The last is `error`."""
        return self._outputs

    def check_columns(self, names: Mapping[str, bool]) -> None:
        """Raise ValueError if data lacks a column that is read, or has one that is written.

        names: the data's columns, and whether each holds strings.
        """
        check_data_columns(names, self.columns, self.outputs)

    def predict(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Return the written columns of each row, in order, as builtins: a frozen dataclass becomes a dict.

        A row that can't be read has a text in its `error`, and nothing in the others: None, [] or {}. That of a good
        row is None. Raises RuntimeError if the device fails.
        """
        with self._lock, self._zone():
            done: list[dict[str, Any] | None] = [None] * len(rows)
            self._fill(rows, list(range(len(rows))), done)
        return [values for values in done if values is not None]

    def _zone(self) -> AbstractContextManager[object]:
        """Return a block after which the vocabulary forgets new words, so that it does not grow with every row.

        The first ones stay: frequent words would be made anew for every call otherwise.
        """
        return self.nlp.memory_zone() if len(self.nlp.vocab) >= KEPT_WORDS else nullcontext()

    def _fill(self, rows: Sequence[Row], numbers: list[int], done: list[dict[str, Any] | None]) -> None:
        """Put the values of some rows where their numbers say, batch by batch; those that failed together again alone.

        Other components than ours give all Docs of a batch to the error handler, or raise themselves.
        """
        docs = {number: doc for number in numbers if (doc := self._doc(number, rows[number], done)) is not None}
        again = []
        try:
            annotated = self._pipe(docs)
        except Exception as err:  # of any component
            if concerns_all_rows(err):
                raise
            if len(docs) == 1:
                done[next(iter(docs))] = self._failed(err)
            else:
                again = list(docs)
        else:
            for number, doc in docs.items():
                failure = failure_of(annotated.get(number, doc))
                if failure is not None and not failure.alone:
                    again.append(number)
                elif failure is not None or number not in annotated:
                    done[number] = self._failed(failure.error if failure else InvalidError(Errors.E585))
                else:
                    done[number] = self._values(annotated[number])
        for number in again:
            self._fill(rows, [number], done)

    def _doc(self, number: int, row: Row, done: list[dict[str, Any] | None]) -> Doc | None:
        """Return the Doc of a row; None, and its error is put where its number says, if there can't be one."""
        try:
            texts = [self._text(row, self.columns[name]) for name in self.inputs]
            if len(texts) == 1:
                made = self.nlp.make_doc(texts[0])
            else:
                made = join_pair(self.nlp, texts[0], texts[1], (self.inputs[0], self.inputs[1]))
        except Exception as err:  # a tokenizer may be anybody's
            done[number] = self._failed(err)
            return None
        return mark_as_row(made)

    def _text(self, row: Row, column: str) -> str:
        """Return the text in a column. Raises ValueError if there is none that can be read."""
        text = row.get(column)
        if not isinstance(text, str):
            is_missing = text is None or (isinstance(text, float) and isnan(text))  # as pandas has it
            reason = "there is none" if is_missing else f"{text!r:.60} is no text"
        elif len(text) > self.nlp.max_length:
            reason = f"it has {len(text):,} characters, and the pipeline takes {self.nlp.max_length:,} (nlp.max_length)"
        elif not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            reason = "it has bytes that are not UTF-8, or half of a surrogate pair"
        else:
            return text
        raise InvalidError(Errors.E580.format(column=column, reason=reason))

    def _pipe(self, docs: Mapping[int, Doc]) -> dict[int, Doc]:
        """Return annotated Docs by number, without those that failed."""
        stream = ((doc, number) for number, doc in docs.items())
        piped = self.nlp.pipe(stream, as_tuples=True, batch_size=self._batch_size, disable=self._columns.idle)
        return {number: doc for doc, number in piped}

    def _values(self, doc: Doc) -> dict[str, Any]:
        return {**{name: plain(value) for name, value in self._columns.read(doc).items()}, self._error: None}

    def _failed(self, error: Exception) -> dict[str, Any]:
        return {**{name: nothing(kind) for name, kind in self.outputs.items()}, self._error: as_line(error)}


def plain(value: Any) -> Any:
    """Return a value as builtins: a dataclass as a dict, also within lists."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return value


def nothing(annotation: Any) -> Any:
    """Return the value of a column in a bad row: [] or {}, or None if it is neither list nor dict."""
    kind = get_origin(annotation)
    return kind() if kind in (list, dict) else None
