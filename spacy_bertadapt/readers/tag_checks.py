"""Whether the tags of a file are tags: text of another kind has words in their place, and must not become entities."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from ..errors import Errors, InvalidError
from .conll import ConllRecord, TaggedToken
from .lines import read_lines

TAG = re.compile(r"O|-|[BILUESM]-.+")
TYPE = re.compile(r"[^\W\d_]([\w .,&/+:-]*\w)?")
"""A type alone, without a letter before it: it begins with a letter, and has no quotes, brackets or bars."""
TOKENS_CHECKED, TOKENS_NEEDED = 1000, 2
LONG_SENTENCE = 200
LINES_LOOKED_AT = 20
MOST = 0.5


class OtherText(NamedTuple):
    """A kind of text that is taken for CoNLL. pattern: matches most of its lines. title: what it is called."""

    pattern: re.Pattern[str]
    title: str


OTHER_TEXTS = (
    OtherText(re.compile(r"__label__\S"), "fastText's format, a label and a text on each line"),
    OtherText(re.compile(r"\s*[\[(]+\s*['\"]"), "lists as Python or JSON writes them"),
    OtherText(re.compile(r".*<(\w+)[^<>]*>[^<>]+</\1>"), "text with marks such as <PER>Ada</PER> in it"),
    OtherText(re.compile(r"\S+\|\S+( \S+\|\S+)*\s*$"), "sentences of word|TAG"),
    OtherText(re.compile(r"\s*(- )*[\"']?\w[\w-]*[\"']?:(\s|$)"), "YAML"),
    OtherText(re.compile(r"[^\t]*\t.*\S \S"), "TSV of texts"),
)
"""In this order, the first that fits counts."""


def with_checked_tags(path: Path, records: Iterable[ConllRecord]) -> Iterator[ConllRecord]:
    """Yield the records of a file, each checked for what is no tag.

    The tag of a token is its first. Raises InvalidError for what can be no tag.
    """
    known: set[str] = set()
    for record in records:
        for token in record.tokens:
            if token.tags[0] not in known:
                _check_tag(path, token)
                known.add(token.tags[0])
        yield record


def check_first_tags(path: Path, records: Iterable[ConllRecord]) -> None:
    """Raise InvalidError if the first tokens of a file have words where tags would be.

    Types alone, as "PER" for "I-PER", look like words. They are taken for words if two of these are true: no tag has a
    letter before its type, or is "O"; lines differ in their columns; types are not repeated; a sentence has no end.
    """
    sentences = _first_sentences(records)
    tokens = [token for sentence in sentences for token in sentence]
    for token in tokens:
        _check_tag(path, token)
    types = [token for token in tokens if not TAG.fullmatch(token.tags[0])]
    if not types or len(tokens) < TOKENS_NEEDED:
        return
    has_no_other = len(types) == len(tokens)
    differs_in_width = len({token.width for token in tokens}) > 1
    is_without_repeats = len({token.tags[0] for token in types}) > MOST * len(tokens)
    has_no_end = max(map(len, sentences)) > LONG_SENTENCE
    if has_no_other + differs_in_width + is_without_repeats + has_no_end > 1:
        raise _error(path, types[0])


def _first_sentences(records: Iterable[ConllRecord]) -> list[list[TaggedToken]]:
    """Return the sentences that hold the first tokens, as many as are checked, or more."""
    sentences: list[list[TaggedToken]] = []
    count = 0
    for record in records:
        sentences += record.sentences
        count += len(record.tokens)
        if count >= TOKENS_CHECKED:
            break
    return sentences


def _check_tag(path: Path, token: TaggedToken) -> None:
    tag = token.tags[0]
    if not TAG.fullmatch(tag) and not TYPE.fullmatch(tag):
        raise _error(path, token)


def _error(path: Path, token: TaggedToken) -> InvalidError:
    title = _title_of(path)
    looks = "" if title is None else f" The file looks like {title}."
    return InvalidError(Errors.C040.format(source=f"{path}:{token.line}", tag=token.tags[0], looks=looks))


def _title_of(path: Path) -> str | None:
    """Return what a text looks like that is no CoNLL, in a few words; None if that is not clear."""
    lines = [line for _, line in islice(read_lines(path), LINES_LOOKED_AT) if line.strip()]
    for pattern, title in OTHER_TEXTS:
        if sum(pattern.match(line) is not None for line in lines) > MOST * len(lines):
            return title
    return "plain text" if len({len(line.split()) for line in lines}) > 1 else None
