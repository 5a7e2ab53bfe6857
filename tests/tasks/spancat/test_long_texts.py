"""Long texts, read in windows."""

from __future__ import annotations

import re
import resource

import numpy as np
import pytest
import spacy
import torch

from tests.tasks.spancat.samples import labelled

SENTENCE = "Ada Lovelace lived in London . "


@pytest.fixture
def weights(trained) -> bytes:
    """What `trained` has learned, for components with other windows."""
    return trained.get_pipe("bert_spancat").to_bytes()


def with_windows(make_spancat, weights: bytes, *, threshold=0.5, **settings):
    """A pipeline that has the weights, and other windows."""
    nlp = spacy.blank("en")
    pipe = make_spancat(nlp, **settings)
    pipe.from_bytes(weights)
    pipe.threshold = threshold  # reading restores the one that was saved
    return nlp


def test_a_text_of_one_window_is_read_whole_whatever_its_limit(make_spancat, weights):
    """The same text, once in a window as long as it is, and once in one with room to spare."""
    text = "the mayor of New York City is late"
    wide = with_windows(make_spancat, weights)
    needed = int(wide.get_pipe("bert_spancat").runner.windows(encoded(wide, text)).lengths[0])
    narrow = with_windows(make_spancat, weights, max_length=needed, stride=0)
    assert labelled(narrow(text)) == labelled(wide(text)) == [(0, 6, "PERSON"), (3, 6, "PLACE")]


def encoded(nlp, text):
    return nlp.get_pipe("bert_spancat").encode([nlp.make_doc(text)])


def test_each_candidate_is_read_from_a_window_that_holds_it_whole(make_spancat, weights):
    """Its logits are those of that window alone; it stands nowhere farther from an edge."""
    nlp = with_windows(make_spancat, weights, max_length=24, stride=12)
    pipe = nlp.get_pipe("bert_spancat")
    inputs = encoded(nlp, SENTENCE * 20)
    outputs = pipe.runner.predict(inputs)
    spans, windows = outputs.batch.spans, outputs.batch.windows
    logits = outputs.span_logits(3)
    alone = [pipe.model.predict([outputs.batch.padded(np.array([row]))])[0] for row in range(len(windows))]
    expected = np.concatenate(alone)
    np.testing.assert_allclose(logits, expected, atol=1e-5)
    length = int(windows.stop[-1])
    for window, first, last in zip(spans.window, spans.first, spans.last, strict=True):
        assert windows.start[window] <= first
        assert last < windows.stop[window]
        ranges = zip(windows.start, windows.stop, strict=True)
        holding = [(start, stop) for start, stop in ranges if start <= first and last < stop]
        distances = [edge_distance(first, last, start, stop, length) for start, stop in holding]
        start, stop = windows.start[window], windows.stop[window]
        assert edge_distance(first, last, start, stop, length) == max(distances)
    assert len(windows) > 8


def edge_distance(first, last, start, stop, length):
    """How far a span stands from the nearer edge of a window; the start and the end of the text are no edges."""
    return min(first - start if start else length, stop - 1 - last if stop < length else length)


def test_windows_small_and_large_hold_the_same_candidates(make_spancat, weights):
    """As long as they overlap by more than a candidate has subwords; else the longest are not seen whole."""
    text = SENTENCE * 4
    wide, narrow = (with_windows(make_spancat, weights, threshold=0.0, **s) for s in ({}, {"max_length": 40}))
    assert labelled(narrow(text)) == labelled(wide(text))
    tiny = with_windows(make_spancat, weights, threshold=0.0, max_length=8, stride=0)
    candidates = {(start, end) for start, end, _ in labelled(tiny(text))}
    assert candidates < {(start, end) for start, end, _ in labelled(wide(text))}
    windows = tiny.get_pipe("bert_spancat").runner.windows(encoded(tiny, text))
    alignment = encoded(tiny, text).alignment
    whole = {
        (first, last + 1)
        for first in range(len(alignment))
        for last in range(first, min(first + 6, len(alignment)))
        for start, stop in zip(windows.windows.start, windows.windows.stop, strict=True)
        if start <= alignment.first[first] and alignment.last[last] < stop
    }
    assert candidates == whole


def test_spans_of_a_long_text_are_found_all_along_it(nlp, make_spancat, make_spans, train):
    make_spancat(nlp, max_length=32, stride=24, max_windows=None)
    examples = make_spans(nlp)
    long = nlp.make_doc(SENTENCE * 12)
    places = [("PERSON", match) for match in re.finditer("Ada Lovelace", long.text)]
    places += [("PLACE", match) for match in re.finditer("London", long.text)]
    long.spans["sc"] = [long.char_span(match.start(), match.end(), label=label) for label, match in places]
    examples.append(spacy.training.Example(nlp.make_doc(long.text), long))
    train(nlp, examples, steps=120, rate=3e-3)
    assert sorted(labelled(nlp(long.text))) == sorted(labelled(long))


def test_ten_thousand_tokens_stay_within_the_memory_budget(make_spancat, weights):
    """What the network holds at once is bounded by the budget, not by the text."""
    nlp = with_windows(make_spancat, weights, max_batch_subwords=512)
    pipe = nlp.get_pipe("bert_spancat")
    module, seen = pipe.network.module, []

    def note(module, args, kwargs, output):
        seen.append((tuple(kwargs["input_ids"].shape if "input_ids" in kwargs else args[0].shape), len(output)))

    text = SENTENCE * 1667
    list(nlp.pipe([SENTENCE]))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    handle = module.base_model.register_forward_hook(note, with_kwargs=True)
    doc = nlp(text)
    handle.remove()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024  # megabytes
    assert len(doc) > 10_000
    assert max(rows * width for (rows, width), _ in seen) <= 512
    assert len(seen) > 20
    assert labelled(doc)
    # All candidates at once would take 60,000 x 256 floats of 4 bytes, several times over.
    assert grown < 60, f"{grown:.0f} MB"
    assert torch.isfinite(torch.from_numpy(doc.spans["sc"].attrs["scores"])).all()
