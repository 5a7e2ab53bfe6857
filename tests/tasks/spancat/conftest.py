"""A bert_spancat, and texts with spans to learn by heart."""

from __future__ import annotations

from functools import partial

import pytest
from spacy.language import Language

from tests.fixtures.components import MakeExamples, MakePipe
from tests.tasks.spancat.samples import make_examples


@pytest.fixture
def make_spancat(make_pipe: MakePipe) -> MakePipe:
    """Adds a bert_spancat."""
    return partial(make_pipe, "spancat")


@pytest.fixture
def make_spans() -> MakeExamples:
    """Makes nine texts with their spans."""
    return make_examples


@pytest.fixture
def trained(nlp: Language, make_spancat: MakePipe, make_spans: MakeExamples, train_once) -> Language:
    """A pipeline that has learned its texts by heart, anew for each test."""
    make_spancat(nlp)
    return train_once(nlp, make_spans(nlp), rate=3e-3)
