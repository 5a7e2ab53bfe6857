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


@pytest.fixture(scope="module")
def packed() -> dict[str, bytes]:
    """Pipelines that have learned, as bytes."""
    return {}


@pytest.fixture
def trained(nlp: Language, make_spancat: MakePipe, make_spans: MakeExamples, train, packed) -> Language:
    """A pipeline that has learned its texts by heart, anew for each test."""
    make_spancat(nlp)
    if "pipeline" not in packed:
        packed["pipeline"] = train(nlp, make_spans(nlp), steps=100, rate=3e-3).to_bytes()
    return nlp.from_bytes(packed["pipeline"])
