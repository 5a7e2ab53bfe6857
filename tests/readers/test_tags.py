"""The grammar of tags that files and networks share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_bertadapt.readers.tags import FILE_SCHEMES, LETTERS, TagPart, check_scheme, read_entities, read_tag
from spacy_bertadapt.tasks.ner.tag_scheme import TagScheme

TAGS = st.sampled_from(["O", *(f"{letter}-{label}" for letter in "BIMELSU" for label in ("PER", "ORG"))])


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("O", (TagPart.OUT, "")),
        ("B-PER", (TagPart.BEGIN, "PER")),
        ("I-PER", (TagPart.IN, "PER")),
        ("M-PER", (TagPart.IN, "PER")),
        ("E-PER", (TagPart.LAST, "PER")),
        ("L-PER", (TagPart.LAST, "PER")),
        ("S-PER", (TagPart.UNIT, "PER")),
        ("U-PER", (TagPart.UNIT, "PER")),
        ("B-work-of-art", (TagPart.BEGIN, "work-of-art")),
        ("PER", (TagPart.IN, "PER")),
        ("O-PER", (TagPart.IN, "O-PER")),
        ("B-", (TagPart.IN, "B-")),
        ("b-PER", (TagPart.IN, "b-PER")),
        ("-", (TagPart.IN, "-")),
    ],
)
def test_parts_and_labels(tag: str, expected: tuple[TagPart, str]) -> None:
    assert read_tag(tag) == expected


@given(st.lists(TAGS, min_size=1, max_size=12))
def test_files_and_networks_read_the_same_entities(tags: list[str]) -> None:
    scheme = TagScheme.of(["O", *dict.fromkeys(tag for tag in tags if tag != "O")])
    numbers = np.array(
        [0 if tag == "O" else 1 + list(dict.fromkeys(t for t in tags if t != "O")).index(tag) for tag in tags]
    )
    spans = scheme.entities(numbers, np.zeros(len(tags), dtype=np.int64))
    predicted = zip(spans.start.tolist(), spans.stop.tolist(), (scheme.names[kind] for kind in spans.type), strict=True)
    assert list(predicted) == read_entities(tags, None, str)


@pytest.mark.parametrize("scheme", FILE_SCHEMES)
def test_tags_of_a_scheme_obey_it(scheme: str) -> None:
    begin, inside = "B-X", "I-X"
    last, unit = (
        f"{LETTERS[scheme].get(part, LETTERS[scheme][TagPart.IN])}-X" for part in (TagPart.LAST, TagPart.UNIT)
    )
    tags = [begin, inside, last, "-", "O"]
    assert read_entities(tags, scheme, str) == [(0, 3, "X")]
    if TagPart.UNIT in LETTERS[scheme]:
        assert read_entities([unit, *tags], scheme, str) == [(0, 1, "X"), (1, 4, "X")]


def test_the_first_tag_against_a_scheme_is_named() -> None:
    with pytest.raises(ValueError, match=r"C026\] place 2: the tag 'I-Y'"):
        read_entities(["B-X", "I-X", "I-Y", "I-Z"], "bio", lambda number: f"place {number}")


def test_schemes_of_files() -> None:
    check_scheme(None)
    with pytest.raises(ValueError, match=r"C027\].*'io'.*bio, iob1, bioes, bilou"):
        check_scheme("io")
