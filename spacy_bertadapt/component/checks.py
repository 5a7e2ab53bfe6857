"""Checks of settings: each returns the value to keep, or raises InvalidError that says what is possible."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, TypeAlias

from ..errors import require

Check: TypeAlias = Callable[[str, Any], Any]
"""Takes the name of a setting and a value; returns the value as it is kept."""


def probability(setting: str, value: Any) -> float:
    """Return a number from 0 to 1."""
    possible = isinstance(value, Real) and not isinstance(value, bool) and 0 <= float(value) <= 1
    require(setting, value, possible=possible, remedy="use a probability, 0 to 1")
    return float(value)


def positive_int(setting: str, value: Any) -> int:
    """Return a whole number, 1 or more."""
    possible = isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 1
    require(setting, value, possible=possible, remedy="use 1 or more, a whole number")
    return int(value)


def flag(setting: str, value: Any) -> bool:
    """Return True or False."""
    require(setting, value, possible=isinstance(value, bool), remedy="use true or false")
    return bool(value)


def filled(setting: str, value: Any) -> str:
    """Return a text that is not empty."""
    require(setting, value, possible=isinstance(value, str) and value != "", remedy="use a name, as a string")
    return str(value)


def strings(setting: str, value: Any) -> tuple[str, ...]:
    """Return several texts, or none, as a tuple: nothing can be added to it that was not checked."""
    possible = isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
    require(setting, value, possible=possible, remedy="use a list of strings")
    return tuple(value)


def different_strings(setting: str, value: Any) -> tuple[str, ...]:
    """Return one text or more, none of them twice, as a tuple."""
    possible = isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
    possible = possible and 0 < len(value) == len(set(value))
    require(setting, value, possible=possible, remedy="give a list of different strings")
    return tuple(value)


def one_of(*values: str) -> Check:
    """Return a check that lets a few values pass."""

    def check(setting: str, value: Any) -> Any:
        require(setting, value, possible=value in values, remedy=f"use {' or '.join(values)}")
        return value

    return check


def optional(check: Check) -> Check:
    """Return a check that lets None pass too."""
    return lambda setting, value: None if value is None else check(setting, value)
