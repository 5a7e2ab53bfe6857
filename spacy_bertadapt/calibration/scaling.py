"""Scales of logits that make gold as probable as they can (Guo et al., 2017: temperature and vector scaling)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch
from spacy.tokens import Doc, Span
from spacy.training import Example
from torch import Tensor

from ..component.base import BertPipe
from ..component.calibration import NOT_CALIBRATED, Calibration
from ..component.outputs import WindowOutputs
from ..learning.losses import binary_cross_entropy, cross_entropy
from ..types import SINGLE_LABEL, Ints

TEXTS_AT_ONCE = 256
STEPS = 100
LOWEST, HIGHEST = 0.02, 50.0  # a temperature beyond these says that the data are too few, or all right


@dataclass(frozen=True, slots=True)
class Observation:
    """The logits of some texts, and their gold. logits: of all windows, as the component's loss takes them."""

    logits: Tensor
    rows: Ints
    targets: Any


def observe(pipe: BertPipe, examples: Iterable[Example], before: Sequence[Any] = ()) -> Iterator[Observation]:
    """Yield the logits and the gold of examples that are annotated for a component, some texts at a time.

    before: the components before it, which annotate the texts first: it may read the vectors of one.
    """
    stream = (example for example in examples if pipe.is_annotated(example))
    while batch := list(islice(stream, TEXTS_AT_ONCE)):
        docs = [_without_gold(example.reference, pipe.parts or ()) for example in batch]
        for other in before:
            docs = list(other.pipe(docs)) if hasattr(other, "pipe") else [other(doc) for doc in docs]
        texts = pipe.encode(docs)
        outputs = pipe.runner.predict(texts, docs)
        targets = pipe.targets(batch, texts, outputs.batch)
        yield Observation(_all_logits(outputs), np.arange(len(outputs.batch)), targets)


def _without_gold(doc: Doc, parts: Sequence[str]) -> Doc:
    """Return the tokens of a Doc, and the parts of its pair, without other annotation. parts: their span groups."""
    spaces = [bool(token.whitespace_) for token in doc]
    bare = Doc(doc.vocab, words=[token.text for token in doc], spaces=spaces)
    for part in parts:
        if part in doc.spans:
            bare.spans[part] = [Span(bare, span.start, span.end) for span in doc.spans[part]]
    return bare


def fit_scale(pipe: BertPipe, observations: Sequence[Observation], *, is_vector: bool) -> Calibration:
    """Return the scale under which gold is the most probable.

    Beforehand, the logarithms of scales and the biases are around 0 with a deviation of 1: so little data, all of it
    right, does not make probabilities of 1, and a label without gold is still possible.
    is_vector: whether each output has a scale of its own, and a bias.
    """
    prior = 0.5 / sum(len(part.rows) for part in observations)
    outputs = observations[0].logits.shape[-1] if is_vector else 1
    log_scale = torch.zeros(outputs, dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(outputs, dtype=torch.float64, requires_grad=is_vector)
    optimizer = torch.optim.LBFGS(
        [log_scale, bias] if is_vector else [log_scale], max_iter=STEPS, line_search_fn="strong_wolfe"
    )

    def step() -> Tensor:
        optimizer.zero_grad()
        loss = mean_loss(pipe, observations, log_scale.exp(), bias)
        loss = loss + prior * (log_scale.square().mean() + bias.square().mean())
        loss.backward()
        return loss

    optimizer.step(step)
    scale = log_scale.detach().exp().clamp(1 / HIGHEST, 1 / LOWEST)
    return Calibration(scale.tolist(), bias.detach().tolist())


def mean_loss(pipe: BertPipe, observations: Sequence[Observation], scale: Tensor, bias: Tensor) -> Tensor:
    """Return the mean negative log-likelihood of gold, without weights of classes."""
    with _plain_loss(pipe):
        losses = [
            pipe.loss((part.logits.double() * scale + bias).to(pipe.network.device), part.rows, part.targets)
            for part in observations
        ]
    return torch.stack([loss.total.cpu() for loss in losses]).sum() / sum(loss.count for loss in losses)


def loss_under(pipe: BertPipe, observations: Sequence[Observation], calibration: Calibration = NOT_CALIBRATED) -> float:
    """Return the mean negative log-likelihood of gold under a calibration."""
    scale, bias = (torch.tensor(values, dtype=torch.float64) for values in (calibration.scale, calibration.bias))
    with torch.no_grad():
        return float(mean_loss(pipe, observations, scale, bias))


def _all_logits(outputs: WindowOutputs) -> Tensor:
    """Return the logits of all windows, padded to the longest where they have one a subword."""
    n_labels = outputs.logits[0].shape[-1]
    if outputs.batch.spans is not None:
        return torch.from_numpy(outputs.span_logits(n_labels))[outputs.batch.spans_of(np.arange(len(outputs.batch)))]
    if outputs.logits[0].ndim == 2:
        return torch.from_numpy(outputs.sequence_logits(n_labels))
    width = max(logits.shape[1] for logits in outputs.logits)
    padded = np.zeros((len(outputs.batch), width, n_labels), dtype=np.float32)
    for group, logits in zip(outputs.groups, outputs.logits, strict=True):
        padded[group, : logits.shape[1]] = logits
    return torch.from_numpy(padded)


@contextmanager
def _plain_loss(pipe: BertPipe) -> Iterator[None]:
    """Have a component's loss be the log-likelihood in the block: no weights, no smoothing."""
    loss, weights = pipe._loss, pipe._class_weights
    if loss is not None:
        pipe._loss = cross_entropy() if loss.problem_type == SINGLE_LABEL else binary_cross_entropy()
    pipe._class_weights = None
    try:
        yield
    finally:
        pipe._loss, pipe._class_weights = loss, weights
