"""Config files from templates in `templates/`."""

from __future__ import annotations

from pathlib import Path
from string import Template
from typing import ClassVar

import srsly

FOLDER = Path(__file__).parent / "templates"


class ConfigTemplate(Template):
    """Marks fields with `%`, as `$` is the config's own mark for a variable."""

    delimiter: ClassVar[str] = "%"


def render(name: str, **fields: object) -> str:
    """Fill in a template, without white space at its end.

    name: of the file in `templates/`, without its suffix. fields: a text for every `%field`.
    """
    template = ConfigTemplate((FOLDER / f"{name}.cfg").read_text(encoding="utf8"))
    return template.substitute(fields).rstrip()


def to_setting(value: object) -> str:
    """Write a value as configs have it: JSON, with `$` doubled to keep it from naming a variable."""
    return srsly.json_dumps(value).replace("$", "$$")
