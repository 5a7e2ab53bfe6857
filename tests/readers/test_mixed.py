"""Mixtures of corpora: what is drawn, how often, in which order, and what can't be mixed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy import registry
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training import Example
from spacy.training.loop import create_train_batches
from thinc.api import Config

from spacy_bertadapt.readers.mixed import Corpus, MixedCorpus

CONFIG = """
[corpora]

[corpora.train]
@readers = "spacy-bertadapt.MixedCorpus.v1"
seed = 3
proportions = {proportions}

[corpora.train.corpora]

[corpora.train.corpora.texts]
@readers = "spacy-bertadapt.TextcatCorpus.v1"
path = "{folder}/texts.csv"

[corpora.train.corpora.others]
@readers = "spacy.Corpus.v1"
path = "{folder}/others.spacy"
gold_preproc = false
"""


def numbered(word: str, size: int | None) -> Corpus:
    """Return a corpus of texts such as "a 0", "a 1"; size None: it never ends."""

    def read(nlp: Language) -> Iterator[Example]:
        for number in count() if size is None else range(size):
            doc = nlp.make_doc(f"{word} {number}")
            yield Example(doc, doc)

    return read


@pytest.fixture
def texts_of(nlp: Language) -> Callable[..., list[str]]:
    """Gives the texts that a corpus yields. limit: the first ones alone."""

    def read(corpus: Corpus, limit: int | None = None) -> list[str]:
        return [example.text for example in islice(corpus(nlp), limit)]

    return read


@pytest.fixture
def from_config(tmp_path: Path, nlp: Language) -> Callable[..., Corpus]:
    """Makes a mixture of a CSV of 20 texts and a .spacy file of 60, from a config."""
    rows = [f"text {number},{'ab'[number % 2]}\n" for number in range(20)]
    (tmp_path / "texts.csv").write_text("text,label\n" + "".join(rows), encoding="utf8")
    DocBin(docs=[nlp.make_doc(f"other {number}") for number in range(60)]).to_disk(tmp_path / "others.spacy")

    def make(proportions: str) -> Corpus:
        text = CONFIG.format(folder=tmp_path, proportions=proportions)
        return registry.resolve(Config().from_str(text)["corpora"])["train"]

    return make


def words(texts: list[str]) -> Counter[str]:
    """Count the texts of each corpus."""
    return Counter(text.split()[0] for text in texts)


def test_without_proportions_every_example_comes_once(from_config, texts_of) -> None:
    mixed = from_config("null")
    texts = texts_of(mixed)
    assert sorted(texts) == sorted([f"text {n}" for n in range(20)] + [f"other {n}" for n in range(60)])
    assert [text for text in texts if "text" in text] == [f"text {number}" for number in range(20)]
    assert texts_of(mixed) == texts
    assert 5 <= words(texts[:40])["text"] <= 15, "the corpora come together from beginning to end"


def test_in_proportion_until_every_corpus_was_read(from_config, texts_of) -> None:
    mixed = from_config('{"texts": 3, "others": 1}')
    texts = texts_of(mixed)
    assert set(texts) == {f"text {n}" for n in range(20)} | {f"other {n}" for n in range(60)}
    assert words(texts)["other"] == 60, "the corpus that is read last is not begun anew"
    assert words(texts)["text"] == pytest.approx(180, abs=45)
    assert texts_of(mixed) == texts


def test_proportions_are_those_of_the_draws(texts_of) -> None:
    corpora = {"a": numbered("a", 7), "b": numbered("b", 3), "c": numbered("c", 500)}
    texts = texts_of(MixedCorpus(corpora, proportions={"a": 0.5, "b": 0.3, "c": 0.2}))
    counts = words(texts)
    shares = {name: counts[name] / len(texts) for name in counts}
    assert shares == pytest.approx({"a": 0.5, "b": 0.3, "c": 0.2}, abs=0.03)
    assert [text for text in texts if text[0] == "b"][:7] == ["b 0", "b 1", "b 2", "b 0", "b 1", "b 2", "b 0"]


@pytest.mark.parametrize("proportions", [None, {"a": 1, "b": 1}])
def test_the_seed_decides_on_the_order(texts_of, proportions) -> None:
    corpora = {"a": numbered("a", 30), "b": numbered("b", 30)}
    orders = [texts_of(MixedCorpus(corpora, proportions=proportions, seed=seed)) for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]


def test_a_corpus_without_end(texts_of) -> None:
    """As one that generates its texts: the others are drawn again and again."""
    corpora = {"a": numbered("a", None), "b": numbered("b", 2)}
    texts = texts_of(MixedCorpus(corpora, proportions={"a": 1, "b": 1}), limit=400)
    assert words(texts)["a"] == pytest.approx(200, abs=40)
    assert max(int(text.split()[1]) for text in texts if text[0] == "a") == words(texts)["a"] - 1


def test_examples_are_read_when_they_are_drawn(nlp) -> None:
    """So that a stream of any length fits into memory."""
    read: list[str] = []

    def noted(nlp: Language) -> Iterator[Example]:
        for example in numbered("a", 50)(nlp):
            read.append(example.text)
            yield example

    mixed = MixedCorpus({"a": noted, "b": numbered("b", 50)}, proportions={"a": 1, "b": 1})
    drawn = list(islice(mixed(nlp), 20))
    assert read == [example.text for example in drawn if example.text[0] == "a"]


@pytest.mark.parametrize(("max_epochs", "epochs"), [(2, [0, 1]), (-1, [0, 1, 2])])
def test_epochs_of_spacys_loop(nlp, max_epochs, epochs) -> None:
    """An epoch is one mixture, whether spaCy keeps it or streams it."""
    mixed = MixedCorpus({"a": numbered("a", 6), "b": numbered("b", 2)}, proportions={"a": 1, "b": 1}, seed=5)
    size = len(list(mixed(nlp)))
    batches = create_train_batches(nlp, mixed, lambda examples: ([example] for example in examples), max_epochs)
    numbers = [epoch for epoch, _ in islice(batches, 3 * size)]
    assert Counter(numbers) == dict.fromkeys(epochs, size)


@pytest.mark.parametrize(
    ("corpora", "proportions", "message"),
    [
        ({}, None, "C045"),
        ({"a": {"path": "a.csv"}}, None, "C049.*'a'.*a.csv.*@readers"),
        ({"a": numbered("a", 1)}, {"b": 1.0}, r"C046.*\['b'\].*\['a'\]"),
        ({"a": numbered("a", 1), "b": numbered("b", 1)}, {"b": 1.0}, r"C046.*\['b'\].*\['a', 'b'\]"),
        *(({"a": numbered("a", 1)}, {"a": value}, "C047.*'a'") for value in (0, -1, "1", True, float("nan"), None)),
        ({"a": numbered("a", 1)}, {"a": float("inf")}, "C047.*inf"),
    ],
)
def test_what_can_not_be_mixed(corpora: dict[str, Any], proportions: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MixedCorpus(corpora, proportions=proportions)


@pytest.mark.parametrize("proportions", [None, {"full": 1, "void": 1}])
def test_an_empty_corpus(nlp, proportions) -> None:
    mixed = MixedCorpus({"full": numbered("a", 3), "void": numbered("b", 0)}, proportions=proportions)
    with pytest.raises(ValueError, match=r"C048.*'void'"):
        list(mixed(nlp))


def test_a_missing_file_is_named(from_config, tmp_path) -> None:
    mixed = from_config("null")
    (tmp_path / "texts.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"C001.*texts\.csv"):
        list(mixed(spacy.blank("en")))


def test_a_corpus_that_changed_since_it_was_counted(nlp, texts_of) -> None:
    """As where another program adds rows to a file."""
    mixed = MixedCorpus({"a": numbered("a", 3), "b": numbered("b", 2)})
    for size in (3, 5, 2):
        mixed.corpora["a"] = numbered("a", size)
        assert words(texts_of(mixed)) == {"a": size, "b": 2}
