"""Extractive question answering: spans of a context that answer a question."""

PARTS = ("question", "context")
ANSWERS = "answers"
"""The key of the answers in `doc.spans`."""

ANSWER = "answer"
"""The one label that is decided for: that there is an answer."""
