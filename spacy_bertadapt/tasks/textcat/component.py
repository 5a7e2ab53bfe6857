"""Text classification: `doc.cats` from the whole text."""

from __future__ import annotations

from typing import Any

from spacy.vocab import Vocab

from ...component.checks import optional, probability
from ...component.settings import LiveSetting
from ...component.thinc_model import NetworkModel
from ...errors import require
from ...learning.losses import SequenceLoss
from ...network.checkpoint import Checkpoint
from ..categories.component import Categorizer
from ..categories.kinds import EXCLUSIVE


class BertTextCategorizer(Categorizer):
    """Sets `doc.cats` to a probability for every label: of exclusive labels they sum to one.

    With a loss of numbers, or a checkpoint that predicts them, the values are numbers, such as counts of stars.
    """

    threshold = LiveSetting(optional(probability))

    def __init__(
        self,
        vocab: Vocab,
        model: NetworkModel,
        name: str = "bert_textcat",
        *,
        exclusive: bool = True,
        threshold: float | None = None,
        positive_label: str | None = None,
        long_text: str = "mean",
        loss: SequenceLoss | None = None,
        **settings: Any,
    ):
        """Take the settings: see `docs/textcat.md` for each.

        threshold: probability from which a label counts in scores, where labels don't exclude each other.
        positive_label: for two exclusive labels, the one that scores are about. Other arguments: see `Categorizer`.
        """
        cfg = {"threshold": threshold, "positive_label": positive_label}
        super().__init__(vocab, model, name, exclusive=exclusive, long_text=long_text, loss=loss, cfg=cfg, **settings)

    def accept(self, checkpoint: Checkpoint) -> tuple[str, ...]:
        """Return a checkpoint's labels. Raises ValueError also if the positive label is none of two."""
        labels, positive = super().accept(checkpoint), self._settings["positive_label"]
        possible = positive is None or (positive in labels and len(labels) == 2 and self.kind is EXCLUSIVE)
        remedy = f"name one of two exclusive labels; there are {list(labels)}"
        require("positive_label", positive, possible=possible, remedy=remedy)
        return labels
