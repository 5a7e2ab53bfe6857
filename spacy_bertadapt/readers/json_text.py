"""JSON from strangers: values that are safe to use, or the reason why there is none."""

import json
import re
from typing import Any, NoReturn

MAX_DEPTH = 100
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def parse_json(text: str) -> Any:
    """Return the value of a JSON text.

    Raises ValueError that says why there is none, in a few words: the text is not valid JSON, it is nested deeper than
    100 levels, or it escapes half a surrogate pair, which no spaCy vocabulary can store.
    """
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        line = f"line {error.lineno}, " if error.lineno > 1 else ""
        raise ValueError(f"{error.msg} at {line}character {error.colno}") from error
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    if text.count("[") + text.count("{") > MAX_DEPTH and _is_too_deep(value):
        raise ValueError(_TOO_DEEP)
    if SURROGATE.search(text):
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # its error is a ValueError: "surrogates not allowed"
    return value


_TOO_DEEP = f"it is nested deeper than {MAX_DEPTH} levels"


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [item for holder in level for item in _items(holder) if isinstance(item, list | dict)]
    return bool(level)


def _items(holder: Any) -> list[Any]:
    if isinstance(holder, dict):
        return list(holder.values())
    return holder if isinstance(holder, list) else []


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
