"""Data for the commands: what is no `.spacy` file, and how many texts are read."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_bertadapt.planning.data_files import open_corpus
from spacy_bertadapt.tasks import TASKS

TEXTCAT = TASKS["textcat"]


@pytest.fixture
def docbin(tmp_path: Path) -> Path:
    """A `.spacy` file with three Docs."""
    nlp = spacy.blank("en")
    DocBin(docs=[nlp(f"text {number}") for number in range(3)]).to_disk(tmp_path / "data.spacy")
    return tmp_path / "data.spacy"


@pytest.mark.parametrize("content", [b"", b"text,label\n", b"\x00" * 50, b"cut"])
def test_a_file_that_is_no_docbin_is_named(content: bytes, docbin: Path) -> None:
    docbin.write_bytes(docbin.read_bytes()[:-10] if content == b"cut" else content)
    with pytest.raises(ValueError, match=r"^\[E525\] \S+data\.spacy can't be read[^\n]*$"):
        list(open_corpus(docbin, TEXTCAT, {})(spacy.blank("en")))


@pytest.mark.parametrize(("option", "setting", "count"), [(0, 0, 3), (2, 0, 2), (0, 1, 1), (2, 1, 2)])
def test_the_option_goes_before_the_readers_limit(option: int, setting: int, count: int, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\n" + "x,a\n" * 3, encoding="utf8")
    corpus = open_corpus(tmp_path / "a.csv", TEXTCAT, {"limit": setting}, limit=option)
    assert len(list(corpus(spacy.blank("en")))) == count


def test_the_limit_of_docbins(docbin: Path) -> None:
    assert len(list(open_corpus(docbin, TEXTCAT, {}, limit=2)(spacy.blank("en")))) == 2
    assert len(list(open_corpus(docbin.parent, TEXTCAT, {})(spacy.blank("en")))) == 3
