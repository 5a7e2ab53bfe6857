"""The reader of labelled texts."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc

from ...readers.corpus import make_text_doc
from ...readers.rows import Row
from ...readers.settings import checked_settings
from ..categories.reader import LabelledCorpus, LabelledRecord


class TextcatCorpus(LabelledCorpus):
    """A file with a text and its labels on each row, as Examples with `reference.cats`.

    A row with a label in the `label` column gets every label of the corpus: 1.0 for its own, 0.0 for the others. A
    row with a `cats` object gets the entries of that object only. In JSON the list `[]` says that no label holds. Rows
    without a label are skipped and reported, and so are Prodigy's with `answer` "reject" or "ignore". The file is
    streamed, twice if the labels have to be gathered from it.

    path: CSV, TSV (without quoting), JSONL, JSON, Parquet, or what an annotation tool exports: see docs/data.md. Text
        is UTF-8, and unpacked if its name ends in .gz.
    text: column of the text: a name in the header, a number (0 is the first, -1 the last), or a key.
    label: column of the label, given in the same way. In JSON it holds a string, a number or a list of these.
    label_separator: splits a string of several labels; None: a string is one label.
    label_map: labels of the file to labels of the Docs, such as {"0": "negative", "1": "positive"}. Labels that it
        leads to stay; any other one is an error. None: all labels stay.
    rejected: whether a row that an annotator rejected says that its label does not hold, as where a single label is
        accepted or rejected; each row then speaks of its own label alone. Else such rows are skipped.
    cats: JSONL key of an object {label: value from 0.0 to 1.0} that takes the place of `label`; None: "cats"
        for rows that have it and no `label`.
    scores: columns of numbers that take the place of `label`, for a regression: `reference.cats` gets each number as it
        stands, under the column's name. An empty field leaves that number open. None: labels are read.
    header: whether CSV and TSV start with a row of names; None: if a column is given by name.
    format: one of docs/data.md, such as "csv" or "jsonl"; None: by content and suffix (.txt is TSV).
    separator: of the fields of CSV; None: a comma.
    labels: all labels; another one in the file is an error. None: those in the file, sorted.
        With `scores`, names of the numbers, in the order of the columns.
    limit: the number of texts at most; 0 for all. Labels are gathered from the whole file even so.
    """

    @checked_settings
    def __init__(
        self,
        path: str | Path | None,
        *,
        text: str | int = "text",
        label: str | int = "label",
        label_separator: str | None = None,
        label_map: Mapping[str, str] | None = None,
        cats: str | None = None,
        rejected: bool = False,
        scores: Sequence[str | int] | None = None,
        header: bool | None = None,
        format: str | None = None,
        separator: str | None = None,
        labels: Sequence[str] | None = None,
        limit: int = 0,
    ) -> None:
        super().__init__(
            path,
            columns=[text],
            label=label,
            label_separator=label_separator,
            label_map=label_map,
            may_have_none=True,
            cats=cats,
            rejected=rejected,
            scores=scores,
            header=header,
            format=format,
            separator=separator,
            labels=labels,
            limit=limit,
        )
        self.text = text

    def segments(self, row: Row) -> str:
        """Return the row's text. Raises InvalidError if it is no string."""
        return row.text(self.text)

    def make_doc(self, nlp: Language, record: LabelledRecord) -> Doc:
        """Return the text as a Doc. Raises InvalidError for a text longer than nlp.max_length."""
        return make_text_doc(nlp, str(record.segments), record.source)
