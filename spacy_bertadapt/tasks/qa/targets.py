"""What a batch of gold answers teaches, window by window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from spacy.training import Example
from torch import Tensor

from ...learning.learner import Loss
from ...network.inputs import to_device
from ...subwords.batches import WindowBatch
from ...types import Ints
from . import ANSWERS
from .answers import END, NULL_COLUMN, START
from .texts import QuestionTexts

NO_ANSWER = -1


@dataclass(frozen=True, slots=True)
class AnswerTargets:
    """Gold answers, window by window.

    columns: (2, windows) where in a window's row the answer starts and ends; [CLS] where it isn't whole.
    lengths: (windows,) subwords of each.
    """

    columns: Ints
    lengths: Ints


def answer_targets(examples: Sequence[Example], texts: QuestionTexts, batch: WindowBatch) -> AnswerTargets:
    """Return where the first gold answer of each question stands in each window.

    texts: the encoded reference Docs of the examples. batch: their windows.
    """
    first, last = _gold_subwords(examples, texts)
    windows, text = batch.windows, batch.windows.text
    is_whole = (first[text] != NO_ANSWER) & (first[text] >= windows.start) & (last[text] < windows.stop)
    shift = batch.first_column - windows.start
    columns = np.where(is_whole, np.stack([first[text], last[text]]) + shift, NULL_COLUMN)
    return AnswerTargets(columns, batch.lengths)


def answer_loss(logits: Tensor, rows: Ints, targets: AnswerTargets) -> Loss:
    """Return the loss of some windows, summed over windows; one without the whole answer points at [CLS].

    logits: (windows, subwords, 2), for the start and the end. rows: (windows,) the numbers of these in the batch.
    """
    padding = to_device(np.arange(logits.shape[1]) >= targets.lengths[rows, None], logits.device)
    scores = logits.masked_fill(padding[..., None], float("-inf"))
    wanted = to_device(targets.columns[:, rows], logits.device)
    start = torch.nn.functional.cross_entropy(scores[..., START], wanted[START], reduction="sum")
    end = torch.nn.functional.cross_entropy(scores[..., END], wanted[END], reduction="sum")
    return Loss((start + end) / 2, len(rows))


def _gold_subwords(examples: Sequence[Example], texts: QuestionTexts) -> tuple[Ints, Ints]:
    """Return the first and the last subword of each gold answer in its context, (texts,), or NO_ANSWER."""
    first = np.full(len(examples), NO_ANSWER, dtype=np.int64)
    last = first.copy()
    alignment = texts.alignment
    for number, (example, context) in enumerate(zip(examples, texts.contexts, strict=True)):
        answers = example.reference.spans[ANSWERS]
        if not len(answers) or context is None:
            continue
        tokens = np.flatnonzero(alignment.text == number)
        inside = alignment.token[tokens] + context.start
        covered = tokens[(inside >= answers[0].start) & (inside < answers[0].end)]
        if len(covered):
            first[number], last[number] = alignment.first[covered[0]], alignment.last[covered[-1]]
    return first, last
