"""Labels of a corpus, and lengths of its texts in subwords."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np
from wasabi import msg

from ..types import Ints, Segments

TEXTS_AT_ONCE = 1000
LABELS_SHOWN = 25


class LengthCounter(Protocol):
    """Knows how long texts are."""

    def lengths(self, segments: Sequence[Segments]) -> list[int]:
        """Return the length of each text or pair."""


@dataclass
class LabelSurvey:
    """Gold labels, counted Doc by Doc.

    labelled, unlabelled: Docs with and without annotation. counts: Docs in which a label holds.
    exclusive: whether exactly one label holds in every labelled Doc.
    """

    labelled: int = 0
    unlabelled: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    exclusive: bool = True

    def add(self, gold: Mapping[str, bool] | None) -> None:
        """Count the labels of one Doc. gold: label to whether it holds; None without annotation."""
        if gold is None:
            self.unlabelled += 1
            return
        self.labelled += 1
        self.counts.update({label: int(holds) for label, holds in gold.items()})
        self.exclusive &= sum(gold.values()) == 1

    def missing_from(self, other: LabelSurvey) -> list[str]:
        """Return the labels that hold for Docs here and for none in the other survey, sorted."""
        return sorted(label for label, count in self.counts.items() if count and not other.counts[label])

    @property
    def imbalance(self) -> float:
        """The count of the most frequent label divided by that of the rarest."""
        return max(self.counts.values()) / max(1, min(self.counts.values()))

    def show(self, title: str) -> None:
        """Print the labels, most frequent first."""
        rows = [(label, f"{count:,}", f"{count / self.labelled:.1%}") for label, count in self.counts.most_common()]
        msg.table(
            rows[:LABELS_SHOWN], header=("Label", "Texts", "Share"), aligns=("l", "r", "r"), divider=True, title=title
        )
        if len(rows) > LABELS_SHOWN:
            msg.text(f"and {len(rows) - LABELS_SHOWN} rarer labels\n")
        if self.unlabelled:
            msg.warn(f"{self.unlabelled:,} texts have no annotation")


@dataclass(frozen=True, slots=True)
class LengthSurvey:
    """Lengths of texts: percentiles, and the longest. unit: what they count, of subwords special tokens too."""

    p50: int
    p90: int
    p95: int
    p99: int
    longest: int
    unit: str = field(default="subwords", kw_only=True)

    def show(self) -> None:
        """Print the percentiles."""
        values = [f"{value:,}" for value in (self.p50, self.p90, self.p95, self.p99, self.longest)]
        header = ("50 %", "90 %", "95 %", "99 %", "longest")
        title = f"Length in {self.unit}, by percentile"
        msg.table([values], header=header, aligns=["r"] * 5, divider=True, title=title)


@dataclass(frozen=True, slots=True)
class DataSurvey:
    """The measures of training and evaluation data.

    source: the training file. train, dev: the labels of both files. lengths: of the training texts. encoder_limit:
    subwords that the encoder takes. measures: counts of the numbers that the task's plan measures in the training
    texts, such as lengths of spans.
    """

    source: Path
    train: LabelSurvey
    dev: LabelSurvey
    lengths: LengthSurvey
    encoder_limit: int
    measures: Counter[int] = field(default_factory=Counter)

    @property
    def only_in_dev(self) -> list[str]:
        """The labels that hold for evaluation texts alone, and can't be learned."""
        return self.dev.missing_from(self.train)


def survey_lengths(segments: Iterable[Segments], counter: LengthCounter, *, unit: str = "subwords") -> LengthSurvey:
    """Return the lengths of texts or pairs, at least one. counter: an encoder's tokenizer, or another that counts."""
    stream = iter(segments)
    lengths: list[int] = []
    while batch := list(islice(stream, TEXTS_AT_ONCE)):
        lengths.extend(counter.lengths(batch))
    return replace(summarize_lengths(lengths), unit=unit)


def summarize_lengths(lengths: Sequence[int] | Ints) -> LengthSurvey:
    """Return the percentiles of some lengths, at least one; each percentile is one of the lengths."""
    return LengthSurvey(*map(int, np.percentile(lengths, [50, 90, 95, 99, 100], method="higher")))
