"""Tags and entities: one gives the other, in every scheme."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spacy_bertadapt.tasks.ner.tag_scheme import TagPart, TagScheme, TagSpans

TYPES = ["PER", "ORG"]
BIOES = ["S-PER", "O", "E-PER", "I-PER", "B-PER", "B-ORG", "S-ORG", "I-ORG", "E-ORG"]
SCHEMES = {
    "bio": TagScheme.of(TagScheme.tags(TYPES, "bio")),
    "bilou": TagScheme.of(TagScheme.tags(TYPES, "bilou")),
    "bioes": TagScheme.of(BIOES),
    "iob1": TagScheme.of(TagScheme.tags(TYPES, "iob1"), "iob1"),
}


@st.composite
def annotated(draw):
    """Tokens of some texts, and entities on them: (text of each token, [(start, stop, type)])."""
    text, entities = [], []
    for number in range(draw(st.integers(1, 3))):
        for _ in range(draw(st.integers(0, 4))):
            length = draw(st.integers(1, 4))
            if draw(st.booleans()):
                entities.append((len(text), len(text) + length, draw(st.integers(0, 1))))
            text += [number] * length
    return np.array(text, dtype=np.int64), entities


def as_spans(entities):
    return TagSpans(*np.array(entities, dtype=np.int64).reshape(-1, 3).T)


def as_list(spans):
    return list(zip(spans.start.tolist(), spans.stop.tolist(), spans.type.tolist(), strict=True))


def certain(tags, scheme):
    """Log-probabilities that leave no doubt about the tags."""
    return np.log(np.eye(len(scheme.parts), dtype=np.float32)[tags] * 0.98 + 0.001)


@pytest.mark.parametrize("name", SCHEMES)
@given(annotated())
@example((np.array([0, 0, 1, 1]), [(0, 2, 0), (2, 4, 0)]))
@example((np.array([0, 0]), [(0, 1, 0), (1, 2, 0)]))
@example((np.array([0, 0]), [(0, 1, 0), (1, 2, 1)]))
def test_entities_come_back(name, case):
    text, entities = case
    scheme = SCHEMES[name]
    kinds = [(start, stop, scheme.names.index(TYPES[kind])) for start, stop, kind in entities]
    tags = scheme.encode(as_spans(kinds), len(text), text)
    assert as_list(scheme.entities(scheme.decode(certain(tags, scheme), text), text)) == kinds


def test_io_joins_neighbours_of_one_type_and_nothing_else():
    scheme = TagScheme.of(TagScheme.tags(TYPES, "io"))
    entities = [(0, 1, 0), (1, 2, 0), (2, 3, 1), (4, 5, 1)]
    text = np.array([0, 0, 0, 0, 1])
    tags = scheme.encode(as_spans(entities), 5, text)
    assert as_list(scheme.entities(tags, text)) == [(0, 2, 0), (2, 3, 1), (4, 5, 1)]


@pytest.mark.parametrize("name", ["bio", "bilou", "bioes"])
@given(seed=st.integers(0, 2**32 - 1), lengths=st.lists(st.integers(1, 6), min_size=1, max_size=4))
def test_decoded_tags_are_possible(name, seed, lengths):
    scheme = SCHEMES[name]
    text = np.repeat(np.arange(len(lengths)), lengths)
    log_p = np.log(np.random.default_rng(seed).dirichlet(np.ones(len(scheme.parts)), len(text))).astype(np.float32)
    tags = scheme.decode(log_p, text)
    for number in range(len(lengths)):
        path = tags[text == number]
        assert scheme.may_start[path[0]]
        assert scheme.may_end[path[-1]]
        assert scheme.follows[path[:-1], path[1:]].all()


def test_possible_tags_are_left_as_they_are():
    scheme = SCHEMES["bio"]
    text = np.array([0, 0, 1, 1])
    log_p = certain(np.array([1, 2, 0, 2]), scheme)  # the second text has I-PER after O
    log_p[3] = np.log([0.1, 0.3, 0.58, 0.01, 0.01])
    assert scheme.decode(log_p, text).tolist() == [1, 2, 0, 1]


def test_iob1_lets_an_entity_start_with_i():
    tags = np.array([0, 2, 2, 1, 2])
    text = np.zeros(5, dtype=np.int64)
    assert as_list(SCHEMES["iob1"].entities(tags, text)) == [(1, 3, 0), (3, 5, 0)]
    assert SCHEMES["iob1"].decode(certain(tags, SCHEMES["iob1"]), text).tolist() == tags.tolist()


def test_types_alone_beside_o_are_io():
    scheme = TagScheme.of(["O", "PER", "ORG"])
    assert scheme.loose
    assert scheme.names == ("PER", "ORG")
    assert scheme.same_scheme(["X"]) == ["O", "I-X"]


@pytest.mark.parametrize(("tags", "scheme"), [(BIOES, "bilou"), (["O", "B-A", "I-A"], "bio"), (["O", "I-A"], "io")])
def test_letters_of_a_checkpoint_are_kept_for_other_types(tags, scheme):
    assert TagScheme.of(tags).same_scheme(["X"]) == TagScheme.tags(["X"], scheme)


def test_a_part_that_a_scheme_lacks_has_a_substitute():
    bio = SCHEMES["bio"]
    assert bio.lookup[TagPart.UNIT].tolist() == bio.lookup[TagPart.BEGIN].tolist()
    assert bio.lookup[TagPart.LAST].tolist() == bio.lookup[TagPart.IN].tolist()


@pytest.mark.parametrize("tags", [["NOUN", "VERB"], ["O", "B-A", "B-A"]])
def test_labels_that_are_no_tags(tags):
    with pytest.raises(ValueError, match="E316"):
        TagScheme.of(tags)


def test_unknown_scheme():
    with pytest.raises(ValueError, match=r"E308.*scheme"):
        TagScheme.tags(["A"], "iob")


def test_no_tokens():
    scheme = SCHEMES["bio"]
    empty = np.zeros(0, dtype=np.int64)
    assert len(scheme.decode(np.zeros((0, 5), dtype=np.float32), empty)) == 0
    assert as_list(scheme.entities(empty, empty)) == []


def test_a_type_without_a_tag_that_begins_may_start_with_i():
    scheme = TagScheme.of(["B-LOC", "I-LOC", "I-PER", "O"])
    tags = np.array([2, 2, 3, 0])
    text = np.zeros(4, dtype=np.int64)
    assert scheme.decode(certain(tags, scheme), text).tolist() == tags.tolist()
    assert as_list(scheme.entities(tags, text)) == [(0, 2, scheme.names.index("PER")), (3, 4, 0)]


def test_bmes_goes_on_with_m():
    scheme = TagScheme.of(["O", "B-X", "M-X", "E-X", "S-X"])
    tags = np.array([1, 2, 3, 4])
    assert as_list(scheme.entities(scheme.decode(certain(tags, scheme), tags * 0), tags * 0)) == [(0, 3, 0), (3, 4, 0)]


@pytest.mark.parametrize(
    ("tags", "schemes"),
    [
        (["O", "B-X", "I-X"], {"bio", "iob1"}),
        (["O", "B-X", "I-X", "I-Y"], {"iob1"}),
        (["O", "B-X"], {"bio", "iob1"}),
        (["O", "I-X"], {"io", "iob1"}),
        (["O", "X"], {"io", "iob1"}),
        (["O", "B-X", "I-X", "L-X", "U-X"], {"bilou"}),
        (["O", "B-X", "I-X", "E-X", "S-X", "S-Y"], {"bilou"}),
        (["O"], {"bio", "bilou", "io", "iob1"}),
    ],
)
def test_a_scheme_has_to_be_that_of_the_tags(tags, schemes):
    for scheme in ("bio", "bilou", "io", "iob1"):
        if scheme in schemes:
            TagScheme.of(tags, scheme)
        else:
            with pytest.raises(ValueError, match=rf"E308.*{scheme}.*'O'.*Use null"):
                TagScheme.of(tags, scheme)


@pytest.mark.parametrize("scheme", ["bio", "bilou", "io", "iob1"])
def test_types_may_hold_any_characters(scheme):
    types = ("a\nb", "B-X", "x y", "-", "O", "\u2028")
    assert TagScheme.of(TagScheme.tags(types, scheme), scheme).names == types
