"""Columns of a table, judged by their names and by a sample of their values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

Name: TypeAlias = str | int

TEXTS = (
    ("text",),
    (
        "sentence", "review", "content", "body", "document", "utterance", "query", "tweet", "comment", "message",
        "post", "transcript", "review_text", "review_body", "comment_text", "text_body", "full_text", "clean_text",
        "reviewtext", "question_text", "sentence_text", "request", "sms", "email",
    ),
    ("title", "headline", "subject", "summary", "description", "abstract", "question"),
)  # fmt: skip
"""Names of columns of texts; those of an earlier row go before those of a later one."""

PAIRS = (
    ("premise", "hypothesis"),
    ("sentence1", "sentence2"),
    ("sentence_1", "sentence_2"),
    ("sentence_a", "sentence_b"),
    ("text1", "text2"),
    ("text_1", "text_2"),
    ("text_a", "text_b"),
    ("question1", "question2"),
    ("question_1", "question_2"),
    ("question", "sentence"),
    ("query", "passage"),
    ("query", "document"),
)
LABELS = (
    ("label_text", "label_name"),
    ("label", "labels", "gold_label"),
    (
        "category", "categories", "class", "class_name", "stars", "star_rating", "intent", "sentiment", "topic",
        "topics", "tag", "tags", "target", "emotion", "polarity", "rating", "gold", "entailment_judgment", "judgment",
        "genre", "genres", "coarse_label", "is_duplicate", "airline_sentiment",
    ),
)  # fmt: skip
NUMBERS = ("score", "scores", "similarity", "similarity_score", "relatedness", "relatedness_score", "rating", "target")
SEVERAL = ("labels", "tags", "topics", "categories", "genres")
WORDS, TAGS = ("tokens", "words"), ("ner_tags", "tags", "ner", "labels", "ner_labels")
SEPARATORS = ("|", ";", ",")
MOST_LABELS_SHARE = 0.3  # of the rows: more values are rather names, dates or texts
TEXT_WORDS = 3.0  # words of a text, on average, in a column that no name tells
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True)
class Column:
    """A column. name: in the header, or a number where there is none. values: of a sample of rows, empty ones too."""

    name: Name
    values: Sequence[Any]

    @cached_property
    def plain(self) -> str:
        """The name in small letters, with "_" between words."""
        spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", str(self.name).strip())
        return re.sub(r"[\s\-.]+", "_", spaced).casefold()

    @cached_property
    def filled(self) -> list[Any]:
        """The values that are not empty."""
        return [value for value in self.values if value not in (None, "", [])]

    @cached_property
    def counts(self) -> Counter[str]:
        """How often each value is there, as text."""
        return Counter(str(value).strip() for value in self.filled)

    @property
    def are_strings(self) -> bool:
        """Whether all values are strings, and not all are numbers."""
        return bool(self.filled) and all(isinstance(value, str) for value in self.filled) and not self.are_numbers

    @cached_property
    def are_numbers(self) -> bool:
        """Whether all values are numbers, or texts of them."""
        return bool(self.filled) and all(
            NUMBER.fullmatch(str(value).strip()) and not isinstance(value, bool) for value in self.filled
        )

    @property
    def are_fractions(self) -> bool:
        """Whether all values are numbers, and some have a fraction."""
        return self.are_numbers and any(not float(value).is_integer() for value in self.counts)

    @property
    def are_scalars(self) -> bool:
        """Whether all values are strings or whole numbers, as labels are."""
        return bool(self.filled) and all(isinstance(value, str | int | float) for value in self.filled)

    @property
    def are_lists(self) -> bool:
        """Whether all values are lists of strings or of numbers."""
        lists = [value for value in self.values if isinstance(value, list)]
        items = [item for value in lists for item in value]
        return len(lists) == len([value for value in self.values if value is not None]) > 0 and all(
            isinstance(item, str | int) for item in items
        )

    @cached_property
    def words(self) -> float:
        """The number of words of a value, on average."""
        return sum(len(str(value).split()) for value in self.filled) / max(1, len(self.filled))

    @property
    def is_text(self) -> bool:
        """Whether the values are texts of several words, most of them different."""
        return self.are_strings and self.words >= TEXT_WORDS and len(self.counts) > 0.5 * len(self.filled)

    @property
    def may_be_labels(self) -> bool:
        """Whether the values may be labels: there are few of them, each more than once on average, and no fractions."""
        if self.are_lists and self.filled:
            return all(isinstance(item, str) for value in self.filled for item in value)
        few = 2 <= len(self.counts) <= max(2, MOST_LABELS_SHARE * len(self.filled))
        return self.are_scalars and not self.are_fractions and few and self.words <= 2 * TEXT_WORDS

    @property
    def may_be_known_labels(self) -> bool:
        """Whether the values may be labels, in a column that has the name of one: not every row has another value."""
        several = self.plain in SEVERAL and self.are_strings and separator_of(self) is not None
        repeated = self.are_scalars and len(self.counts) < max(2, len(self.filled))
        is_short = repeated and not self.are_fractions and self.words <= 2 * TEXT_WORDS
        return several or is_short or self.may_be_labels


def named(columns: Iterable[Column], names: Sequence[str]) -> list[Column]:
    """Return the columns that have one of these names."""
    return [column for column in columns if column.plain in names]


def says_the_same(one: Column, other: Column) -> bool:
    """Return whether each value of a column always goes with the same value of another one, and the other way round."""
    pairs = {(str(a), str(b)) for a, b in zip(one.values, other.values, strict=True)}
    return len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


def separator_of(column: Column) -> str | None:
    """Return what divides several labels in one string: a mark whose parts are fewer than the strings; None: none."""
    for mark in SEPARATORS:
        parts = {part.strip() for value in column.counts for part in value.split(mark)}
        if any(mark in value for value in column.counts) and len(parts) < len(column.counts):
            return mark
    return None
