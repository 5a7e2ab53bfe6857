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

    labels: for each label, the number of units that have it (0 for a label that is named with the value 0).
    units: how many texts (or tokens of a text, or candidate spans) have gold.
    """

    labels: Counter[str]
    units: int


@dataclass(slots=True)
class LabelCounts:
    """The gold labels of the training data.

    by_label: how many units have each label. examples: the annotated ones. units: those of all these examples.
    """

    by_label: Counter[str] = field(default_factory=Counter)
    examples: int = 0
    units: int = 0


def count_gold(
    examples: Iterable[Example],
    gold_labels: Callable[[Example], GoldLabels | None],
    *,
    is_for_others: Callable[[Example], bool],
    name: str,
    place: str,
) -> LabelCounts:
    """Count the gold labels of examples; warns of those without annotation, from which nothing is learned.

    gold_labels: returns those of one example; None without annotation. is_for_others: returns whether an example has
    annotation for another component; it is not warned of. name: the component's, for the warning.
    place: where in the gold Doc annotation is looked for.
    """
    counts, unannotated, first = LabelCounts(), 0, ""
    for example in examples:
        gold = gold_labels(example)
        if gold is None:
            if not is_for_others(example):
                unannotated += 1
                first = first or example.reference.text[:60]
            continue
        counts.examples += 1
        counts.units += gold.units
        counts.by_label.update(gold.labels)
    if unannotated:
        total = counts.examples + unannotated
        message = Warnings.W303.format(count=unannotated, total=total, name=name, place=place, text=first)
        warnings.warn(message, stacklevel=4)
    return counts
