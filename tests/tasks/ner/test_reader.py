"""Entities from CoNLL files."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from spacy.language import Language

from spacy_bertadapt.tasks.ner.reader import ConllCorpus

CONLL_2003 = """-DOCSTART- -X- -X- O

EU NNP B-NP B-ORG
rejects VBZ B-VP O
German JJ B-NP B-MISC
call NN I-NP O

Peter NNP B-NP B-PER
Blackburn NNP I-NP I-PER

-DOCSTART- -X- -X- O

Brussels NNP B-NP B-LOC
"""


@pytest.fixture
def nlp() -> Language:
    return spacy.blank("en")


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a file."""

    def run(text: str) -> Path:
        path = tmp_path / "data.conll"
        path.write_text(text, encoding="utf8")
        return path

    return run


def tagged(*tokens: str) -> str:
    return "\n".join(token.replace("/", "\t") for token in tokens) + "\n"


def docs(corpus: ConllCorpus, nlp: Language) -> list:
    return [(example.reference.text, [(e.text, e.label_) for e in example.reference.ents]) for example in corpus(nlp)]


def test_conll_2003(nlp: Language, write: Callable) -> None:
    assert docs(ConllCorpus(write(CONLL_2003)), nlp) == [
        ("EU rejects German call", [("EU", "ORG"), ("German", "MISC")]),
        ("Peter Blackburn", [("Peter Blackburn", "PER")]),
        ("Brussels", [("Brussels", "LOC")]),
    ]


@pytest.mark.parametrize(
    ("sentences", "sizes"), [(2, [6, 1]), (0, [6, 1]), (1, [4, 2, 1])], ids=["two", "documents", "one"]
)
def test_sentences_are_grouped_within_a_document(nlp: Language, write: Callable, sentences: int, sizes: list) -> None:
    examples = list(ConllCorpus(write(CONLL_2003), sentences=sentences)(nlp))
    assert [len(example.reference) for example in examples] == sizes
    if sentences != 1:
        assert [len(sentence) for sentence in examples[0].reference.sents] == [4, 2]


def test_a_column_may_name_the_document(nlp: Language, write: Callable) -> None:
    path = write(tagged("a/Ada/B-PER", "a/came/O", "", "a/Tom/B-PER", "b/Riga/B-LOC"))
    texts = [text for text, _ in docs(ConllCorpus(path, document=0, word=1, sentences=0), nlp)]
    assert texts == ["Ada came Tom", "Riga"]


@pytest.mark.parametrize(
    ("tags", "expected", "scheme"),
    [
        ("B-A I-A O B-A B-A", [(0, 2), (3, 4), (4, 5)], "bio"),
        ("I-A I-A O I-A B-A", [(0, 2), (3, 4), (4, 5)], "iob1"),
        ("B-A E-A O S-A S-A", [(0, 2), (3, 4), (4, 5)], "bioes"),
        ("B-A L-A O U-A U-A", [(0, 2), (3, 4), (4, 5)], "bilou"),
        ("A A O A B", [(0, 2), (3, 4), (4, 5)], None),
        ("B-A I-B I-B I-A O", [(0, 1), (1, 3), (3, 4)], "iob1"),
    ],
)
def test_a_scheme_is_recognized_or_named(nlp, write, tags: str, expected: list, scheme: str | None) -> None:
    path = write(tagged(*(f"w/{tag}" for tag in tags.split())))
    for setting in (None, scheme):
        (example,) = ConllCorpus(path, scheme=setting)(nlp)
        assert [(entity.start, entity.end) for entity in example.reference.ents] == expected


@pytest.mark.parametrize(
    ("tags", "scheme", "line"),
    [
        ("O I-A", "bio", 2),
        ("B-A I-B", "bio", 2),
        ("B-A O", "bioes", 1),
        ("S-A", "bio", 1),
        ("A", "bio", 1),
        ("B-A I-A", "bilou", 2),
    ],
)
def test_a_tag_against_the_named_scheme_is_an_error(nlp, write, tags: str, scheme: str, line: int) -> None:
    path = write(tagged(*(f"w/{tag}" for tag in tags.split())))
    with pytest.raises(ValueError, match=rf"C026.*conll:{line}"):
        list(ConllCorpus(path, scheme=scheme)(nlp))
    assert list(ConllCorpus(path)(nlp))


def test_the_first_of_alternative_tags_counts(nlp: Language, write: Callable) -> None:
    path = write(tagged("Ada/B-PER,B-ORG", "came/O"))
    assert docs(ConllCorpus(path), nlp) == [("Ada came", [("Ada", "PER")])]
    assert docs(ConllCorpus(path, alternatives=None), nlp) == [("Ada came", [("Ada", "PER,B-ORG")])]


