"""The tags that a token classifier predicts, and the entities that they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...errors import Errors, InvalidError, require
from ...readers.tags import CONTINUING, LETTERS, OPEN, OUTSIDE, TagPart, read_tag
from ...types import Bools, Floats, Ints
from .viterbi import decode_texts

NO_TYPE = -1
SCHEMES = ("bio", "bilou", "io", "iob1")
SUBSTITUTES = {
    TagPart.LAST: (TagPart.IN,),
    TagPart.UNIT: (TagPart.BEGIN, TagPart.IN),
    TagPart.BEGIN: (TagPart.IN,),
    TagPart.IN: (TagPart.BEGIN,),
}
"""The parts that replace one that a scheme lacks, the best first."""


@dataclass(frozen=True, slots=True)
class TagSpans:
    """Entities as runs of tokens.

    start, stop: (entities,) range of tokens. type: (entities,) number of the entity's type.
    """

    start: Ints
    stop: Ints
    type: Ints


@dataclass(frozen=True)
class TagScheme:
    """The meaning of a token classifier's outputs, in their order.

    parts: for each tag, where in an entity its token stands.
    types: for each tag, the type of the entity, as an index into `names`; NO_TYPE outside of entities.
    names: the types of entities.
    loose: whether I-X may start an entity, as in IOB1 and IO; B-X then only separates two entities of one
    type that touch.
    """

    parts: tuple[TagPart, ...]
    types: tuple[int, ...]
    names: tuple[str, ...]
    loose: bool

    @classmethod
    def of(cls, tags: Sequence[str], scheme: str | None = None) -> TagScheme:
        """Return the scheme of a head's labels: BIO, BILOU or BIOES, IO, or types alone beside O.

        scheme: one of `SCHEMES`, or None to recognize it from the tags; IOB1 looks like BIO and has to be named.
        Raises InvalidError for labels that are no tags, and for a scheme that the tags don't have.
        """
        if OUTSIDE not in tags or len(set(tags)) < len(tags):
            raise InvalidError(Errors.E316.format(labels=list(tags)))
        read = [read_tag(tag) for tag in tags]
        names = tuple(dict.fromkeys(tag.label for tag in read if tag.part != TagPart.OUT))
        types = tuple(NO_TYPE if tag.part == TagPart.OUT else names.index(tag.label) for tag in read)
        all_begin = {tag.label for tag in read if tag.part in (TagPart.BEGIN, TagPart.UNIT)} == set(names)
        parts = tuple(tag.part for tag in read)
        if scheme is not None:
            remedy = f"the head has the tags {list(tags)!s:.200}. Use null to take these, or a checkpoint without them"
            possible = _has_scheme(scheme, set(parts) - {TagPart.OUT}, all_begin=all_begin)
            require("scheme", scheme, possible=possible, remedy=remedy)
        return cls(parts, types, names, scheme in ("io", "iob1") or not all_begin)

    @staticmethod
    def tags(names: Sequence[str], scheme: str) -> list[str]:
        """Return the labels of a head for entity types.

        Raises InvalidError for a scheme that is none of `SCHEMES`.
        """
        remedy = f"use {', '.join(SCHEMES)}, or null for the checkpoint's own, else bio"
        require("scheme", scheme, possible=scheme in SCHEMES, remedy=remedy)
        return [OUTSIDE, *(f"{letter}-{name}" for name in names for letter in LETTERS[scheme].values())]

    def same_scheme(self, names: Sequence[str]) -> list[str]:
        """Return the labels of a head for other types, in this scheme."""
        if self.loose and TagPart.BEGIN not in self.parts:
            return self.tags(names, "io")
        return self.tags(names, "bilou" if TagPart.LAST in self.parts else "bio")

    @cached_property
    def lookup(self) -> Ints:
        """(parts, types) the tag for a part of an entity of a type, or a substitute if the scheme lacks it."""
        table = np.full((len(TagPart), len(self.names)), NO_TYPE, dtype=np.int64)
        for tag, (part, kind) in enumerate(zip(self.parts, self.types, strict=True)):
            if kind != NO_TYPE:
                table[part, kind] = tag
        for part in (TagPart.IN, TagPart.BEGIN, TagPart.LAST, TagPart.UNIT):
            for other in SUBSTITUTES[part]:
                table[part] = np.where(table[part] == NO_TYPE, table[other], table[part])
        return table

    @cached_property
    def outside(self) -> int:
        """The tag of tokens that are in no entity."""
        return self.parts.index(TagPart.OUT)

    @cached_property
    def may_start(self) -> Bools:
        """(tags,) whether a text may start with the tag."""
        parts = np.array(self.parts)
        return np.ones(len(parts), dtype=bool) if self.loose else ~np.isin(parts, CONTINUING)

    @cached_property
    def may_end(self) -> Bools:
        """(tags,) whether a text may end with the tag."""
        if TagPart.LAST not in self.parts:
            return np.ones(len(self.parts), dtype=bool)
        return ~np.isin(np.array(self.parts), OPEN)

    @cached_property
    def follows(self) -> Bools:
        """(tags, tags) whether the second tag may follow the first."""
        parts, types = np.array(self.parts), np.array(self.types)
        continues = np.isin(parts, CONTINUING)[None, :]
        is_open = np.isin(parts, OPEN)[:, None]
        same_entity = is_open & (types[:, None] == types[None, :])
        must_continue = is_open & (TagPart.LAST in self.parts)
        allowed = np.where(continues, same_entity | self.loose, ~must_continue)
        return np.asarray(allowed, dtype=bool)

    def encode(self, spans: TagSpans, n_tokens: int, text: Ints) -> Ints:
        """Return the tag of each token, (tokens,).

        spans: the entities, ascending. text: (tokens,) the number of each token's text, ascending.
        """
        tags = np.full(n_tokens, self.outside, dtype=np.int64)
        sizes = spans.stop - spans.start
        entity = np.repeat(np.arange(len(sizes)), sizes)
        token = np.arange(len(entity)) + np.repeat(spans.start - (np.cumsum(sizes) - sizes), sizes)
        is_first, is_last = token == spans.start[entity], token == spans.stop[entity] - 1
        part = np.select(
            [is_first & is_last, is_first, is_last], [TagPart.UNIT, TagPart.BEGIN, TagPart.LAST], TagPart.IN
        )
        if self.loose:
            part[is_first & ~_touches_same_type(spans, text)[entity]] = TagPart.IN
        tags[token] = self.lookup[part, spans.type[entity]]
        return tags

    def decode(self, log_p: Floats, text: Ints) -> Ints:
        """Return the best tags that are possible together, (tokens,).

        A token gets its most probable tag, except in texts where those tags are impossible together.

        log_p: (tokens, tags) log-probabilities. text: (tokens,) the number of each token's text, ascending.
        """
        if self.loose:
            return log_p.argmax(axis=-1)
        return decode_texts(log_p, text, self.may_start, self.follows, self.may_end)

    def entities(self, tags: Ints, text: Ints) -> TagSpans:
        """Return the entities that possible tags stand for, each within one text.

        tags: (tokens,). text: (tokens,) the number of each token's text, ascending.
        """
        parts, types = np.array(self.parts)[tags], np.array(self.types)[tags]
        previous_part, previous_type = np.roll(parts, 1), np.roll(types, 1)
        begins = np.diff(text, prepend=-1) != 0
        continues = np.isin(parts, CONTINUING) & (types == previous_type) & ~begins
        continues &= np.isin(previous_part, OPEN)
        start = np.flatnonzero((types != NO_TYPE) & ~continues)
        breaks = np.append(np.flatnonzero(~continues), len(tags))
        stop = breaks[np.searchsorted(breaks, start, side="right")]
        return TagSpans(start, stop, types[start])


def _has_scheme(scheme: str, parts: set[TagPart], *, all_begin: bool) -> bool:
    """Return whether a head's tags are of a scheme.

    parts: the parts of entities that the tags name. all_begin: whether each type has a tag that begins an entity.
    """
    if not parts <= LETTERS[scheme].keys():
        return False
    if scheme == "bilou" and parts and parts.isdisjoint((TagPart.LAST, TagPart.UNIT)):
        return False
    return all_begin or scheme in ("io", "iob1")


def _touches_same_type(spans: TagSpans, text: Ints) -> Bools:
    """Return whether each entity touches one of its type before it, (entities,), and so has to start with B-X."""
    touches = np.zeros(len(spans.start), dtype=bool)
    same_type = (spans.start[1:] == spans.stop[:-1]) & (spans.type[1:] == spans.type[:-1])
    touches[1:] = same_type & (text[spans.start[1:]] == text[spans.start[1:] - 1])
    return touches
