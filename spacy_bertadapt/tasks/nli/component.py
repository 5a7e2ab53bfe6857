"""Natural language inference: `doc.cats` from a premise and a hypothesis."""

from __future__ import annotations

from typing import Any

from spacy.vocab import Vocab

from ...component.thinc_model import NetworkModel
from ...learning.losses import SequenceLoss
from ..categories.pair_component import PairCategorizer


class BertNli(PairCategorizer):
    """Sets `doc.cats` of pair Docs to the probability of each label for premise and hypothesis; they sum to one.

    Labels are those of the data or the checkpoint: entailment, neutral and contradiction, or any others. With a loss
    of numbers, or a checkpoint that predicts them, the values are numbers, such as how alike two sentences are.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: NetworkModel,
        name: str = "bert_nli",
        *,
        long_text: str = "mean",
        loss: SequenceLoss | None = None,
        **settings: Any,
    ):
        """Take the settings: see `docs/nli.md` for each.

        long_text: how the windows of a long premise are pooled; the hypothesis stands whole in each.
        Other arguments: see `Categorizer`.
        """
        super().__init__(vocab, model, name, exclusive=True, long_text=long_text, loss=loss, cfg={}, **settings)
