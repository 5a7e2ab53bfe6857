"""The reader of labelled pairs of texts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from spacy.language import Language
from spacy.tokens import Doc

from ...pairs import SEPARATOR, make_pair
from ...readers.corpus import check_length
from ...readers.rows import Row
from ...readers.settings import checked_settings
from ...types import Pair
from ..categories.reader import LabelledCorpus, LabelledRecord
from . import PARTS

WITHOUT_GOLD = frozenset({"-", "-1"})


class PairCorpus(LabelledCorpus):
    """A file with a premise, a hypothesis and a label on each row, as Examples of pair Docs with `reference.cats`.

    A row gets every label of the corpus: 1.0 for its own, 0.0 for the others. Rows without a gold label are skipped
    and reported: the field is empty, null, "-" as in SNLI or -1 as on the Hugging Face Hub (unless `label_map` has it),
    or the row is one of Prodigy's with `answer` "reject" or "ignore". The file is streamed, twice if the labels have to
    be gathered from it.

    path: CSV, TSV (without quoting), JSONL, JSON, Parquet, or what an annotation tool exports: see docs/data.md. Text
        is UTF-8, and unpacked if its name ends in .gz.
    premise, hypothesis, label: columns: a name in the header, a number (0 is the first, -1 the last), or a key.
    label_map: labels of the file to labels of the Docs, such as {"e": "entailment"}. Labels that it leads to stay;
        any other one is an error. None: all labels stay.
    scores: columns of numbers that take the place of `label`, such as similarities: see `TextcatCorpus`.
    header: whether CSV and TSV start with a row of names; None: if a column is given by name.
    format: one of docs/data.md, such as "csv" or "jsonl"; None: by content and suffix (.txt is TSV).
    separator: of the fields of CSV; None: a comma.
    labels: all labels, after `label_map`; another one in the file is an error. None: those in the file, sorted.
        With `scores`, names of the numbers, in the order of the columns.
    limit: the number of pairs at most; 0 for all. Labels are gathered from the whole file even so.
    """

    @checked_settings
    def __init__(
        self,
        path: str | Path | None,
        *,
        premise: str | int = "premise",
        hypothesis: str | int = "hypothesis",
        label: str | int = "label",
        label_map: Mapping[str, str] | None = None,
        scores: Sequence[str | int] | None = None,
        header: bool | None = None,
        format: str | None = None,
        separator: str | None = None,
        labels: Sequence[str] | None = None,
        limit: int = 0,
    ) -> None:
        super().__init__(
            path,
            columns=[premise, hypothesis],
            label=label,
            label_map=label_map,
            missing=WITHOUT_GOLD - set(label_map or ()),
            scores=scores,
            header=header,
            format=format,
            separator=separator,
            labels=labels,
            limit=limit,
        )

    def segments(self, row: Row) -> Pair:
        """Return the row's premise and hypothesis. Raises InvalidError if one is no string."""
        premise, hypothesis = self.columns
        return row.text(premise), row.text(hypothesis)

    def make_doc(self, nlp: Language, record: LabelledRecord) -> Doc:
        """Return premise and hypothesis as a pair Doc. Raises InvalidError for more than nlp.max_length characters."""
        premise, hypothesis = cast(Pair, record.segments)
        check_length(nlp, len(premise) + len(SEPARATOR) + len(hypothesis), record.source)
        return make_pair(nlp, premise, hypothesis, PARTS)
