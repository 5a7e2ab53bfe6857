"""What differs between the config of a training and the one that it is to be resumed with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from thinc.api import Config

from ..errors import Errors, InvalidError

MAY_CHANGE = (
    "training.max_steps",
    "training.max_epochs",
    "training.patience",
    "training.eval_frequency",
    "training.logger",
    "training.before_to_disk",
    "training.score_weights",
    "training.dev_corpus",
    "corpora.dev",
    "paths",
    "system",
    "nlp.batch_size",
)
"""Blocks and settings on which the weights do not depend, or not by themselves: a path does where it is used."""
NOT_SET = "(not set)"
STREAM = -1  # max_epochs of a corpus that is never in memory


def changes_of(earlier: Config, config: Config) -> dict[str, tuple[Any, Any]]:
    """Return what differs, by dotted name, as before and now. Raises ValueError for what can't change in a training.

    Variables are filled in first: a path that differs is a difference of the corpus that it names.
    """
    changes = differences(earlier, config)
    refused = [as_line(name, *values) for name, values in changes.items() if not _may_change(name, *values)]
    if refused:
        raise InvalidError(Errors.E572.format(changes="; ".join(refused)))
    return changes


def differences(earlier: Config, config: Config) -> dict[str, tuple[Any, Any]]:
    """Return the settings that differ, by dotted name, with both values, once variables are filled in."""
    before, now = _flat(earlier.interpolate()), _flat(config.interpolate())
    names = sorted(name for name in before.keys() | now.keys() if before.get(name, NOT_SET) != now.get(name, NOT_SET))
    return {name: (before.get(name, NOT_SET), now.get(name, NOT_SET)) for name in names}


def as_line(name: str, before: Any, now: Any) -> str:
    """Return a difference in words."""
    return f"{name} was {before!r}, is {now!r}"


def _may_change(name: str, before: Any, now: Any) -> bool:
    if name == "training.max_epochs" and STREAM in (before, now):
        return False
    return any(name == other or name.startswith(f"{other}.") for other in MAY_CHANGE)


def _flat(block: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for name, value in block.items():
        if isinstance(value, Mapping) and value:
            settings.update(_flat(value, f"{prefix}{name}."))
        else:
            settings[f"{prefix}{name}"] = value
    return settings
