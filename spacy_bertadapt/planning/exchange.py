"""How a task's networks are exchanged with Transformers: what its checkpoints are called, and what they imply."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..network.checkpoint_facts import CheckpointFacts


def no_settings(facts: CheckpointFacts) -> dict[str, Any]:
    """Return no settings: the factory's defaults fit every checkpoint of the task."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """How a task's networks are exchanged with Transformers.

    auto_class: the class that reads its checkpoints, such as "AutoModelForTokenClassification". hub_task: the hub's
    name of the task. is_meant: returns whether a checkpoint of that class is one of this task, and not of another.
    settings: returns the settings of the component that fit a checkpoint. problem_types: what its outputs may mean, in
    Transformers' words; none: the task has one meaning.
    """

    auto_class: str
    hub_task: str
    is_meant: Callable[[CheckpointFacts], bool] = lambda facts: True
    settings: Callable[[CheckpointFacts], Mapping[str, Any]] = no_settings
    problem_types: tuple[str, ...] = ()

    @property
    def head(self) -> str:
        """The end of the names of the classes that have the task's head, such as "ForTokenClassification"."""
        return self.auto_class.removeprefix("AutoModel") or "Model"

    def can_read(self, facts: CheckpointFacts) -> bool:
        """Return whether a checkpoint names a class with the task's head, or names no class at all."""
        return not facts.architectures or any(name.endswith(self.head) for name in facts.architectures)

    def recognizes(self, facts: CheckpointFacts) -> bool:
        """Return whether a checkpoint is one of this task, by all that it says of itself."""
        return bool(facts.architectures) and self.can_read(facts) and self.is_meant(facts)
