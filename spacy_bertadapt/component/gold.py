"""Gold labels of training data, counted."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from spacy.training import Example

from ..errors import Warnings


class GoldLabels(NamedTuple):
    """The gold labels of an example.

    labels: how many units each holds for (0 where it is only named). units: how many there are with gold: texts, or
    tokens of a text.
    """

    labels: Counter[str]
    units: int


@dataclass(slots=True)
class LabelCounts:
    """The gold labels of the training data.

    by_label: how many units each label holds for. examples: annotated ones. units: of these examples.
    """

    by_label: Counter[str] = field(default_factory=Counter)
    examples: int = 0
    units: int = 0


def count_gold(
    examples: Iterable[Example], gold_labels: Callable[[Example], GoldLabels | None], name: str
) -> LabelCounts:
    """Count the gold labels of examples; warns of those without annotation, from which nothing is learned.

    gold_labels: gives those of one example; None without annotation. name: of the component.
    """
    counts, unannotated, first = LabelCounts(), 0, ""
    for example in examples:
        gold = gold_labels(example)
        if gold is None:
            unannotated += 1
            first = first or example.reference.text[:60]
            continue
        counts.examples += 1
        counts.units += gold.units
        counts.by_label.update(gold.labels)
    if unannotated:
        total = counts.examples + unannotated
        message = Warnings.W303.format(count=unannotated, total=total, name=name, text=first)
        warnings.warn(message, stacklevel=4)
    return counts
