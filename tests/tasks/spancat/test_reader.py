"""Spans that overlap and nest, from nested CoNLL and from Prodigy's JSONL."""

from __future__ import annotations

import gzip
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.scorer import Scorer
from spacy.tokens import DocBin, Span

from spacy_bertadapt.tasks.spancat.reader import SpanCorpus

GENIA = """The O O O
human B-DNA B-cell O
IL-2 I-DNA O B-protein
gene I-DNA O O

NF-kappa B-protein O B-protein
B I-protein O I-protein
"""
TEXT = "Ada Lovelace's diary is in London."
Write = Callable[..., Path]


@pytest.fixture
def nlp() -> Language:
    return spacy.blank("en")


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a text, or rows of JSONL."""

    def run(content: str | list[dict[str, Any]], name: str | None = None) -> Path:
        path = tmp_path / (name or ("data.iob2" if isinstance(content, str) else "data.jsonl"))
        path.write_text(content if isinstance(content, str) else "\n".join(map(json.dumps, content)), encoding="utf8")
        return path

    return run


def row(*spans: tuple[int, int, str], text: str = TEXT, **values: Any) -> dict[str, Any]:
    """A row as Prodigy writes it. spans: start and end in characters, and the label."""
    return {"text": text, "spans": [{"start": s, "end": e, "label": label} for s, e, label in spans], **values}


def gold(corpus: SpanCorpus, nlp: Language, key: str = "sc") -> list[list[tuple[str, str]]]:
    """The spans of every Doc, as text and label."""
    return [[(span.text, span.label_) for span in example.reference.spans[key]] for example in corpus(nlp)]


def test_each_column_of_nested_conll_is_a_level(nlp: Language, write: Write) -> None:
    assert gold(SpanCorpus(write(GENIA)), nlp) == [
        [("human IL-2 gene", "DNA"), ("human", "cell"), ("IL-2", "protein")],
        [("NF-kappa B", "protein")],
    ]


def test_tokens_of_conll_are_those_of_the_file(nlp: Language, write: Write) -> None:
    (example, _) = SpanCorpus(write(GENIA), gold_preproc=True)(nlp)
    assert [token.text for token in example.reference] == ["The", "human", "IL-2", "gene"]
    assert [token.text for token in example.predicted] == ["The", "human", "IL-2", "gene"]
    (example, _) = SpanCorpus(write("don't O\n\nx O\n"))(nlp)
    assert [token.text for token in example.predicted] == ["do", "n't"]
    assert not example.predicted.spans


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"tags": [1]}, [("human IL-2 gene", "DNA")]),
        ({"tags": [-1, 2]}, [("human", "cell"), ("IL-2", "protein")]),
        ({"document": 1}, [("human", "cell"), ("IL-2", "protein")]),
    ],
)
def test_columns_of_tags(nlp: Language, write: Write, settings: dict[str, Any], expected: list[Any]) -> None:
    path = write(GENIA.split("\n\n", maxsplit=1)[0])
    if "document" in settings:
        path = write("\n".join(line.replace("I-DNA", "doc").replace("B-DNA", "doc") for line in GENIA.split("\n")[1:4]))
    assert gold(SpanCorpus(path, **settings), nlp) == [expected]


def test_several_labels_on_a_range_are_several_spans(nlp: Language, write: Write) -> None:
    assert gold(SpanCorpus(write("Ada B-PER S-POET S-PER\n")), nlp) == [[("Ada", "PER"), ("Ada", "POET")]]
    path = write([row((0, 12, "PER"), (0, 12, "POET"), (0, 12, "PER"))])
    assert gold(SpanCorpus(path), nlp) == [[("Ada Lovelace", "PER"), ("Ada Lovelace", "POET")]]


def test_sentences_are_grouped_within_documents(nlp: Language, write: Write) -> None:
    path = write(f"-DOCSTART-\n\n{GENIA}\n-DOCSTART-\n\n# text = a b c\nAda B-PER O O\n")
    examples = list(SpanCorpus(path, sentences=0)(nlp))
    assert [[len(sentence) for sentence in example.reference.sents] for example in examples] == [[4, 2], [1]]
    assert [(span.text, span.start) for span in examples[0].reference.spans["sc"]][-1] == ("NF-kappa B", 4)


def test_a_span_ends_with_its_sentence(nlp: Language, write: Write) -> None:
    path = write("Ada B-PER O\n\nLovelace I-PER O\n")
    assert gold(SpanCorpus(path, sentences=0), nlp) == [[("Ada", "PER"), ("Lovelace", "PER")]]


def test_a_no_break_space_is_a_word_and_may_be_a_span(nlp: Language, write: Write) -> None:
    path = write("Ada B-PER O\n\u00a0 I-PER B-GAP\nTom I-PER O\n")
    assert gold(SpanCorpus(path, gold_preproc=True), nlp) == [[("Ada \u00a0 Tom", "PER"), ("\u00a0", "GAP")]]


def test_spans_of_prodigy(nlp: Language, write: Write) -> None:
    path = write([row((27, 33, "LOC"), (0, 3, "FIRST"), (0, 20, "WORK"), (0, 12, "PER"), answer="accept"), row()])
    assert gold(SpanCorpus(path, spans_key="other"), nlp, "other") == [
        [("Ada Lovelace's diary", "WORK"), ("Ada Lovelace", "PER"), ("Ada", "FIRST"), ("London", "LOC")],
        [],
    ]


def test_tokens_of_prodigy_are_the_docs_tokens(nlp: Language, write: Write) -> None:
    text = "e-mail  to\nX"
    words = ["e-", "mail", " ", "to", "\n", "X"]
    path = write([row((2, 6, "NOUN"), text=text, tokens=[{"text": word, "id": n} for n, word in enumerate(words)])])
    (example,) = SpanCorpus(path)(nlp)
    assert [token.text for token in example.reference] == words
    assert example.reference.text == example.predicted.text == text
    assert [span.text for span in example.reference.spans["sc"]] == ["mail"]
    assert [token.text for token in example.predicted] != words
    (example,) = SpanCorpus(path, gold_preproc=True)(nlp)
    assert [token.text for token in example.predicted] == words


def test_rows_that_are_not_accepted_are_skipped_and_reported(nlp: Language, write: Write) -> None:
    path = write(
        [
            row((0, 3, "A"), answer="accept"),
            row((0, 3, "B"), answer="reject"),
            row((0, 3, "C"), answer="ignore"),
            {"text": TEXT},
            {"text": TEXT, "answer": "accept"},
            row((0, 3, "D"), answer=None),
        ]
    )
    with pytest.warns(UserWarning, match=r"W401\].*3 of 6 rows skipped.*data\.jsonl:2: its answer is 'reject'"):
        assert gold(SpanCorpus(path), nlp) == [[("Ada", "A")], [], [("Ada", "D")]]


@pytest.mark.parametrize(
    ("text", "span", "expected"),
    [
        (TEXT, (1, 10), "Ada Lovelace"),
        (TEXT, (3, 12), "Lovelace"),
        (TEXT, (26, 33), "London"),
        ("in London  now \n ok", (2, 11), "London"),
        ("in London  now \n ok", (11, 16), "now"),
        ("in London  now \n ok", (10, 14), "now"),
        ("in London  now \n ok", (10, 13), "now"),
    ],
)
def test_spans_that_fit_no_tokens_are_set_to_whole_tokens(nlp, write, text, span, expected) -> None:
    path = write([row((*span, "X"), text=text), row((0, 2, "Y"), text="so it is")])
    part = text[span[0] : span[1]]
    with pytest.warns(UserWarning, match=r"W403\]") as caught:
        assert gold(SpanCorpus(path), nlp) == [[(expected, "X")], [("so", "Y")]]
    (message,) = [str(warning.message) for warning in caught]
    assert f"{path}: 1 of 2 spans" in message
    assert f"First: {path}:1: X {part!r}." in message


def test_spans_that_widen_to_one_count_once(nlp: Language, write: Write) -> None:
    path = write([row((0, 12, "PER"), (1, 12, "PER"), (1, 12, "PER"))])
    with pytest.warns(UserWarning, match=r"W403\].*1 of 2 spans"):
        assert gold(SpanCorpus(path), nlp) == [[("Ada Lovelace", "PER")]]


def test_each_call_reports_its_own_spans(nlp: Language, write: Write) -> None:
    corpus = SpanCorpus(write([row((1, 3, "PER"))]))
    for _ in range(2):
        with pytest.warns(UserWarning, match=r"1 of 1 spans"):
            list(corpus(nlp))


def test_format_by_suffix_or_by_name(nlp: Language, write: Write, tmp_path: Path) -> None:
    rows = [row((0, 3, "A"))]
    assert gold(SpanCorpus(write(rows, "data.txt"), format="jsonl"), nlp) == [[("Ada", "A")]]
    assert gold(SpanCorpus(write("Ada B-A\n", "data.jsonl"), format="conll"), nlp) == [[("Ada", "A")]]
    (tmp_path / "DATA.JSONL.gz").write_bytes(gzip.compress(json.dumps(rows[0]).encode()))
    assert gold(SpanCorpus(tmp_path / "DATA.JSONL.gz"), nlp) == [[("Ada", "A")]]


def test_limit_counts_docs(nlp: Language, write: Write) -> None:
    assert len(gold(SpanCorpus(write(GENIA), limit=1), nlp)) == 1
    assert len(gold(SpanCorpus(write([row(), row()]), limit=1), nlp)) == 1


def test_spans_come_back_from_a_docbin_and_are_scored(nlp: Language, write: Write) -> None:
    examples = list(SpanCorpus(write(GENIA), gold_preproc=True)(nlp))
    docs = list(DocBin(docs=[example.reference for example in examples]).get_docs(nlp.vocab))
    for example, doc in zip(examples, docs, strict=True):
        first = doc.spans["sc"][0]
        example.predicted.spans["sc"] = [Span(example.predicted, first.start, first.end, label=first.label)]
    spans = [[(s.start, s.end, s.label_) for s in doc.spans["sc"]] for doc in docs]
    assert spans == [[(1, 4, "DNA"), (1, 2, "cell"), (2, 3, "protein")], [(0, 2, "protein")]]
    scores = Scorer.score_spans(examples, "spans_sc", getter=lambda doc, _: doc.spans["sc"], allow_overlap=True)
    assert (scores["spans_sc_p"], scores["spans_sc_r"]) == (1.0, 0.5)


@pytest.mark.parametrize(
    ("content", "settings", "message"),
    [
        ("Ada\n", {}, r"C025.*iob2:1"),
        ("Ada B-A\n", {"tags": [1, 2]}, r"C025.*iob2:1.*`tags`"),
        ("Ada B-A\n", {"word": -1}, r"C025.*iob2:1"),
        ("Ada B-A O\ncame O\n", {}, r"C029.*iob2:2: the line has 2 columns.*has 3"),
        ("Ada B-A\ncame O O\n", {}, r"C029.*iob2:2"),
        ("Ada\tB-A\t\n", {}, r"C025.*iob2:1"),
        ("Ada B-A O\ncame O I-A\n", {"scheme": "bio"}, r"C026.*iob2:2: the tag 'I-A'"),
        ("\n", {}, r"C023"),
        ([{"spans": []}], {}, r"C017.*jsonl:1: no key 'text'"),
        ([row(text=1)], {}, r"C018.*jsonl:1"),
        ([row(), {"text": TEXT, "spans": {"a": 1}}], {}, r"C030.*jsonl:2.*spans are no list"),
        ([{"text": TEXT, "spans": [1]}], {}, r"C030.*jsonl:1: 1 is no span.*no object"),
        ([{"text": TEXT, "spans": [{"start": 0, "end": 3}]}], {}, r"C030.*jsonl:1.*its label is None"),
        ([row((0, 3, ""))], {}, r"C030.*its label is"),
        ([row((30, 40, "A"))], {}, r"C030.*jsonl:1.*34 characters.*not in the text"),
        ([row((-1, 3, "A"))], {}, r"C030.*not in the text"),
        ([row((3, 3, "A"))], {}, r"C030.*it is empty"),
        ([row((0.0, 3, "A"))], {}, r"C030.*no whole numbers"),
        ([row((False, True, "A"))], {}, r"C030.*no whole numbers"),
        ([row((3, 4, "A"))], {}, r"C030.*white space alone"),
        ([row(tokens=[{"text": "Ada"}])], {}, r"C031.*jsonl:1: the tokens"),
        ([row(tokens=[{"text": ""}, {"text": "x"}], text="x")], {}, r"C031"),
        ([row(tokens=["x"], text="x")], {}, r"C031"),
        ([row(tokens=3, text="x")], {}, r"C031"),
        ([row(answer="reject")], {}, r"C023.*1 of 1 rows skipped"),
        ([row()], {"format": "csv"}, r"E308.*format = 'csv'.*conll or jsonl"),
        ([row()], {"tags": []}, r"E308.*tags = \[\]"),
        ([row()], {"sentences": -1}, r"E308.*sentences = -1.*0 or more"),
        ([row()], {"scheme": "iob2"}, r"C027"),
    ],
)
def test_bad_settings_and_files(nlp: Language, write: Write, content: Any, settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        list(SpanCorpus(write(content), **settings)(nlp))


@pytest.mark.parametrize("content", [GENIA, [row()]])
def test_a_text_beyond_max_length(nlp: Language, write: Write, content: Any) -> None:
    nlp.max_length = 10
    with pytest.raises(ValueError, match=r"C024.*data\.\w+:1: "):
        list(SpanCorpus(write(content))(nlp))


def test_paths_without_a_file(nlp: Language, tmp_path: Path) -> None:
    for name in ("none.iob2", "none.jsonl"):
        with pytest.raises(FileNotFoundError, match="C001"):
            list(SpanCorpus(tmp_path / name)(nlp))
    with pytest.raises(ValueError, match="C003"):
        SpanCorpus(None)


def test_a_sound_file_gives_no_warning(nlp: Language, write: Write) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert gold(SpanCorpus(write([row((0, 12, "PER"))])), nlp) == [[("Ada Lovelace", "PER")]]


def test_a_config_names_the_reader(nlp: Language, write: Write) -> None:
    block = {"@readers": "spacy-bertadapt.SpanCorpus.v1", "path": str(write(GENIA)), "tags": [1], "spans_key": "x"}
    corpus = spacy.registry.resolve({"corpus": block})["corpus"]
    assert gold(corpus, nlp, "x") == [[("human IL-2 gene", "DNA")], [("NF-kappa B", "protein")]]


def test_a_column_of_parts_of_speech_is_refused_unless_named(nlp: Language, write: Write) -> None:
    path = write("EU NNP B-ORG\nrejects VBZ O\nlamb NN O\n")
    with pytest.raises(ValueError, match=r"C038.*column 1 holds NNP, VBZ, NN.*--reader.tags"):
        list(SpanCorpus(path)(nlp))
    (example,) = SpanCorpus(path, tags=[-1])(nlp)
    assert [span.label_ for span in example.reference.spans["sc"]] == ["ORG"]
