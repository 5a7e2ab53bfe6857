"""Tags of tokens, such as B-PER: one grammar for files and for the outputs of networks."""

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import NamedTuple

from ..errors import Errors, InvalidError

OUTSIDE = "O"
MISSING = "-"


class Part(IntEnum):
    """Where in an entity a token stands; UNIT: the token is the whole entity."""

    OUT = 0
    BEGIN = 1
    IN = 2
    LAST = 3
    UNIT = 4


PARTS = {"B": Part.BEGIN, "I": Part.IN, "M": Part.IN, "L": Part.LAST, "E": Part.LAST, "U": Part.UNIT, "S": Part.UNIT}
OPEN = (Part.BEGIN, Part.IN)
CONTINUING = (Part.IN, Part.LAST)

LETTERS = {
    "bio": {Part.BEGIN: "B", Part.IN: "I"},
    "iob1": {Part.BEGIN: "B", Part.IN: "I"},
    "io": {Part.IN: "I"},
    "bioes": {Part.BEGIN: "B", Part.IN: "I", Part.LAST: "E", Part.UNIT: "S"},
    "bilou": {Part.BEGIN: "B", Part.IN: "I", Part.LAST: "L", Part.UNIT: "U"},
}
"""The letter of each part of an entity, by scheme."""

FILE_SCHEMES = ("bio", "iob1", "bioes", "bilou")


class Tag(NamedTuple):
    """A tag that was read. part: where in an entity its token stands. label: the entity's type; empty outside."""

    part: Part
    label: str


class Entity(NamedTuple):
    """A run of tokens: from `start` up to, and not including, `stop`."""

    start: int
    stop: int
    label: str


def read_tag(tag: str) -> Tag:
    """Return the part and the type that a tag names. A type alone, without a letter, is taken for I-type."""
    if tag == OUTSIDE:
        return Tag(Part.OUT, "")
    letter, dash, label = tag.partition("-")
    return Tag(PARTS[letter], label) if dash and label and letter in PARTS else Tag(Part.IN, tag)


def check_scheme(scheme: str | None) -> None:
    """Raise InvalidError for a scheme that files don't have."""
    if scheme is not None and scheme not in FILE_SCHEMES:
        raise InvalidError(Errors.C027.format(scheme=scheme, known=", ".join(FILE_SCHEMES)))


def read_entities(tags: Sequence[str], scheme: str | None, source_of: Callable[[int], str]) -> list[Entity]:
    """Return the entities that the tags of a sentence spell.

    A tag that continues an entity where there is none starts one, which is right for IOB1 and IO, and mends BIO.
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
        elif tag.part != Part.OUT:
            entities.append(Entity(number, number + 1, tag.label))
    return entities


def _read_file_tag(tag: str) -> Tag:
    return read_tag(OUTSIDE if tag == MISSING else tag)


def _is_open(tag: Tag, label: str) -> bool:
    """Whether an entity of a type may go on after a tag."""
    return tag.part in OPEN and tag.label == label


def _obeys(scheme: str, written: str, tags: Sequence[Tag], number: int, *, continues: bool) -> bool:
    """Whether a scheme has a tag, and has it at this place. written: the tag as it stands in the file."""
    part, label = tags[number]
    if part == Part.OUT:
        return True
    letters = LETTERS[scheme]
    if written != f"{letters.get(part)}-{label}":
        return False
    if scheme != "iob1" and part in CONTINUING and not continues:
        return False
    if Part.LAST not in letters or part not in OPEN:
        return True
    return number + 1 < len(tags) and tags[number + 1].part in CONTINUING and tags[number + 1].label == label
