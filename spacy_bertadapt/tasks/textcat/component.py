"""Text classification: `doc.cats` from the whole text."""

from __future__ import annotations

from typing import Any

from spacy.vocab import Vocab

from ...component.base import LabelCounts
from ...component.model import TransformerModel
from ...errors import Errors, InvalidError
from ...learning.losses import SequenceLoss
from ..categories.component import Categorizer


class BertTextCategorizer(Categorizer):
    """Sets `doc.cats` to a probability for every label: of exclusive labels they sum to one."""

    def __init__(
        self,
        vocab: Vocab,
        model: TransformerModel,
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
        positive_label: for two exclusive labels, the one that scores are about. The others: see `Categorizer`.
        """
        cfg = {"threshold": threshold, "positive_label": positive_label}
        super().__init__(vocab, model, name, exclusive=exclusive, long_text=long_text, loss=loss, cfg=cfg, **settings)

    def settle(self, counts: LabelCounts) -> None:
        """Check the positive label too. Raises ValueError if it is none of two."""
        positive = self.cfg["positive_label"]
        if positive is not None and not (positive in self.labels and len(self.labels) == 2 and self.cfg["exclusive"]):
            remedy = f"name one of two exclusive labels; there are {list(self.labels)}"
            raise InvalidError(Errors.E308.format(setting="positive_label", value=positive, remedy=remedy))
        super().settle(counts)
