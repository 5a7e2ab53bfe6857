"""The reader of tokens with tags of entities: CoNLL-2003 and its kin."""

from collections.abc import Iterator
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc, Span

from ...readers.conll import Columns, ConllFile, ConllRecord
from ...readers.corpus import RecordCorpus, make_token_doc
from ...readers.recognition import Look
from ...readers.settings import checked_settings
from ...readers.tag_checks import check_first_tags, with_checked_tags
from ...readers.tags import MISSING, check_scheme


class ConllCorpus(RecordCorpus[ConllRecord]):
    """A file with a word and a tag on each line, and an empty line after each sentence, as Examples with entities.

    A space stands between two words in the Doc's text. Tags may be BIO, IOB1, IO, BIOES or BILOU; "-" means that
    nothing is known of a token. `-DOCSTART-` starts a document. Comments are passed over: lines that start with "#"
    and have other columns than the file's first token.

    path: the file, in UTF-8; unpacked if its name ends in .gz. Columns are divided by tabs, or else by white space.
    word, tag: numbers of columns: 0 is the first, -1 the last.
    document: number of the column that names the document; None: there is none.
    scheme: "bio", "iob1", "bioes" or "bilou": a tag against it is an error. None reads them all, and a tag that
        continues an entity where there is none starts one.
    alternatives: what divides several tags of a token, of which the first counts; None: nothing does.
    sentences: how many go into a Doc, at most; 0: all of a document.
    gold_preproc: whether pipelines are scored on the file's tokens, as in publications; else on the tokens of their
        own tokenizer, as in use. Training is on the file's tokens.
    limit: the number of Docs at most; 0 for all.
    """

    @checked_settings
    def __init__(
        self,
        path: str | Path | None,
        *,
        word: int = 0,
        tag: int = -1,
        document: int | None = None,
        scheme: str | None = None,
        alternatives: str | None = ",",
        sentences: int = 1,
        gold_preproc: bool = False,
        limit: int = 0,
    ) -> None:
        super().__init__(path, limit=limit)
        check_scheme(scheme)
        columns = Columns(word, (tag,), document)
        self.file = ConllFile(self.path, columns, alternatives=alternatives, sentences=sentences)
        self.scheme = scheme
        self.gold_preproc = gold_preproc

    @property
    def reads(self) -> str:
        """The kind of file that the reader reads, in a few words."""
        return "CoNLL"

    def takes(self, look: Look) -> bool:
        """Return whether a file of that look is CoNLL; CoNLL-U is if the words are not in its first column."""
        return look.name == "conll" or (look.name == "conllu" and self.file.columns.word != 0)

    def read(self) -> Iterator[ConllRecord]:
        """Yield the sentences of each Doc.

        Raises what `ConllFile.records` raises, and InvalidError for what is no tag.
        """
        check_first_tags(self.path, self.file.records())
        return with_checked_tags(self.path, self.file.records())

    def make_doc(self, nlp: Language, record: ConllRecord) -> Doc:
        """Return the file's tokens as a Doc, with its sentences if it may hold several.

        Raises InvalidError for a text longer than nlp.max_length.
        """
        words = [token.word for token in record.tokens]
        starts = record.sentence_starts() if self.file.sentences != 1 else ()
        return make_token_doc(nlp, words, record.spaces(), record.source, sentence_starts=starts)

    def make_predicted(self, nlp: Language, record: ConllRecord) -> Doc:
        """Return a Doc with the file's tokens, or with those of the pipeline's tokenizer."""
        doc = self.make_doc(nlp, record)
        return doc if self.gold_preproc else nlp.make_doc(doc.text)

    def annotate(self, doc: Doc, record: ConllRecord) -> None:
        """Set `doc.ents`. Tokens of which nothing is known have missing annotation.

        Raises InvalidError for a tag against the scheme.
        """
        spans = [Span(doc, start, stop, label=label) for start, stop, label in record.entities(0, self.scheme)]
        missing = [doc[i : i + 1] for i, token in enumerate(record.tokens) if token.tags[0] == MISSING]
        doc.set_ents(spans, missing=missing)
