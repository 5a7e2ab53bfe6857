"""Tags of tokens, such as B-PERSON, and the entities they spell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np

from ...errors import Errors, InvalidError
from ...types import Bools, Floats, Ints
from .viterbi import best_paths

OUTSIDE = "O"
NO_TYPE = -1
SCHEMES = ("bio", "bilou", "io", "iob1")
TAG = re.compile(r"([BIMELSU])-(.+)")


class Part(IntEnum):
    """Where in an entity a token stands; UNIT: it is the whole entity."""

    OUT = 0
    BEGIN = 1
    IN = 2
    LAST = 3
    UNIT = 4


PARTS = {"B": Part.BEGIN, "I": Part.IN, "M": Part.IN, "L": Part.LAST, "E": Part.LAST, "U": Part.UNIT, "S": Part.UNIT}
LETTERS = {
    "bio": {Part.BEGIN: "B", Part.IN: "I"},
    "iob1": {Part.BEGIN: "B", Part.IN: "I"},
    "io": {Part.IN: "I"},
    "bilou": {Part.BEGIN: "B", Part.IN: "I", Part.LAST: "L", Part.UNIT: "U"},
}
INSTEAD = {Part.LAST: (Part.IN,), Part.UNIT: (Part.BEGIN, Part.IN), Part.BEGIN: (Part.IN,), Part.IN: (Part.BEGIN,)}


@dataclass(frozen=True, slots=True)
class TagSpans:
    """Entities as runs of tokens. start, stop: (entities,) range of tokens. type: (entities,) number of its type."""

    start: Ints
    stop: Ints
    type: Ints


@dataclass(frozen=True)
class TagScheme:
    """What the outputs of a token classifier mean, in their order.

    parts, types: one entry a tag: where in an entity, and of which type (a number into `names`; NO_TYPE outside).
    names: entity types. loose: whether I-X may start an entity, as in IOB1 and IO; B-X then only divides neighbours.
    """

    parts: tuple[Part, ...]
    types: tuple[int, ...]
    names: tuple[str, ...]
    loose: bool

    @classmethod
    def of(cls, tags: Sequence[str], scheme: str | None = None) -> TagScheme:
        """Read a head's labels: BIO, BILOU or BIOES, IO, or types alone beside O.

        scheme: one of `SCHEMES`, or None to tell from the tags; IOB1 looks like BIO and has to be named.
        Raises ValueError for labels that are no tags, and for a scheme that is not theirs.
        """
        if OUTSIDE not in tags or len(set(tags)) < len(tags):
            raise InvalidError(Errors.E316.format(labels=list(tags)))
        pairs = [_read(tag) for tag in tags]
        names = tuple(dict.fromkeys(name for _, name in pairs if name is not None))
        begun = {name for part, name in pairs if part in (Part.BEGIN, Part.UNIT)}
        types = tuple(NO_TYPE if name is None else names.index(name) for _, name in pairs)
        parts = {part for part, _ in pairs} - {Part.OUT}
        if scheme is not None and not _fits(scheme, parts, all_begin=begun == set(names)):
            remedy = f"the head has the tags {list(tags)!s:.200}. Use null to take these, or a checkpoint without them"
            raise InvalidError(Errors.E308.format(setting="scheme", value=scheme, remedy=remedy))
        loose = scheme in ("io", "iob1") or begun != set(names)
        return cls(tuple(part for part, _ in pairs), types, names, loose)

    @staticmethod
    def tags(names: Sequence[str], scheme: str) -> list[str]:
        """The labels of a head for entity types. Raises ValueError for a scheme that is none of `SCHEMES`."""
        if scheme not in SCHEMES:
            remedy = f"use {', '.join(SCHEMES)}, or null for the checkpoint's own, else bio"
            raise InvalidError(Errors.E308.format(setting="scheme", value=scheme, remedy=remedy))
        return [OUTSIDE, *(f"{letter}-{name}" for name in names for letter in LETTERS[scheme].values())]

    def same_scheme(self, names: Sequence[str]) -> list[str]:
        """The labels of a head for other types, with the letters of this scheme."""
        if self.loose and Part.BEGIN not in self.parts:
            return self.tags(names, "io")
        return self.tags(names, "bilou" if Part.LAST in self.parts else "bio")

    @cached_property
    def lookup(self) -> Ints:
        """(5, types) the tag of a part of an entity; where the scheme lacks one, what takes its place."""
        table = np.full((len(Part), len(self.names)), NO_TYPE, dtype=np.int64)
        for tag, (part, kind) in enumerate(zip(self.parts, self.types, strict=True)):
            if kind != NO_TYPE:
                table[part, kind] = tag
        for part in (Part.IN, Part.BEGIN, Part.LAST, Part.UNIT):
            for other in INSTEAD[part]:
                table[part] = np.where(table[part] == NO_TYPE, table[other], table[part])
        return table

    @cached_property
    def outside(self) -> int:
        """The tag of tokens that are in no entity."""
        return self.parts.index(Part.OUT)

    @cached_property
    def may_start(self) -> Bools:
        """(tags,) whether a text may start with the tag."""
        parts = np.array(self.parts)
        return np.ones(len(parts), dtype=bool) if self.loose else ~np.isin(parts, (Part.IN, Part.LAST))

    @cached_property
    def may_end(self) -> Bools:
        """(tags,) whether a text may end with the tag."""
        if Part.LAST not in self.parts:
            return np.ones(len(self.parts), dtype=bool)
        return ~np.isin(np.array(self.parts), (Part.BEGIN, Part.IN))

    @cached_property
    def follows(self) -> Bools:
        """(tags, tags) whether the second may follow the first."""
        parts, types = np.array(self.parts), np.array(self.types)
        goes_on = np.isin(parts, (Part.IN, Part.LAST))[None, :]
        open_before = np.isin(parts, (Part.BEGIN, Part.IN))[:, None]
        inside = open_before & (types[:, None] == types[None, :])
        must_go_on = open_before & (Part.LAST in self.parts)
        allowed = np.where(goes_on, inside | self.loose, ~must_go_on)
        return np.asarray(allowed, dtype=bool)

    def encode(self, spans: TagSpans, n_tokens: int, text: Ints) -> Ints:
        """(tokens,) the tag of every token. text: (tokens,) the text of each, as of `decode`."""
        tags = np.full(n_tokens, self.outside, dtype=np.int64)
        sizes = spans.stop - spans.start
        entity = np.repeat(np.arange(len(sizes)), sizes)
        token = np.arange(len(entity)) + np.repeat(spans.start - (np.cumsum(sizes) - sizes), sizes)
        is_first, is_last = token == spans.start[entity], token == spans.stop[entity] - 1
        part = np.select([is_first & is_last, is_first, is_last], [Part.UNIT, Part.BEGIN, Part.LAST], Part.IN)
        if self.loose:
            part[is_first & ~self._divides(spans, text)[entity]] = Part.IN
        tags[token] = self.lookup[part, spans.type[entity]]
        return tags

    def decode(self, log_p: Floats, text: Ints) -> Ints:
        """(tokens,) the best tags that spell entities. log_p: (tokens, tags). text: (tokens,) ascending.

        The most probable tag of each token, but for texts in which those are impossible together.
        """
        tags = log_p.argmax(axis=-1)
        if len(tags) and not self.loose:
            begins = np.diff(text, prepend=-1) != 0
            ends = np.append(begins[1:], True)
            wrong = np.where(begins, ~self.may_start[tags], ~self.follows[np.roll(tags, 1), tags])
            wrong |= ends & ~self.may_end[tags]
            for group in _batches(np.unique(text[wrong]), text):
                tags[group[group >= 0]] = self._paths(log_p, group)
        return tags

    def entities(self, tags: Ints, text: Ints) -> TagSpans:
        """The entities that possible tags spell. text: (tokens,) ascending; no entity reaches into another text."""
        parts, types = np.array(self.parts)[tags], np.array(self.types)[tags]
        previous_part, previous_type = np.roll(parts, 1), np.roll(types, 1)
        begins = np.diff(text, prepend=-1) != 0
        goes_on = np.isin(parts, (Part.IN, Part.LAST)) & (types == previous_type) & ~begins
        goes_on &= np.isin(previous_part, (Part.BEGIN, Part.IN))
        start = np.flatnonzero((types != NO_TYPE) & ~goes_on)
        breaks = np.append(np.flatnonzero(~goes_on), len(tags))
        stop = breaks[np.searchsorted(breaks, start, side="right")]
        return TagSpans(start, stop, types[start])

    def _divides(self, spans: TagSpans, text: Ints) -> Bools:
        """(entities,) whether an entity touches one of its own type before it, so that only B-X tells them apart."""
        touches = np.zeros(len(spans.start), dtype=bool)
        same = (spans.start[1:] == spans.stop[:-1]) & (spans.type[1:] == spans.type[:-1])
        touches[1:] = same & (text[spans.start[1:]] == text[spans.start[1:] - 1])
        return touches

    def _paths(self, log_p: Floats, tokens: Ints) -> Ints:
        """Tags of the tokens of some texts, one text a row, padded with -1."""
        lengths = (tokens >= 0).sum(axis=1)
        paths = best_paths(log_p[tokens], lengths, self.may_start, self.follows, self.may_end)
        return paths[tokens >= 0]


def _read(tag: str) -> tuple[Part, str | None]:
    if tag == OUTSIDE:
        return Part.OUT, None
    match = TAG.fullmatch(tag)
    return (PARTS[match.group(1)], match.group(2)) if match else (Part.IN, tag)


def _fits(scheme: str, parts: set[Part], *, all_begin: bool) -> bool:
    """Whether a head with some parts of entities is of a scheme. all_begin: whether every type has a tag to begin."""
    if not parts <= LETTERS[scheme].keys():
        return False
    if scheme == "bilou" and parts and parts.isdisjoint((Part.LAST, Part.UNIT)):
        return False
    return all_begin or scheme in ("io", "iob1")


def _batches(texts: Ints, text: Ints, largest: int = 2**16) -> list[Ints]:
    """Tokens of some texts as padded rows of like length, (texts, tokens), -1 beyond the end."""
    first, stop = np.searchsorted(text, texts), np.searchsorted(text, texts, side="right")
    lengths = stop - first
    order = np.argsort(lengths, kind="stable")
    groups, start = [], 0
    while start < len(order):
        end = start + 1
        while end < len(order) and (end + 1 - start) * lengths[order[end]] <= largest:
            end += 1
        rows = order[start:end]
        width = np.arange(lengths[rows].max())
        groups.append(np.where(width < lengths[rows, None], first[rows, None] + width, -1))
        start = end
    return groups
