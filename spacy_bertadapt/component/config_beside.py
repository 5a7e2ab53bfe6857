"""The config of a component that is saved in the folder of a pipeline."""

from __future__ import annotations

from configparser import Error as ParserError
from pathlib import Path
from typing import Any

from thinc.api import Config

CONFIG = "config.cfg"


def component_block(path: Path) -> dict[str, Any]:
    """Return the settings of a component in the config beside its folder, lists as tuples.

    Returns none if there is no such file, or it is another program's and can't be read.
    """
    block = _components(path.parent).get(path.name)
    if not isinstance(block, dict):
        return {}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in block.items()}


def component_names(folder: Path) -> tuple[str, ...]:
    """Return the names of all components in the config of a pipeline's folder; none if there is no such file."""
    return tuple(_components(folder))


def _components(folder: Path) -> dict[str, Any]:
    try:
        config = Config().from_disk(folder / CONFIG)
    except (OSError, ValueError, ParserError):  # thinc's own errors are ValueErrors
        return {}
    components = config.get("components")
    return components if isinstance(components, dict) else {}
