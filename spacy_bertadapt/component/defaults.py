"""Default settings that factories share. Nothing heavy is imported: every `Language()` imports all factories."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

Scorer: TypeAlias = Callable[..., dict[str, Any]]
"""A function that takes Examples and returns scores by name."""

Weights: TypeAlias = dict[str, float | None]
"""The share of each score in the one that model-best is chosen by; None: the score is shown only."""

DEFAULT_ENCODER = "bert-base-uncased"

WINDOW_DEFAULTS: dict[str, Any] = {"max_length": None, "stride": 0, "max_batch_subwords": None}
TRAINED_DEFAULTS: dict[str, Any] = {
    **WINDOW_DEFAULTS,
    "max_windows": 8,
    "adapt": {"@misc": "spacy-bertadapt.FullFineTuning.v1"},
}


def network_defaults(architecture: str) -> dict[str, Any]:
    """Return the `model` block of a component that has an encoder of its own.

    architecture: the registered name of the function that makes the Thinc model.
    """
    encoder = {"@misc": "spacy-bertadapt.Encoder.v1", "name": DEFAULT_ENCODER, "revision": None, "dropout": None}
    return {"@architectures": architecture, "device": "auto", "precision": "auto", "encoder": encoder}
