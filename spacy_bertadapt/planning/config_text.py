"""Configs as text with comments: how they are read, and how they are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import wrap

import srsly

from ..errors import Errors, InvalidError
from .blocks import Block, Variable

SKELETON = Path(__file__).parent / "skeleton.cfg"
WIDTH = 118


def read_skeleton() -> tuple[Block, dict[str, str]]:
    """Return the settings that configs of all tasks share: values, and the comments on them by dotted name."""
    config, notes = Block(), dict[str, str]()
    section, comments = "", list[str]()
    for line in SKELETON.read_text(encoding="utf8").splitlines():
        if line.startswith("["):
            section, comments = line.strip("[]"), []
            config.set(section, Block())
        elif line.startswith("#"):
            comments.append(line.removeprefix("#").strip())
        elif line:
            key, _, text = line.partition(" = ")
            config.set(f"{section}.{key}", Variable(text) if text.startswith("${") else srsly.json_loads(text))
            if comments:
                notes[f"{section}.{key}"] = "\n".join(comments)
            comments = []
    return config, notes


def write_block(block: Block, notes: Mapping[str, str]) -> str:
    """Return a config as text. notes: comments by the dotted name of the setting or block that they stand above."""
    return "\n\n".join("\n".join(lines) for lines in _sections(block, "", notes)) + "\n"


def to_setting(value: object) -> str:
    """Return a value as configs have it: JSON, in which every `$` is escaped to keep it from naming a variable.

    Raises ValueError for a name of a file that is not UTF-8, and for `${`, which spaCy takes for a variable even so.
    """
    if isinstance(value, Variable):
        return str(value)
    try:
        text = srsly.json_dumps(value)
        text.encode("utf8")
    except UnicodeEncodeError as err:
        raise InvalidError(Errors.E526.format(value=value, reason="it is not UTF-8")) from err
    if "${" in text:
        raise InvalidError(Errors.E526.format(value=value, reason="spaCy takes '${' for a variable"))
    return text.replace("$", "\\u0024")


def to_comment(text: str) -> list[str]:
    """Return the lines of a text as comments, long ones on several lines."""
    return [f"# {part}" for line in text.splitlines() for part in wrap(line, WIDTH, break_long_words=False)]


def _sections(block: Block, path: str, notes: Mapping[str, str]) -> Iterator[list[str]]:
    """Yield the lines of a block, and then those of the blocks in it. path: its dotted name, or "" for the config."""
    if path:
        lines = [f"[{path}]", *to_comment(notes.get(path, ""))]
        for key, value in block.items():
            if not isinstance(value, Block):
                lines += [*to_comment(notes.get(f"{path}.{key}", "")), f"{key} = {to_setting(value)}"]
        yield lines
    for key, value in block.items():
        if isinstance(value, Block):
            yield from _sections(value, f"{path}.{key}".strip("."), notes)
