"""Decisions of a component on gold texts: what it predicted, how sure it was, and whether it was right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from spacy.training import Example


@dataclass(slots=True)
class Decisions:
    """Decisions on some texts.

    label, confidence, is_right: of each. ranking: what thresholds are compared with, mostly the confidence. gold: how
    often each label is to be found. best: whether each text has one decision alone, for its most probable label.
    """

    label: list[str] = field(default_factory=list)
    confidence: list[float] = field(default_factory=list)
    ranking: list[float] = field(default_factory=list)
    is_right: list[bool] = field(default_factory=list)
    gold: Counter[str] = field(default_factory=Counter)
    best: bool = False

    def add(self, label: str, confidence: float, *, is_right: bool, ranking: float | None = None) -> None:
        """Add a decision. ranking: None: the confidence."""
        self.label.append(label)
        self.confidence.append(float(confidence))
        self.ranking.append(float(confidence if ranking is None else ranking))
        self.is_right.append(is_right)

    def __len__(self) -> int:
        return len(self.label)


DecisionsOf: TypeAlias = Callable[[Any, Iterable[Example]], Decisions]
"""Returns the decisions of a component, in Examples whose predicted Docs it has annotated."""
