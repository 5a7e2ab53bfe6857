"""What was recognized of a file, and what has to be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, TypeAlias

Said: TypeAlias = Mapping[str, str]
"""Settings of a reader that somebody gave, as texts."""


@dataclass(frozen=True, slots=True)
class Question:
    """Something that the data do not say.

    option: the option that says it, such as "--reader.label". choices: its possible values, the likeliest first.
    reason: why it has to be asked, in a sentence.
    """

    option: str
    choices: Sequence[str]
    reason: str


@dataclass(frozen=True, slots=True)
class DataShape:
    """What was recognized of a file.

    title: its format, in a few words. task: the name of the task; None: it has to be asked for. is_text: whether spans
    are characters of texts, and not tags of tokens on lines. settings: of the reader. facts: what the settings mean, in
    words. questions: what else has to be asked. columns: the names of all columns of a table.
    """

    title: str
    task: str | None = None
    _: KW_ONLY
    is_text: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    facts: Sequence[str] = ()
    questions: Sequence[Question] = ()
    columns: Sequence[str] = ()


def ask_for_task(title: str, tasks: Sequence[str], reason: str) -> DataShape:
    """Return the shape of a file that may be for several tasks."""
    return DataShape(title, questions=[Question("--task", tasks, reason)])
