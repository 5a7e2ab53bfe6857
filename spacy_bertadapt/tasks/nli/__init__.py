"""Natural language inference: whether a premise entails or contradicts a hypothesis."""

from ..categories.defaults import PARTS

OWN_SCORES = "nli_"
"""What the names of its scores begin with, so that they stand beside those of a component of texts."""

__all__ = ["OWN_SCORES", "PARTS"]