def test_a_dash_is_missing_annotation(nlp: Language, write: Callable) -> None:
    (example,) = ConllCorpus(write(tagged("Ada/B-PER", "came/-", "late/O")))(nlp)
    assert [token.ent_iob_ for token in example.reference] == ["B", "", "O"]


def test_pipelines_are_scored_on_their_own_tokens_or_the_files(nlp: Language, write: Callable) -> None:
    path = write(tagged("don't/O", "go/O"))
    (own,) = ConllCorpus(path)(nlp)
    (gold,) = ConllCorpus(path, gold_preproc=True)(nlp)
    assert [token.text for token in own.predicted] == ["do", "n't", "go"]
    assert [token.text for token in gold.predicted] == [token.text for token in own.reference] == ["don't", "go"]


def test_gzip_limit_and_windows_line_ends(nlp: Language, tmp_path: Path) -> None:
    path = tmp_path / "data.conll.gz"
    path.write_bytes(gzip.compress(b"Ada B-PER\r\n\t\r\nTom B-PER\r\n"))
    assert docs(ConllCorpus(path, limit=1), nlp) == [("Ada", [("Ada", "PER")])]


@pytest.mark.parametrize("text", ["Ada\n", "Ada\tB-PER\n \tO\n", "Ada\tB-PER\ncame\t\n"])
def test_a_line_without_word_and_tag_is_an_error(nlp: Language, write: Callable, text: str) -> None:
    with pytest.raises(ValueError, match=r"C025.*conll:\d"):
        list(ConllCorpus(write(text))(nlp))


@pytest.mark.parametrize("word", ["\u00a0", "\u3000", "\u2003", "\x85", "\x1c", "\u200b", "\ufeff"])
@pytest.mark.parametrize("divider", ["\t", " "])
def test_white_space_other_than_a_space_is_a_word(nlp: Language, write: Callable, word: str, divider: str) -> None:
    path = write(f"Ada{divider}B-PER\n{word}{divider}O\nTom{divider}B-PER\n")
    (example,) = ConllCorpus(path, gold_preproc=True)(nlp)
    assert [token.text for token in example.predicted] == ["Ada", word, "Tom"]
    assert [(entity.start, entity.end) for entity in example.reference.ents] == [(0, 1), (2, 3)]


COMMENTS = (
    "# newdoc",
    "# newdoc id = mf920901-001",
    "# sent_id = 1",
    "# text = # 3 is late",
    "#begin document (bc/cctv/00); part 000",
    "# id 1b2c\tdomain=en",
)


@pytest.mark.parametrize("divider", ["\t", " "])
@pytest.mark.parametrize("comment", COMMENTS)
def test_comments_are_no_tokens(nlp: Language, write: Callable, comment: str, divider: str) -> None:
    lines = [comment, "Ada NNP x B-PER", "# NN x O", comment, "#3 CD x B-NUM", "", comment, "# NN x O", comment]
    text = "\n".join(line if line == comment else line.replace(" ", divider) for line in lines)
    assert docs(ConllCorpus(write(text)), nlp) == [("Ada # #3", [("Ada", "PER"), ("#3", "NUM")]), ("#", [])]


@pytest.mark.parametrize("columns", ["# SYM", "# a SYM", "# a b SYM"])
def test_a_comment_in_as_many_words_as_there_are_columns_between_tabs(nlp, write, columns: str) -> None:
    divided = columns.replace(" ", "\t")
    path = write(f"{columns}\n{divided.replace('#', 'Ada')}\n{divided}\n{columns}\n")
    assert docs(ConllCorpus(path), nlp) == [("Ada #", [("Ada #", "SYM")])]


def test_comments_start_no_sentence_and_have_lines_of_their_own(nlp: Language, write: Callable) -> None:
    with pytest.raises(ValueError, match=r"C025.*conll:3"):
        list(ConllCorpus(write("# sent_id = 1\nAda B-PER\n#late\n"))(nlp))
    assert docs(ConllCorpus(write("# O\n#late B-X\n")), nlp) == [("# #late", [("#late", "X")])]


def test_bad_settings_and_files(nlp: Language, write: Callable, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="C027"):
        ConllCorpus(write(""), scheme="iob2")
    with pytest.raises(ValueError, match=r"E308.*sentences"):
        ConllCorpus(write(""), sentences=-1)
    with pytest.raises(ValueError, match="C023"):
        list(ConllCorpus(write("\n\n"))(nlp))
    with pytest.raises(FileNotFoundError, match="C001"):
        list(ConllCorpus(tmp_path / "none")(nlp))
    nlp.max_length = 3
    with pytest.raises(ValueError, match="C024"):
        list(ConllCorpus(write(CONLL_2003))(nlp))


