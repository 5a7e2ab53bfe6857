"""What a report shows of each kind of rows, and the one table of these kinds."""

from __future__ import annotations

from ...planning.report_rows import Rows
from .answers import AnswerReport
from .base import KindReport
from .labels import LabelReport
from .numbers import NumberReport
from .several_labels import SeveralLabelReport
from .spans import SpanReport

KINDS: tuple[type[KindReport], ...] = (LabelReport, SeveralLabelReport, SpanReport, AnswerReport, NumberReport)


def report_on(rows: Rows, *, unit: str = "texts") -> KindReport:
    """Return the report of the kind of the rows. unit: what they are, in the plural."""
    by_rows = {kind.rows_class: kind for kind in KINDS}
    return by_rows[type(rows)](rows, unit=unit)
