"""Settings of readers: read from a command line, and checked by the types that the reader's signature names."""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from ..errors import Errors, InvalidError
from .json_text import parse_json

Init = TypeVar("Init", bound=Callable[..., None])

Annotation: TypeAlias = Any
"""A type as signatures name it, such as `Sequence[str] | None`."""

DESCRIPTIONS = {
    str: "a string",
    int: "a whole number",
    bool: "true or false",
    Path: "a path",
    NoneType: "null",
    Sequence: "a list of {}s (on the command line a,b or JSON)",
    Mapping: "a JSON object of {}s by name",
}
PLURAL: dict[Any, str] = {str: "string", int: "number", str | int: "column"}


def checked_settings(init: Init) -> Init:
    """Return a constructor that checks the types of its arguments, by their annotations, before it runs.

    It raises InvalidError for a value of another type.
    """

    @functools.wraps(init)
    def checked(self: object, *args: object, **settings: object) -> None:
        given = inspect.signature(init).bind(self, *args, **settings).arguments
        types = setting_types(init)
        for name, value in given.items():
            if name in types:
                check_setting(type(self).__name__, name, value, types[name])
        init(self, *args, **settings)

    return checked  # type: ignore[return-value]


def setting_types(reader: Callable[..., Any]) -> dict[str, Annotation]:
    """Return the type of each argument of a constructor, or of a class's constructor."""
    hints = get_type_hints(reader.__init__ if inspect.isclass(reader) else reader)  # type: ignore[misc]
    return {name: hint for name, hint in hints.items() if name != "return"}


def check_setting(reader: str, name: str, value: object, annotation: Annotation) -> None:
    """Raise InvalidError for a value of another type. reader: its name, for the message."""
    if not _fits(value, annotation):
        given = {"reader": reader, "setting": name, "value": value}
        raise InvalidError(Errors.C032.format(expected=_describe(annotation), **given))


def read_setting(text: str, annotation: Annotation) -> object:
    """Return the value that a text on the command line stands for: JSON of the type, a list with commas, or a string.

    A text that is none of these comes back as JSON, or else as it is, for `check_setting` to refuse.
    """
    try:
        value = parse_json(text)
    except ValueError:
        value = text
    if _fits(value, annotation):
        return value
    if _fits(text, annotation):
        return text
    for part in _alternatives(annotation):
        if get_origin(part) is Sequence and not isinstance(value, list | dict):
            return [read_setting(item.strip(), get_args(part)[0]) for item in text.split(",") if item.strip()]
    return value


def _fits(value: object, annotation: Annotation) -> bool:
    """Return whether a value is of a type. True and False are no numbers, and a string is no list."""
    kind, parts = get_origin(annotation), get_args(annotation)
    if kind in (Union, UnionType):
        return any(_fits(value, part) for part in parts)
    if kind is Sequence:
        return isinstance(value, Sequence) and not isinstance(value, str | bytes) and _all_fit(value, parts[0])
    if kind is Mapping:
        return isinstance(value, Mapping) and _all_fit(value, parts[0]) and _all_fit(value.values(), parts[1])
    return isinstance(value, annotation) and (annotation is not int or not isinstance(value, bool))


def _all_fit(values: Any, annotation: Annotation) -> bool:
    return all(_fits(value, annotation) for value in values)


def _alternatives(annotation: Annotation) -> tuple[Annotation, ...]:
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)


def _describe(annotation: Annotation) -> str:
    """Return the values that a type has, such as "a string or null"."""
    described = []
    for part in _alternatives(annotation):
        contents = get_args(part)
        kind: Any = get_origin(part) or part
        described.append(DESCRIPTIONS[kind].format(*(PLURAL[content] for content in contents[-1:])))
    return " or ".join(described)
