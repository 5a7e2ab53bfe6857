"""The cache is bounded, forgets the longest unused first, and is safe under threads."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spacy_bertadapt.subwords.cache import SubwordCache, entry_bytes
from spacy_bertadapt.types import Subwords


def subwords(count: int, *, offsets: bool = False) -> Subwords:
    return Subwords(np.arange(count), np.zeros((count, 2), dtype=np.int64) if offsets else None)


def room(*counts: int, offsets: bool = False) -> int:
    """Bytes for entries of so many subwords, each under a key of one letter."""
    return sum(entry_bytes("a", subwords(count, offsets=offsets)) for count in counts)


def kept(cache: SubwordCache, texts: list[str]) -> set[str]:
    """Which texts are kept; looking changes which was used last."""
    return {text for text in texts if cache.get(text, offsets=False) is not None}


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(1, 12), st.booleans()), max_size=50))
def test_the_bound_holds(puts: list[tuple[str, int, bool]]) -> None:
    cache = SubwordCache(room(12, 12, offsets=True))
    for text, count, offsets in puts:
        cache.put(text, subwords(count, offsets=offsets))
        entries = [(known, cache.get(known, offsets=False)) for known in "abcdefgh"]
        assert sum(entry_bytes(*entry) for entry in entries if entry[1] is not None) <= room(12, 12, offsets=True)
        latest = cache.get(text, offsets=offsets)
        assert latest is not None
        assert len(latest) == count


def test_the_longest_unused_goes_first() -> None:
    cache = SubwordCache(room(10, 10, 10))
    for text in "abc":
        cache.put(text, subwords(10))
    assert cache.get("a", offsets=False) is not None
    cache.put("d", subwords(10))
    assert kept(cache, list("abcd")) == {"a", "c", "d"}
    cache.put("c", subwords(10))
    cache.put("e", subwords(10))
    assert kept(cache, list("acde")) == {"c", "d", "e"}


def test_offsets_are_an_upgrade() -> None:
    cache = SubwordCache(room(20) + room(10, offsets=True))
    cache.put("a", subwords(10))
    assert cache.get("a", offsets=True) is None
    assert cache.get("a", offsets=False) is not None
    better = subwords(10, offsets=True)
    cache.put("a", better)
    assert cache.get("a", offsets=True) is better
    assert cache.get("a", offsets=False) is better
    cache.put("b", subwords(20))
    assert kept(cache, ["a", "b"]) == {"a", "b"}, "a replaced entry counts once"


def test_a_text_beyond_the_bound_drives_nothing_out() -> None:
    cache = SubwordCache(room(20))
    cache.put("a", subwords(10))
    cache.put("giant", subwords(21))
    assert kept(cache, ["a", "giant"]) == {"a"}


def test_texts_without_subwords_are_bounded_too() -> None:
    cache = SubwordCache(100 * room(0))
    for number in range(1000):
        cache.put(" " * number, subwords(0))
    assert 0 < len(cache) < 100


def test_nothing_is_found_in_an_empty_cache() -> None:
    assert SubwordCache().get("a", offsets=False) is None


def test_pickle_keeps_the_bound_and_not_the_texts() -> None:
    cache = SubwordCache(room(15))
    cache.put("a", subwords(10))
    copy = pickle.loads(pickle.dumps(cache))
    assert len(copy) == 0
    copy.put("a", subwords(10))
    copy.put("b", subwords(10))
    assert len(copy) == 1


def test_threads_keep_the_bound() -> None:
    bound = 30 * room(5)
    cache = SubwordCache(bound)

    def work(seed: int) -> None:
        random = np.random.default_rng(seed)
        for number in random.integers(0, 60, 2000).tolist():
            known = cache.get(str(number), offsets=False)
            if known is None:
                cache.put(str(number), subwords(number % 9 + 1))
            else:
                assert len(known) == number % 9 + 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    entries = [(str(number), cache.get(str(number), offsets=False)) for number in range(60)]
    sizes = [entry_bytes(*entry) for entry in entries if entry[1] is not None]
    assert sum(sizes) <= bound
    assert len(sizes) == len(cache)
    cache.put("last", subwords(150))
    assert cache.get("last", offsets=False) is not None
