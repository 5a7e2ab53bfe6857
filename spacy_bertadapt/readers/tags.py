"""Tags of tokens, such as B-PER: one grammar for files and for the outputs of networks."""

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import NamedTuple

from ..errors import Errors, InvalidError

OUTSIDE = "O"
MISSING = "-"


class TagPart(IntEnum):
    """Where in an entity a token stands; UNIT: the token is the whole entity."""

    OUT = 0
    BEGIN = 1
    IN = 2
    LAST = 3
    UNIT = 4


PARTS_BY_LETTER = {
    "B": TagPart.BEGIN,
    "I": TagPart.IN,
    "M": TagPart.IN,
    "L": TagPart.LAST,
    "E": TagPart.LAST,
    "U": TagPart.UNIT,
    "S": TagPart.UNIT,
}
OPEN = (TagPart.BEGIN, TagPart.IN)
CONTINUING = (TagPart.IN, TagPart.LAST)

LETTERS = {
    "bio": {TagPart.BEGIN: "B", TagPart.IN: "I"},
    "iob1": {TagPart.BEGIN: "B", TagPart.IN: "I"},
    "io": {TagPart.IN: "I"},
    "bioes": {TagPart.BEGIN: "B", TagPart.IN: "I", TagPart.LAST: "E", TagPart.UNIT: "S"},
    "bilou": {TagPart.BEGIN: "B", TagPart.IN: "I", TagPart.LAST: "L", TagPart.UNIT: "U"},
}
"""The letter of each part of an entity, by scheme."""

FILE_SCHEMES = ("bio", "iob1", "bioes", "bilou")


class Tag(NamedTuple):
    """A tag that was read. part: where in an entity its token stands. label: the entity's type; empty outside."""

    part: TagPart
    label: str


class Entity(NamedTuple):
    """A run of tokens: from `start` up to, and not including, `stop`."""

    start: int
    stop: int
    label: str


def read_tag(tag: str) -> Tag:
    """Return the part and the type that a tag names. A type without a letter is read as I-TYPE."""
    if tag == OUTSIDE:
        return Tag(TagPart.OUT, "")
    letter, dash, label = tag.partition("-")
    return Tag(PARTS_BY_LETTER[letter], label) if dash and label and letter in PARTS_BY_LETTER else Tag(TagPart.IN, tag)


def check_scheme(scheme: str | None) -> None:
    """Raise InvalidError for a scheme that files don't have."""
    if scheme is not None and scheme not in FILE_SCHEMES:
        raise InvalidError(Errors.C027.format(scheme=scheme, known=", ".join(FILE_SCHEMES)))


def read_entities(tags: Sequence[str], scheme: str | None, source_of: Callable[[int], str]) -> list[Entity]:
    """Return the entities that the tags of a sentence stand for.

    A tag that continues an entity where there is none starts one, which is correct in IOB1 and IO, and repairs BIO.
    "-", of which nothing is known, is in no entity.

    scheme: None reads every scheme; a name also checks that the tags obey it.
    source_of: returns the place of a tag, as "file:line", from its number.
    Raises InvalidError for a tag against the scheme.
    """
    entities: list[Entity] = []
    read = [_read_file_tag(tag) for tag in tags]
    for number, tag in enumerate(read):
        continues = tag.part in CONTINUING and number > 0 and _is_open(read[number - 1], tag.label)
        if scheme is not None and not _obeys(scheme, tags[number], read, number, continues=continues):
            raise InvalidError(Errors.C026.format(source=source_of(number), tag=tags[number], scheme=scheme))
        if continues:
            entities[-1] = entities[-1]._replace(stop=number + 1)
        elif tag.part != TagPart.OUT:
            entities.append(Entity(number, number + 1, tag.label))
    return entities


def _read_file_tag(tag: str) -> Tag:
    return read_tag(OUTSIDE if tag == MISSING else tag)


def _is_open(tag: Tag, label: str) -> bool:
    """Return whether an entity of a type may continue after a tag."""
    return tag.part in OPEN and tag.label == label


def _obeys(scheme: str, written: str, tags: Sequence[Tag], number: int, *, continues: bool) -> bool:
    """Return whether a scheme allows a tag at its place. written: the tag as it stands in the file."""
    part, label = tags[number]
    if part == TagPart.OUT:
        return True
    letters = LETTERS[scheme]
    if written != f"{letters.get(part)}-{label}":
        return False
    if scheme != "iob1" and part in CONTINUING and not continues:
        return False
    if TagPart.LAST not in letters or part not in OPEN:
        return True
    return number + 1 < len(tags) and tags[number + 1].part in CONTINUING and tags[number + 1].label == label
