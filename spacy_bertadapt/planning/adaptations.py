"""The ways to adapt an encoder, by short names: what learns, and how much higher its rate is."""

from __future__ import annotations

from typing import Any

STRATEGIES: dict[str, tuple[dict[str, Any], float]] = {
    "full": ({"@misc": "spacy-bertadapt.FullFineTuning.v1"}, 1),
    "head_only": ({"@misc": "spacy-bertadapt.HeadOnly.v1"}, 20),
    "head_and_pooler": ({"@misc": "spacy-bertadapt.HeadOnly.v1", "pooler": True}, 20),
    "top_layers": ({"@misc": "spacy-bertadapt.TopLayers.v1", "n": 2}, 2),
    "gradual_unfreezing": ({"@misc": "spacy-bertadapt.GradualUnfreezing.v1"}, 2),
    "lora": ({"@misc": "spacy-bertadapt.LoRA.v1"}, 20),
}
"""By name: the component's `adapt`, and the multiple of the usual rate, as fewer parameters need a higher one."""

FULL = "full"
