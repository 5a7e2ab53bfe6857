"""A corpus that is shuffled in a buffer: every Example once, in another order, and few at a time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from spacy import registry
from spacy.language import Language
from spacy.training import Example
from thinc.api import Config

from spacy_bertadapt.errors import InvalidError
from spacy_bertadapt.readers.shuffled import ShuffledCorpus

CONFIG = """
[corpora]

[corpora.train]
@readers = "spacy-bertadapt.ShuffledCorpus.v1"
buffer = 5

[corpora.train.corpus]
@readers = "spacy-bertadapt.TextcatCorpus.v1"
path = "{path}"
"""
SIZE, BUFFER = 50, 10


def numbers(nlp: Language) -> Iterator[Example]:
    """Yield texts that are numbers, from 0 on."""
    for number in range(SIZE):
        doc = nlp.make_doc(str(number))
        yield Example(doc, doc)


def order_of(corpus: ShuffledCorpus, nlp: Language) -> list[int]:
    return [int(example.text) for example in corpus(nlp)]


def test_every_example_comes_once_in_another_order(nlp: Language) -> None:
    random.seed(0)
    order = order_of(ShuffledCorpus(numbers, buffer=BUFFER), nlp)
    assert sorted(order) == list(range(SIZE))
    assert all(number <= place + BUFFER for place, number in enumerate(order)), "what is not read yet can't come"
    assert order != sorted(order)
    assert order_of(ShuffledCorpus(numbers, buffer=BUFFER), nlp) != order, "each call has an order of its own"


def test_the_seed_decides(nlp: Language) -> None:
    orders = []
    for _ in range(2):
        random.seed(1)
        orders.append(order_of(ShuffledCorpus(numbers, buffer=BUFFER), nlp))
    assert orders[0] == orders[1]


def test_no_more_than_the_buffer_is_read_ahead(nlp: Language) -> None:
    read = []

    def watched(nlp: Language) -> Iterator[Example]:
        for example in numbers(nlp):
            read.append(example)
            yield example

    stream = ShuffledCorpus(watched, buffer=BUFFER)(nlp)
    next(stream)
    assert len(read) == BUFFER + 1


def test_parts_have_all_examples_once(nlp: Language) -> None:
    parts = [order_of(ShuffledCorpus(numbers, buffer=BUFFER).part(number, 3), nlp) for number in range(3)]
    assert [sorted(part) for part in parts] == [list(range(number, SIZE, 3)) for number in range(3)]


def test_a_config_names_it(nlp: Language, tmp_path: Path) -> None:
    path = tmp_path / "texts.csv"
    path.write_text("text,label\n" + "".join(f"text {number},{'ab'[number % 2]}\n" for number in range(20)))
    corpus = registry.resolve(Config().from_str(CONFIG.format(path=path)))["corpora"]["train"]
    assert sorted(example.text for example in corpus(nlp)) == sorted(f"text {number}" for number in range(20))
    second = corpus.part(1, 4)
    assert sorted(example.text for example in second(nlp)) == sorted(f"text {number}" for number in range(1, 20, 4))


@pytest.mark.parametrize("settings", [{"corpus": numbers, "buffer": 0}, {"corpus": "numbers"}])
def test_what_can_not_be_shuffled_is_said(settings: dict) -> None:
    with pytest.raises(InvalidError):
        ShuffledCorpus(**settings)
