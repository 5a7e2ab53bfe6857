"""Extractive question answering: spans of a context that answer a question."""

PARTS = ("question", "context")
