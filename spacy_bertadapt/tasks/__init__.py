"""The tasks, a folder each, and the one table of them. Nothing heavy is imported here."""

from __future__ import annotations

from dataclasses import dataclass

from .nli import PARTS as NLI_PARTS
from .qa import PARTS as QA_PARTS


@dataclass(frozen=True, slots=True)
class Task:
    """A task by name.

    name: as users give it, and of its folder. title: for people. parts: span groups of its pair Docs; None: no pairs.
    """

    name: str
    title: str
    parts: tuple[str, str] | None = None

    @property
    def factory(self) -> str:
        """The name of its component's factory."""
        return f"bert_{self.name}"


TASKS = {
    task.name: task
    for task in (
        Task("textcat", "Text classification"),
        Task("nli", "Natural language inference", parts=NLI_PARTS),
        Task("ner", "Named entity recognition"),
        Task("qa", "Question answering", parts=QA_PARTS),
    )
}
