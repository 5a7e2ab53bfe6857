"""Entities out of the tags of a CoNLL file, whatever their scheme."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..errors import Errors, InvalidError

OUTSIDE, MISSING = "O", "-"
SCHEMES = {"bio": "BI", "iob1": "BI", "bioes": "BIES", "bilou": "BILU"}
STARTS, GOES_ON, ENDS = "BSU", "IMEL", "ESLU"


class Entity(NamedTuple):
    """A run of tokens: from `start` up to, and not including, `stop`."""

    start: int
    stop: int
    label: str


def check_scheme(scheme: str | None) -> None:
    """Raise ValueError for a scheme that has no reading."""
    if scheme is not None and scheme not in SCHEMES:
        raise InvalidError(Errors.C027.format(scheme=scheme, known=", ".join(SCHEMES)))


def read_entities(tags: Sequence[str], scheme: str | None, source_of: Callable[[int], str]) -> list[Entity]:
    """Read tags such as B-PER, I-PER, O.

    A tag that goes on where nothing goes on starts an entity, which is right for IOB1 and IO, and mends BIO. Types
    alone are taken for I-type. scheme: None reads all of them; a name also checks that the tags obey it.
    source_of: the place of a tag, as "file:line", by its number. Raises ValueError for a tag against the scheme.
    """
    entities: list[Entity] = []
    before = ("O", "")
    for number, tag in enumerate(tags):
        part, label = split_tag(tag)
        continues = part in GOES_ON and before[0] not in (OUTSIDE, *ENDS) and before[1] == label
        if scheme is not None:
            _check(scheme, tags, number, source_of, continues=continues)
        if part == OUTSIDE:
            pass
        elif continues:
            entities[-1] = entities[-1]._replace(stop=number + 1)
        else:
            entities.append(Entity(number, number + 1, label))
        before = part, label
    return entities


def split_tag(tag: str) -> tuple[str, str]:
    """The letter and the type of a tag; "O" and nothing outside of entities."""
    if tag in (OUTSIDE, MISSING):
        return OUTSIDE, ""
    letter, dash, label = tag.partition("-")
    return (letter, label) if dash and label and letter in (*STARTS, *GOES_ON) else ("I", tag)


def _check(scheme: str, tags: Sequence[str], number: int, source_of: Callable[[int], str], *, continues: bool) -> None:
    """Raise ValueError for a tag that the scheme doesn't have, or not here."""
    part, label = split_tag(tags[number])
    known = part == OUTSIDE or (part in SCHEMES[scheme] and tags[number] == f"{part}-{label}")
    next_part, next_label = split_tag(tags[number + 1]) if number + 1 < len(tags) else (OUTSIDE, "")
    closed = "E" not in SCHEMES[scheme] and "L" not in SCHEMES[scheme]
    in_order = scheme == "iob1" or part not in GOES_ON or continues
    finished = closed or part not in ("B", "I") or (next_part in GOES_ON and next_label == label)
    if not (known and in_order and finished):
        raise InvalidError(Errors.C026.format(source=source_of(number), tag=tags[number], scheme=scheme))
