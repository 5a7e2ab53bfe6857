"""The blocks of a config as values: settings, references to other settings, and blocks in blocks."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from spacy import registry


class Block(dict[str, Any]):
    """A block of a config, as opposed to a value that happens to be an object."""

    def set(self, name: str, value: Any) -> None:
        """Set a value by its dotted name. The blocks on the way to it must be there."""
        first, _, rest = name.partition(".")
        if rest:
            self[first].set(rest, value)
        else:
            self[first] = value


class Variable(str):
    """The value of another setting, such as `${paths.train}`."""

    __slots__ = ()


def as_block(settings: Mapping[str, Any]) -> Block:
    """Return settings as a block; those that name a registered function become blocks in it."""
    return Block({name: as_block(value) if is_call(value) else value for name, value in settings.items()})


def is_call(value: object) -> bool:
    """Return whether a value names a registered function, by a key such as "@misc"."""
    return isinstance(value, Mapping) and any(str(key).startswith("@") for key in value)


def with_defaults(block: Mapping[str, Any]) -> Block:
    """Return a block in which registered functions have all their settings, defaults included, at every depth."""
    whole: dict[str, Any] = {**block, **_missing_defaults(block)}
    return Block({name: with_defaults(value) if is_call(value) else value for name, value in whole.items()})


def _missing_defaults(block: Mapping[str, Any]) -> dict[str, Any]:
    defaults: dict[str, Any] = {}
    for key in block:
        if key.startswith("@"):
            parameters = inspect.signature(registry.get(key.removeprefix("@"), block[key])).parameters.values()
            defaults |= {p.name: p.default for p in parameters if p.default is not p.empty and p.name not in block}
    return defaults
