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
    try:
        config = Config().from_disk(path.parent / CONFIG)
    except (OSError, ValueError, ParserError):  # thinc's own errors are ValueErrors
        return {}
    components = config.get("components")
    block = components.get(path.name) if isinstance(components, dict) else None
    if not isinstance(block, dict):
        return {}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in block.items()}
