"""doccano's JSONL (https://doccano.github.io/doccano/): labels of a text, or entities as lists or as objects."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .json_rows import KeyedRows, read_json_lines

KEYS = ("label", "labels", "entities")


def read_doccano(path: Path) -> KeyedRows:
    """Yield the rows with `text`, and with `spans` or `label`. Raises InvalidError for a line that is no object."""
    for number, values in read_json_lines(path):
        text = values.get("text", values.get("data"))
        rest = {key: value for key, value in values.items() if key not in KEYS}
        yield number, {**rest, "text": text, **_annotation(values)}


def _annotation(values: Mapping[Any, object]) -> dict[str, Any]:
    found = next((values[key] for key in KEYS if values.get(key) is not None), [])
    items: list[Any] = found if isinstance(found, list) else [found]
    if any(isinstance(item, list | Mapping) for item in items) or "entities" in values:
        return {"spans": [_span(item) for item in items]}
    return {"label": items} if items else {"label": [], "spans": []}


def _span(item: Any) -> Any:
    """Return a span of [start, end, label], or of an object with offsets; anything else as it is."""
    if isinstance(item, list) and len(item) == 3:
        return {"start": item[0], "end": item[1], "label": item[2]}
    if isinstance(item, Mapping) and "start_offset" in item:
        return {"start": item["start_offset"], "end": item.get("end_offset"), "label": item.get("label")}
    return item
