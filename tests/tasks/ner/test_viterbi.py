"""The best possible path, against a look at all of them."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise, product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spacy_bertadapt.tasks.ner.viterbi import best_paths, decode_texts


def brute_force(scores, start, follows, end):
    """The score of the best possible path of one sequence; None if there is none."""
    n_steps, n_tags = scores.shape
    best = None
    for path in product(range(n_tags), repeat=n_steps):
        possible = start[path[0]] and end[path[-1]] and all(follows[pair] for pair in pairwise(path))
        total = sum(scores[step, tag] for step, tag in enumerate(path))
        if possible and (best is None or total > best):
            best = total
    return best


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 5), min_size=1, max_size=4), st.integers(2, 4))
def test_is_brute_force(seed, lengths, n_tags):
    rng = np.random.default_rng(seed)
    start, end = rng.random(n_tags) < 0.6, rng.random(n_tags) < 0.6
    follows = rng.random((n_tags, n_tags)) < 0.6
    start[0] = end[0] = follows[0, 0] = True
    scores = np.log(rng.dirichlet(np.ones(n_tags), size=(len(lengths), max(lengths)))).astype(np.float32)
    paths = best_paths(scores, np.array(lengths), start, follows, end)
    for row, length in enumerate(lengths):
        path = paths[row, :length]
        assert start[path[0]]
        assert end[path[-1]]
        assert follows[path[:-1], path[1:]].all()
        assert not paths[row, length:].any()
        expected = brute_force(scores[row, :length].astype(np.float64), start, follows, end)
        assert np.isclose(scores[row, np.arange(length), path].sum(), expected, atol=1e-4)


def test_memory_is_bounded_with_many_tags():
    """8,000 texts of two tokens, 73 tags: the tags that may follow each other are looked at part by part."""
    rng = np.random.default_rng(0)
    n_texts, n_tags = 8_000, 73
    scores = np.log(rng.dirichlet(np.ones(n_tags), size=2 * n_texts)).astype(np.float32)
    follows = rng.random((n_tags, n_tags)) < 0.5
    follows[0] = follows[:, 0] = True
    possible = np.ones(n_tags, dtype=bool)
    tracemalloc.start()
    tags = decode_texts(scores, np.repeat(np.arange(n_texts), 2), possible, follows, possible).reshape(-1, 2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert follows[tags[:, 0], tags[:, 1]].all()
    assert peak < 150e6
