"""Parts of corpora, for several processes: every Example is in one of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from spacy.language import Language
from spacy.training import Corpus, Example

from spacy_bertadapt.readers.mixed import MixedCorpus
from spacy_bertadapt.readers.parts import HasParts, part_of
from spacy_bertadapt.tasks.textcat.reader import TextcatCorpus

SIZE, COUNT = 11, 3


@pytest.fixture
def corpus(tmp_path: Path) -> TextcatCorpus:
    path = tmp_path / "texts.csv"
    path.write_text("text,label\n" + "".join(f"text {number},{'ab'[number % 2]}\n" for number in range(SIZE)))
    return TextcatCorpus(path, text="text", label="label")


def texts_of(corpus: Callable, nlp: Language) -> list[str]:
    return [example.text for example in corpus(nlp)]


def test_parts_of_a_file_make_no_docs_of_others(
    corpus: TextcatCorpus, nlp: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, make_doc = [], TextcatCorpus.make_doc

    def watched(self: TextcatCorpus, nlp: Language, record: object) -> object:
        made.append(record)
        return make_doc(self, nlp, record)

    monkeypatch.setattr(TextcatCorpus, "make_doc", watched)
    part = part_of(corpus, 1, COUNT)
    assert texts_of(part, nlp) == [f"text {number}" for number in range(1, SIZE, COUNT)]
    assert len(made) in (4, 8), "one Doc or two an Example, and none of the other parts"
    assert len(texts_of(corpus, nlp)) == SIZE, "the whole stays whole"


def test_parts_of_any_corpus(nlp: Language) -> None:
    def others(nlp: Language) -> list[Example]:
        return [Example(doc, doc) for doc in map(nlp.make_doc, map(str, range(SIZE)))]

    assert not isinstance(others, HasParts)
    assert not isinstance(Corpus("nowhere"), HasParts)
    parts = [texts_of(part_of(others, number, COUNT), nlp) for number in range(COUNT)]
    assert [text for part in parts for text in part] == [
        str(n) for start in range(COUNT) for n in range(start, SIZE, 3)
    ]


def test_a_part_of_a_small_corpus_may_be_empty(corpus: TextcatCorpus, nlp: Language) -> None:
    small = part_of(corpus, 0, SIZE // 2)
    mixed = MixedCorpus({"large": corpus, "small": small})
    parts = [texts_of(part_of(mixed, number, 4), nlp) for number in range(4)]
    assert sum(map(len, parts)) == SIZE + len(texts_of(small, nlp))


@pytest.mark.parametrize("proportions", [None, {"a": 1.0, "b": 2.0}])
def test_parts_of_a_mixture(corpus: TextcatCorpus, nlp: Language, proportions: dict | None) -> None:
    mixed = MixedCorpus({"a": corpus, "b": corpus}, proportions=proportions)
    parts = [texts_of(part_of(mixed, number, COUNT), nlp) for number in range(COUNT)]
    assert {text for part in parts for text in part} == {f"text {number}" for number in range(SIZE)}
    assert not set(parts[0]) & set(parts[1])
