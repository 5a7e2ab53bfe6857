"""The report of `debug-data` on gold numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from spacy.training import Example
from wasabi import msg

from ...errors import Warnings

CHARACTERS_SHOWN = 60
WIDE = 20.0  # from here on a head that starts near 0 needs more steps than a fine-tuning usually has


@dataclass
class NumberReport:
    """Gold numbers of a split. by_label: all of them. by_text: those that each text was first seen with."""

    by_label: dict[str, list[float]] = field(default_factory=dict)
    by_text: dict[str, dict[str, float]] = field(default_factory=dict)
    differing: set[str] = field(default_factory=set)

    def add(self, example: Example) -> None:
        """Take the numbers of an Example into the report."""
        doc = example.reference
        for label, number in doc.cats.items():
            self.by_label.setdefault(label, []).append(number)
        if doc.cats and self.by_text.setdefault(doc.text, doc.cats) != doc.cats:
            self.differing.add(doc.text)

    def show(self) -> None:
        """Print how the numbers spread, and what may be wrong with them."""
        rows = [
            (label, *(f"{value:,.3g}" for value in (np.mean(numbers), np.std(numbers), min(numbers), max(numbers))))
            for label, numbers in self.by_label.items()
        ]
        header = ("Number", "Mean", "Deviation", "Least", "Most")
        msg.table(rows, header=header, aligns=("l", *"rrrr"), divider=True, title="Numbers")
        if self.differing:
            first = min(self.differing)[:CHARACTERS_SHOWN]
            msg.warn(f"{len(self.differing):,} texts are there with different numbers. One of them: {first!r}")
        for label, numbers in self.by_label.items():
            if min(numbers) == max(numbers):
                msg.warn(Warnings.W360.format(label=label, number=numbers[0]))
            elif max(map(abs, numbers)) > WIDE:
                msg.warn(Warnings.W361.format(label=label, number=max(numbers, key=abs)))
