"""Values as JSON has them, whatever they are."""

from __future__ import annotations

import datetime
import json
import math
import re
from collections.abc import Callable
from typing import Any

SURROGATES = re.compile("[\ud800-\udfff]")


def as_json(value: Any) -> str:
    """Return a value as JSON. What JSON has no type for becomes a string; NaN and infinity become null."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=as_string)
    except ValueError:
        return json.dumps(_finite(value), ensure_ascii=False, default=as_string)


def as_string(value: Any) -> str:
    """Return a value that JSON has no type for, such as a date, as a string."""
    if isinstance(value, bytes):
        return value.decode("utf8", "backslashreplace")
    return value.isoformat() if isinstance(value, datetime.date | datetime.time) else str(value)


def without_surrogates(value: Any) -> Any:
    """Return a value with U+FFFD in the place of halves of surrogate pairs."""
    if isinstance(value, str):
        return SURROGATES.sub("\ufffd", value)
    return _changed(value, without_surrogates)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return _changed(value, _finite)


def _changed(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a value whose parts are changed."""
    if isinstance(value, dict):
        return {key: change(part) for key, part in value.items()}
    return [change(part) for part in value] if isinstance(value, list) else value
