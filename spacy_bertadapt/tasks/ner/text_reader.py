"""The reader of entities that are characters of a text, or tags in lists: exports of annotation tools, and rows."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from spacy.tokens import Doc, Span

from ...errors import Errors, InvalidError, require
from ...readers.annotated import AnnotatedText, TokenKeys, read_annotated
from ...readers.annotated_corpus import AnnotatedCorpus
from ...readers.corpus import Skipped
from ...readers.recognition import TOLD_BY_LOOK, Look, recognize
from ...readers.rows import KEYED, format_of
from ...readers.settings import checked_settings
from ...readers.tags import check_scheme

LOOKS = ("json", "jsonl", "rows in an object", "token lists", *TOLD_BY_LOOK)


class EntityCorpus(AnnotatedCorpus):
    """A file of texts with entities, as Examples with `reference.ents`.

    A row has a text and its entities as characters of it, as annotation tools have them, or lists of words and of
    their tags, as data sets on the Hugging Face Hub. An entity that begins or ends inside a token is widened to whole
    tokens, and counted; entities that overlap are an error. Rows that an annotator refused are skipped and reported.

    path: JSONL, JSON, Parquet, or what an annotation tool exports: see docs/data.md.
    format: one of docs/data.md, such as "jsonl"; None: by content and suffix.
    text: the key of the text, where there are `spans`.
    words, tags: the keys of the lists; None: there are spans.
    tag_names: names of tags that are numbers, in their order; None: the data name them.
    scheme: of the tags: "bio", "iob1", "bioes" or "bilou": a tag against it is an error. None reads them all.
    gold_preproc: whether pipelines are scored on the file's tokens; else on the tokens of their own tokenizer.
    limit: the number of Docs at most; 0 for all.
    """

    @checked_settings
    def __init__(
        self,
        path: str | Path | None,
        *,
        format: str | None = None,
        text: str = "text",
        words: str | None = None,
        tags: str | None = None,
        tag_names: Sequence[str] | None = None,
        scheme: str | None = None,
        gold_preproc: bool = False,
        limit: int = 0,
    ) -> None:
        super().__init__(path, gold_preproc=gold_preproc, limit=limit)
        check_scheme(scheme)
        remedy = "name the keys of both lists, or of none"
        require("tags", tags, possible=(words is None) == (tags is None), remedy=remedy)
        remedy = f"use {' or '.join(KEYED)}, or null to tell it by content and suffix"
        require("format", format, possible=format is None or format in KEYED, remedy=remedy)
        self.format = format
        self.text = text
        self.keys = None if words is None or tags is None else TokenKeys(words, tags, tag_names or ())
        self.scheme = scheme

    @property
    def reads(self) -> str:
        """The kind of file that the reader reads, in a few words."""
        return "texts with entities"

    def takes(self, look: Look) -> bool:
        """Return whether a file of that look may have rows of the reader's format."""
        return look.name in LOOKS

    def read(self) -> Iterator[AnnotatedText | Skipped]:
        """Yield the texts, and a `Skipped` for each row that is not accepted.

        Raises InvalidError for a malformed row, and for an entity outside of its text.
        """
        look = recognize(self.path)
        format = self.format or TOLD_BY_LOOK.get(look.name if look else "") or format_of(self.path)
        return read_annotated(self.path, format=format, text=self.text, keys=self.keys, scheme=self.scheme)

    def set_spans(self, doc: Doc, spans: list[Span], source: str) -> None:
        """Set `doc.ents`. Raises InvalidError for spans that overlap."""
        for first, second in pairwise(spans):
            if second.start < first.end:
                raise InvalidError(Errors.C058.format(source=source, first=str(first), second=str(second)))
        doc.set_ents(spans)
