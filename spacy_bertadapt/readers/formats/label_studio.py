"""Exports of Label Studio (https://labelstud.io/guide/export): its JSON, and the short form of it, JSON-MIN."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import Errors, InvalidError
from .json_rows import KeyedRows, read_list

OWN_KEYS = ("annotation_id", "annotator", "created_at", "id", "lead_time", "updated_at")


def read_label_studio(path: Path) -> KeyedRows:
    """Yield the tasks: their data, `label` of choices, and `spans` of labelled text.

    Of several annotations of a task, the first counts that was not cancelled; a task without one is ignored.
    Raises InvalidError for a file of another form.
    """
    for number, task in enumerate(read_list(path), start=1):
        source = f"{path}:{number}"
        if not isinstance(task, dict):
            raise InvalidError(Errors.C015.format(source=source, value=task))
        yield number, _whole_task(task, source) if "data" in task else _short_task(task)


def _whole_task(task: Mapping[str, Any], source: str) -> dict[str, Any]:
    data = task["data"]
    annotations = [part for part in task.get("annotations") or [] if not part.get("was_cancelled")]
    if not isinstance(data, Mapping):
        raise InvalidError(Errors.C015.format(source=source, value=data))
    values: dict[str, Any] = {**data, "text": _text_of(data)}
    if not annotations:
        return {**values, "answer": "ignore"}
    parts = [part for part in annotations[0].get("result") or [] if isinstance(part, Mapping)]
    choices = [choice for part in parts for choice in _value(part).get("choices") or []]
    spans = [span for part in parts for span in _spans([_value(part)])]
    has_choices = any("choices" in _value(part) for part in parts)
    return {**values, **({"label": choices} if has_choices else {}), **({"spans": spans} if not has_choices else {})}


def _short_task(task: Mapping[str, Any]) -> dict[str, Any]:
    """Return a task of JSON-MIN, in which each annotation stands under the name of its control."""
    data = {key: value for key, value in task.items() if key not in OWN_KEYS}
    values: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, list) and any(isinstance(item, Mapping) and "start" in item for item in value):
            values["spans"] = _spans(value)
        elif isinstance(value, Mapping) and "choices" in value:
            values[key] = value["choices"]
        else:
            values[key] = value
    return {**values, "text": _text_of(values)}


def _value(part: Mapping[str, Any]) -> Mapping[str, Any]:
    value = part.get("value")
    return value if isinstance(value, Mapping) else {}


def _spans(values: list[Any]) -> list[dict[str, Any]]:
    """Return a span for each label of each marked part of a text."""
    return [
        {"start": value.get("start"), "end": value.get("end"), "label": label}
        for value in values
        for label in value.get("labels") or value.get("hypertextlabels") or []
    ]


def _text_of(data: Mapping[str, Any]) -> Any:
    """Return `text` of a task, or its only string."""
    strings = [value for value in data.values() if isinstance(value, str)]
    return data["text"] if "text" in data else strings[0] if len(strings) == 1 else None
