"""A corpus is cut into parts that have nothing in common, and are all of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import spacy

from spacy_bertadapt.readers.parts import part_of
from spacy_bertadapt.readers.split import SplitCorpus
from spacy_bertadapt.tasks.textcat.reader import TextcatCorpus

NLP = spacy.blank("xx")


@pytest.fixture
def corpus(tmp_path: Path) -> TextcatCorpus:
    """200 texts, of which some are there twice and a tenth has a rare label."""
    rows = [(f"text {i % 180}", "rare" if i % 180 % 10 == 0 else "usual") for i in range(200)]
    (tmp_path / "data.csv").write_text("text,label\n" + "".join(f"{a},{b}\n" for a, b in rows), encoding="utf8")
    return TextcatCorpus(tmp_path / "data.csv")


def texts(corpus) -> list[str]:
    return [example.reference.text for example in corpus(NLP)]


def test_each_text_is_in_one_part(corpus: TextcatCorpus) -> None:
    train, dev = (texts(SplitCorpus(corpus, part=part)) for part in ("train", "dev"))
    assert not set(train) & set(dev)
    assert Counter(train) + Counter(dev) == Counter(texts(corpus))
    assert len(set(dev)) == 36
    assert texts(SplitCorpus(corpus, part="dev")) == dev
    assert texts(SplitCorpus(corpus, part="dev", seed=1)) != dev


def test_labels_have_their_share(corpus: TextcatCorpus) -> None:
    dev = list(SplitCorpus(corpus, part="dev", share=0.5)(NLP))
    rare = {example.reference.text for example in dev if example.reference.cats["rare"]}
    assert len(rare) == 9
    assert len({example.reference.text for example in dev}) == 90


def test_parts_for_processes(corpus: TextcatCorpus) -> None:
    split = SplitCorpus(corpus, part="train")
    whole, halves = texts(split), [texts(part_of(split, number, 2)) for number in (0, 1)]
    assert halves == [whole[::2], whole[1::2]]


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"part": "test"}, "part"), ({"part": "dev", "share": 1.0}, "share"), ({"part": "dev", "share": 0.001}, "C059")],
)
def test_what_is_no_part(corpus: TextcatCorpus, settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        texts(SplitCorpus(corpus, **settings))
