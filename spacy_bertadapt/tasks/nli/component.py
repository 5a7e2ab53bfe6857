"""Natural language inference: `doc.cats` from a premise and a hypothesis."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from spacy.tokens import Doc, Span
from spacy.util import minibatch
from spacy.vocab import Vocab

from ...component.model import TransformerModel
from ...errors import Errors, WrongTypeError
from ...learning.losses import SequenceLoss
from ..categories.component import Categorizer
from . import PARTS

Text: TypeAlias = str | Doc | Span


class BertNli(Categorizer):
    """Sets `doc.cats` of pair Docs to how a premise bears on a hypothesis; the probabilities sum to one.

    Labels are those of the data or the checkpoint: entailment, neutral and contradiction, or any others.
    """

    parts = PARTS
    windowed_segment = 0

    def __init__(
        self,
        vocab: Vocab,
        model: TransformerModel,
        name: str = "bert_nli",
        *,
        long_text: str = "mean",
        loss: SequenceLoss | None = None,
        **settings: Any,
    ):
        """Take the settings: see `docs/nli.md` for each.

        long_text: how the windows of a long premise are pooled; the hypothesis stands whole in each.
        The others: see `Categorizer`.
        """
        super().__init__(vocab, model, name, exclusive=True, long_text=long_text, loss=loss, cfg={}, **settings)

    def compare(self, premise: Text, hypothesis: Text) -> dict[str, float]:
        """How a premise bears on a hypothesis, as label to probability. Arguments as of `compare_many`."""
        return next(self.compare_many([(premise, hypothesis)]))

    def compare_many(self, pairs: Iterable[tuple[Text, Text]], *, batch_size: int = 1000) -> Iterator[dict[str, float]]:
        """How premises bear on hypotheses: label to probability, for every pair, in order.

        pairs: premise and hypothesis, each a string, Doc or Span; any stream. batch_size: pairs that are gathered
        and sorted by length.
        Raises ValueError for a hypothesis that leaves no room for its premise, TypeError for what is no text.
        """
        labels = self.labels
        for batch in minibatch(pairs, batch_size):
            texts = [(_text(premise), _text(hypothesis)) for premise, hypothesis in batch]
            for row in self.predict_segments(texts).tolist():
                yield dict(zip(labels, row, strict=True))


def _text(part: Text) -> str:
    if not isinstance(part, str | Doc | Span):
        raise WrongTypeError(Errors.E207.format(found=type(part).__name__))
    return part if isinstance(part, str) else part.text
