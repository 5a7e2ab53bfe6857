"""Natural language inference: whether a premise entails or contradicts a hypothesis."""

from ..categories.defaults import PARTS

__all__ = ["PARTS"]
