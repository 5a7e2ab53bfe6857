"""The type annotations of columns: see `Results.columns`."""

from __future__ import annotations

import types
from typing import Any, Union, get_args, get_origin

UNIONS = (Union, types.UnionType)


def without_none(annotation: Any) -> Any:
    """Return X for `X | None`, and any other annotation as it is."""
    if get_origin(annotation) not in UNIONS:
        return annotation
    (kind,) = (argument for argument in get_args(annotation) if argument is not type(None))
    return kind