@pytest.mark.parametrize("header", ["word\ttag", "Token POS NER", "tokens\tner_tags"])
def test_a_header_is_no_token(header: str, nlp: Language, write: Callable) -> None:
    path = write(f"{header}\nAda\tB-PER\nsings\tO\n")
    with pytest.raises(ValueError, match=r"C035.*data.conll:1"):
        list(ConllCorpus(path)(nlp))


def test_conllu_is_refused_unless_its_columns_are_named(nlp: Language, write: Callable) -> None:
    path = write("# text = Ada\n1\tAda\tAda\tPROPN\tNNP\t_\t0\troot\t_\tB-PER\n\n")
    with pytest.raises(ValueError, match=r"C033.*CoNLL-U"):
        list(ConllCorpus(path)(nlp))
    (example,) = ConllCorpus(path, word=1)(nlp)
    assert [(entity.text, entity.label_) for entity in example.reference.ents] == [("Ada", "PER")]


NO_CONLL = {
    "plain text": ["Ada lived in London .\nShe was great .\n", "Ada lived in London\nShe was great\nShe met B-52\n"],
    "Python": ["[('EU', 'B-ORG'), ('rejects', 'O')]\n[('Ada', 'B-PER')]\n", "['EU', 'B-ORG']\n['rejects', 'O']\n"],
    "fastText": ["Ada B-PER\n\n__label__x where is it\n__label__y my card\n"],
    "YAML": ["text: Ada lived in London\nlabel: PER\n", "- text: Ada\n  spans: [a, b]\n"],
    "<PER>": ["<PER>Ada</PER> lived in <LOC>London</LOC> .\n"],
    "word|TAG": ["Ada|NNP|B-PER lived|VBD|O .|.|O\n", "Ada|B-PER lived|O\n"],
    "TSV": ["".join(f"{number}\tit is {number}\t{'ABC'[number % 3]}\n" for number in range(250))],
    "no tag of entities": ["EU 3\nrejects 0\n", "EU (ORG*\nrejects *\n", "New York\nLos Angeles\n", "EU B-\ncall O\n"],
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in NO_CONLL.items() for text in texts])
def test_what_has_no_tags_is_an_error_that_names_it(write: Callable, name: str, text: str) -> None:
    path = write(text)
    with pytest.raises(ValueError, match=rf"C040\].*data.conll:[1-3]: .*{re.escape(name)}"):
        list(ConllCorpus(path).records())


def test_what_is_no_tag_is_an_error_anywhere_in_a_file(write: Callable) -> None:
    corpus = ConllCorpus(write("EU B-ORG\nrejects O\n\n" * 600 + "EU (ORG*\n"))
    with pytest.raises(ValueError, match=r"C040\].*data.conll:1801: '\(ORG\*'"):
        list(corpus.records())


@pytest.mark.parametrize(
    "text",
    [
        "Ada PER\ncame O\n",
        "Ada PER\nRiga LOC\nlate O\n",
        "Ada PER\nLovelace PER\n",
        "221B HOUSE\nBaker STREET\nStreet STREET\n\n1 HOUSE\nLondon CITY\nNew CITY\n",
        "Ada\tDate of birth\ncame\tO\n",
        "Ada B-a(b)|c\ncame O\n",
        "Ada geo.loc-1\ncame O\n\nTom Work_Of_Art\n",
        "Ada\t人名\ncame\tO\n",
        "Ada x B-PER\ncame O\n",
        "came O\n",
        "Ada B-PER",
    ],
)
def test_tags_of_every_form_are_read(nlp: Language, write: Callable, text: str) -> None:
    assert list(ConllCorpus(write(text))(nlp))


def test_commands_name_what_they_cannot_read(run: Callable, write: Callable, tmp_path: Path, tiny_bert: Path) -> None:
    source = write("Ada lived in London .\nShe was great .\n")
    for name, output in (("convert", tmp_path / "data.spacy"), ("init-config", tmp_path / "my.cfg")):
        files = ("--train", source, "--dev", source, "--encoder", tiny_bert)
        data = (source, output) if name == "convert" else (output, *files)
        result = run(name, *data, "--task", "ner")
        assert result.exit_code == 1
        assert "[C040]" in result.output
        assert "plain text" in " ".join(result.output.split())
        assert not output.exists()
