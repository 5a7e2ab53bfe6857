"""Configs as text with comments: how they are read, and how they are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import wrap

import srsly

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
    """Return a value as configs have it: JSON, with `$` doubled to keep it from naming a variable."""
    return str(value) if isinstance(value, Variable) else srsly.json_dumps(value).replace("$", "$$")


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
