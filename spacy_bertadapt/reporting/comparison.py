"""Two pipelines on the same texts: their differences, and the texts that one of them alone gets right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import Errors, InvalidError
from .browser_rows import BrowserRows, Predicted
from .intervals import differences
from .kinds.base import KindReport
from .markup import Block, element, figure, joined, probability, table
from .mcnemar import mcnemar
from .runs import ComponentRows, Run


def partner_of(component: ComponentRows, other: Run) -> ComponentRows | None:
    """Return the component of another pipeline with the same task, the one of the same name first; None for none."""
    of_task = [partner for partner in other.components if partner.task == component.task]
    named = [partner for partner in of_task if partner.name == component.name]
    return next(iter([*named, *of_task]), None)


def check_comparable(component: ComponentRows, partner: ComponentRows, names: tuple[str, str]) -> None:
    """Raise ValueError if two components did not predict the same kind of thing on the same texts."""
    one, other = component.rows, partner.rows
    if type(one) is not type(other) or one.texts != other.texts or one.main != other.main:
        raise InvalidError(Errors.E641.format(first=names[0], second=names[1], component=component.name))


def difference_block(first: KindReport, second: KindReport, names: tuple[str, str]) -> Block:
    """Return the scores of both side by side, their paired differences, and McNemar's test."""
    found = differences(first.measure, second.measure)
    rows = [
        (
            title,
            figure(difference.first),
            figure(difference.second),
            element("b", _signed(difference.value)),
            f"{_signed(difference.low)} to {_signed(difference.high)}",
            probability(difference.p),
        )
        for title, difference in found.items()
    ]
    header = ("score", *names, "difference", "95 % of it", "p")
    shown = table(header, rows, caption="Scores of both pipelines", class_="numbers")
    test = mcnemar(first.correct, second.correct)
    sentence = (
        f"{names[0]} alone gets {test.only_first:,} {first.unit} right, {names[1]} alone {test.only_second:,}: "
        f"McNemar's exact test, p {_is(probability(test.p))}."
    )
    note = "Both are scored on the same draws of texts, so that what is common to both does not blur the difference."
    return Block("Compared", joined([shown, element("p", sentence, class_="after")]), note, is_wide=True)


def comparison_sentence(first: KindReport, second: KindReport, names: tuple[str, str]) -> str:
    """Return which of both has the higher main score, and whether that may be chance, in a sentence."""
    title = first.rows.main
    main = differences(first.measure, second.measure)[title]
    if main.value == 0 or np.isnan(main.value):
        return f"{names[0]} and {names[1]} have the same {title}."
    better, worse = (names[1], names[0]) if main.value > 0 else (names[0], names[1])
    sign = np.sign(main.value)
    low, high = sorted((sign * main.low, sign * main.high))
    verdict = "more than chance" if main.p < 0.05 else "which may be chance"
    return (
        f"{title[0].upper()}{title[1:]} of {better} is {figure(abs(main.value))} above that of {worse} "
        f"(95 % {figure(low)} to {figure(high)}, p {_is(probability(main.p))}): {verdict}."
    )


def with_labels_of(rows: BrowserRows, other: BrowserRows) -> tuple[BrowserRows, Predicted]:
    """Return rows, and what another pipeline predicted on them, whose numbers of labels are of one list."""
    labels = list(dict.fromkeys([*rows.labels, *other.labels]))
    numbers = [labels.index(label) for label in other.labels]
    predicted = other.predicted
    return replace(rows, labels=labels), replace(
        predicted,
        labels=[[numbers[number] for number in row] for row in predicted.labels],
        marks=[[[*mark[:3], _renumbered(numbers, mark[3]), mark[4]] for mark in row] for row in predicted.marks],
    )


def _renumbered(numbers: list[int], number: int) -> int:
    return numbers[number] if number < len(numbers) else number


def _signed(value: float) -> str:
    return figure(value) if np.isnan(value) or value <= 0 else f"+{figure(value)}"


def _is(p: str) -> str:
    return p if p.startswith("<") else f"= {p}"
