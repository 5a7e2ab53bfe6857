"""Scores as tables, whatever their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wasabi import msg

ERRORS = ("mse", "rmse")
"""Scores in the unit of the gold, or its square, and no shares: the last part of their names."""


def show_scores(scores: Mapping[str, Any]) -> None:
    """Print scores as `nlp.evaluate` gives them: single values in one table, those per type in a table each."""
    single = {name: value for name, value in scores.items() if not isinstance(value, Mapping)}
    msg.table([(name, _format(name, value)) for name, value in single.items()], aligns=("l", "r"), title="Scores")
    for name, by_type in scores.items():
        if isinstance(by_type, Mapping) and by_type:
            _show_by_type(name, by_type)


def _show_by_type(name: str, by_type: Mapping[str, Any]) -> None:
    rows = {label: value if isinstance(value, Mapping) else {"score": value} for label, value in by_type.items()}
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    msg.table(
        [(label, *(_format(column, row.get(column)) for column in columns)) for label, row in rows.items()],
        header=("", *(column.upper() for column in columns)),
        aligns=("l", *("r" for _ in columns)),
        title=name,
    )


def _format(name: str, value: object) -> str:
    if name == "speed" and isinstance(value, float):
        return f"{value:,.0f} words/s"
    if isinstance(value, float) and name.rpartition("_")[2] in ERRORS:
        return f"{value:.4g}"
    if isinstance(value, float):
        return f"{value * 100:.2f}"
    return "-" if value is None else str(value)
