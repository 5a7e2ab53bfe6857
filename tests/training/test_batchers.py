"""Training batches: every example once, of like length, in another order each time, as a config makes them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy import registry
from spacy.training import Example
from thinc.api import Config
from transformers import AutoTokenizer

from spacy_bertadapt import make_pair_doc
from spacy_bertadapt.training.batchers import Batcher, in_turns

CONFIG = """
[batcher]
@batchers = "spacy-bertadapt.{name}.v1"
encoder = "{encoder}"
{settings}
"""


@pytest.fixture
def make_batcher(tiny_bert: Path) -> Callable[..., Batcher]:
    """Makes a batcher from a config."""

    def make(name: str, **settings: Any) -> Batcher:
        written = "\n".join(f"{key} = {value}" for key, value in settings.items())
        text = CONFIG.format(encoder=tiny_bert, name=name, settings=written)
        return registry.resolve(Config().from_str(text))["batcher"]

    return make


@pytest.fixture(scope="module")
def examples(sample_texts: list[str]) -> list[Example]:
    """1,200 texts whose lengths are as skewed as those of reviews and headlines are."""
    nlp = spacy.blank("en")
    words = " ".join(sample_texts).split()
    lengths = np.random.default_rng(0).lognormal(2.5, 0.7, 1200).astype(int) + 1
    picker = random.Random(0)
    docs = [nlp.make_doc(" ".join(picker.choices(words, k=int(length)))) for length in lengths]
    return [Example(doc, doc) for doc in docs]


@pytest.fixture(scope="module")
def length_of(examples: list[Example], tiny_bert: Path) -> dict[int, int]:
    """Subwords of every example, counted by Transformers, with special tokens."""
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert, model_max_length=10_000)
    return {
        id(eg): len(ids) for eg, ids in zip(examples, tokenizer([eg.text for eg in examples]).input_ids, strict=True)
    }


def padded_size(batch: list[Example], length_of: dict[int, int]) -> int:
    return len(batch) * max(length_of[id(example)] for example in batch)


SETTINGS = {
    "LengthBatcher": {"size": 16},
    "SubwordBatcher": {"subwords": 512},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_every_example_is_in_one_batch(
    make_batcher: Callable[..., Batcher], examples: list[Example], name: str
) -> None:
    batches = list(make_batcher(name, **SETTINGS[name])(examples))
    assert sorted(id(eg) for batch in batches for eg in batch) == sorted(map(id, examples))
    assert all(batches)


@pytest.mark.parametrize("name", SETTINGS)
def test_little_is_padding(
    make_batcher: Callable[..., Batcher], examples: list[Example], length_of: dict[int, int], name: str
) -> None:
    batches = list(make_batcher(name, **SETTINGS[name])(examples))
    padded = sum(padded_size(batch, length_of) for batch in batches)
    share = 1 - sum(length_of.values()) / padded
    assert share < 0.05
    shuffled = [examples[start : start + 16] for start in range(0, len(examples), 16)]
    assert 1 - sum(length_of.values()) / sum(padded_size(batch, length_of) for batch in shuffled) > 0.3


@pytest.mark.parametrize("name", SETTINGS)
def test_each_epoch_has_its_own_order_and_each_seed_too(
    make_batcher: Callable[..., Batcher], examples: list[Example], length_of: dict[int, int], name: str
) -> None:
    batcher = make_batcher(name, **SETTINGS[name])

    def epochs(seed: int) -> list[list[list[int]]]:
        random.seed(seed)
        return [[[id(eg) for eg in batch] for batch in batcher(examples)] for _ in range(2)]

    first, second = epochs(0)
    assert first != second
    assert {frozenset(batch) for batch in first} != {frozenset(batch) for batch in second}, "the mixture changes too"
    assert epochs(0) == [first, second]
    assert epochs(1) != [first, second]
    means = [float(np.mean([length_of[eg] for eg in batch])) for batch in first]
    assert abs(float(np.corrcoef(means, range(len(means)))[0, 1])) < 0.4, "batches don't come in order of length"


def test_batches_have_the_size_asked_for(make_batcher: Callable[..., Batcher], examples: list[Example]) -> None:
    sizes = [len(batch) for batch in make_batcher("LengthBatcher", size=16)(examples[:100])]
    assert sorted(sizes) == [4, 16, 16, 16, 16, 16, 16]


@pytest.mark.parametrize("budget", [1, 64, 512])
def test_the_budget_of_subwords_holds(
    make_batcher: Callable[..., Batcher], examples: list[Example], length_of: dict[int, int], budget: int
) -> None:
    batches = list(make_batcher("SubwordBatcher", subwords=budget)(examples))
    assert sum(map(len, batches)) == len(examples)
    assert all(len(batch) == 1 or padded_size(batch, length_of) <= budget for batch in batches)
    if budget == 512:
        filled = np.mean([padded_size(batch, length_of) for batch in batches])
        assert filled > 0.8 * budget


@pytest.mark.parametrize(
    ("name", "settings", "drawn"),
    [("LengthBatcher", {"size": 4, "pool": 5}, 20), ("SubwordBatcher", {"subwords": 100, "pool": 30}, 30)],
)
def test_a_stream_is_read_pool_by_pool(
    make_batcher: Callable[..., Batcher], examples: list[Example], name: str, settings: dict[str, int], drawn: int
) -> None:
    taken = []

    def stream() -> Iterator[Example]:
        for example in examples[:100]:
            taken.append(example)
            yield example

    batches = make_batcher(name, **settings)(stream())
    assert not taken
    first = next(batches)
    assert len(taken) == drawn
    assert set(map(id, first)) <= set(map(id, taken))
    assert len(first) + sum(len(batch) for batch in batches) == 100


@pytest.mark.parametrize("name", SETTINGS)
def test_empty_and_few(make_batcher: Callable[..., Batcher], examples: list[Example], name: str) -> None:
    batcher = make_batcher(name, **SETTINGS[name])
    assert list(batcher([])) == []
    assert list(batcher(iter(examples[:1]))) == [examples[:1]]
    doc = spacy.blank("en").make_doc("")
    ((example,),) = batcher([Example(doc, doc)])
    assert example.text == ""


@pytest.mark.parametrize(
    ("name", "settings", "wrong"),
    [
        ("LengthBatcher", {"size": 0}, "size = 0"),
        ("LengthBatcher", {"size": 4, "pool": 0}, "pool = 0"),
        ("SubwordBatcher", {"subwords": -1}, "subwords = -1"),
        ("SubwordBatcher", {"subwords": 100, "pool": -1}, "pool = -1"),
    ],
)
def test_settings_that_make_no_batch(
    make_batcher: Callable[..., Batcher], name: str, settings: dict[str, int], wrong: str
) -> None:
    with pytest.raises(ValueError, match=rf"E308.*{wrong}"):
        make_batcher(name, **settings)


def test_an_encoder_that_is_not_there_is_an_error_when_batches_are_made(examples: list[Example]) -> None:
    make = registry.batchers.get("spacy-bertadapt.LengthBatcher.v1")
    batches = make(size=4, encoder="./no/encoder")(examples)
    with pytest.raises(FileNotFoundError, match="E101"):
        next(batches)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_batch_has_texts_or_pairs(make_batcher: Callable[..., Batcher], examples: list[Example], name: str) -> None:
    nlp = spacy.blank("en")
    pairs = [make_pair_doc(nlp, f"premise {number}", "hypothesis", "nli") for number in range(30)]
    questions = [make_pair_doc(nlp, f"question {number}", "context", "qa") for number in range(30)]
    mixed = [*examples[:100], *(Example(doc, doc) for doc in (*pairs, *questions))]
    batches = list(make_batcher(name, **SETTINGS[name])(mixed))
    assert sorted(id(eg) for batch in batches for eg in batch) == sorted(map(id, mixed))
    kinds = [{bool(example.reference.spans) for example in batch} for batch in batches]
    assert all(len(kind) == 1 for kind in kinds)
    assert {True} in kinds
    assert {False} in kinds


@pytest.mark.parametrize(("name", "settings"), [("LengthBatcher", {"size": 8}), ("SubwordBatcher", {"subwords": 400})])
def test_batches_of_processes_that_take_turns_are_of_similar_length(
    name: str,
    settings: dict,
    make_batcher: Callable[..., Batcher],
    examples: list[Example],
    length_of: dict[int, int],
) -> None:
    turns = 4
    random.seed(0)
    batches = [list(batch) for batch in in_turns(make_batcher(name, **settings), turns)(examples)]
    assert len(batches) % turns == 0
    assert sorted(id(eg) for batch in batches for eg in batch) == sorted(map(id, examples))
    steps = [batches[start : start + turns] for start in range(0, len(batches), turns)]
    work = [[sum(length_of[id(eg)] for eg in batch) for batch in step] for step in steps if all(step)]
    idle = [1 - sum(step) / (turns * max(step)) for step in work if min(step)]
    assert np.mean(idle) < 0.06, "the share of time that processes wait for the slowest one"
    for batch in filter(None, batches):
        longest = max(length_of[id(eg)] for eg in batch)
        assert len(batch) <= settings.get("size", max(1, settings.get("subwords", 0) // longest))


def test_turns_draw_what_one_process_with_larger_batches_does(
    make_batcher: Callable[..., Batcher], examples: list[Example]
) -> None:
    random.seed(0)
    two = [list(batch) for batch in in_turns(make_batcher("LengthBatcher", size=8, pool=10), 2)(examples)]
    random.seed(0)
    one = [list(batch) for batch in make_batcher("LengthBatcher", size=16, pool=10)(examples)]
    together = [{*map(id, first), *map(id, second)} for first, second in zip(two[::2], two[1::2], strict=True)]
    assert together == [set(map(id, batch)) for batch in one]


def test_a_batcher_of_others_knows_no_turns(examples: list[Example]) -> None:
    batcher = registry.batchers.get("spacy.batch_by_sequence.v1")(size=4)
    assert in_turns(batcher, 2) is batcher
