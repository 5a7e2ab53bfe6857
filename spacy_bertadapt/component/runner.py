"""From texts to logits and gradients, in pieces that fit the device."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeAlias, cast

import numpy as np
import torch
from spacy.tokens import Doc
from spacy.training import Example
from torch import Tensor

from ..errors import DoesNotFit, Errors, InvalidError
from ..learning.learner import Loss
from ..learning.running_loss import RunningLoss, running_loss
from ..network.device_memory import SubwordBudget, default_budget
from ..network.inputs import to_numpy
from ..pairs import PartNames, pair_of
from ..subwords.alignment import align, tokens_of
from ..subwords.batches import WindowBatch, group_by_length, recurring_width, window_batch
from ..subwords.special_tokens import special_count
from ..subwords.token_separation import separate_tokens
from ..subwords.tokenizer import SubwordTokenizer
from ..types import Floats, Ints, Pair, Segments, Subwords
from .lesson import Lesson, ReadsExamples
from .outputs import WindowOutputs
from .pair_texts import PairTexts, aligned_pairs
from .pipeline_link import PipelineLink
from .texts import AlignedTexts, EncodedTexts, Segment
from .thinc_shim import NetworkShim
from .window_settings import WindowSettings

LossOfWindows: TypeAlias = Callable[[Tensor, Ints], Loss]
"""Takes the logits of some windows and their numbers; returns the loss of their texts, as a sum and a count."""


class Runner:
    """Sends texts through a network: subwords, windows, batches by length, and smaller ones if memory is short."""

    def __init__(
        self,
        shim: NetworkShim,
        windows: WindowSettings,
        *,
        windowed_segment: int = 0,
        window_limit: int | None = None,
    ):
        """Take the settings.

        windowed_segment: which text of a pair is cut into windows. window_limit: how many windows of a text the task
        looks at; None: all.
        """
        self._shim = shim
        self.settings = windows
        self._windowed_segment = windowed_segment
        self._window_limit = window_limit
        self._budget: SubwordBudget | None = None
        self._budget_of: torch.device | None = None

    @property
    def max_length(self) -> int:
        """Subwords of a window, special tokens included. Raises ValueError if the encoder can't take so many."""
        wanted, limit = self.settings.max_length, self._shim.encoder_checkpoint.max_length
        if wanted is not None and wanted > limit:
            name = self._shim.settings.encoder.name
            raise InvalidError(Errors.E110.format(max_length=wanted, name=name, limit=limit))
        return wanted or limit

    @property
    def budget(self) -> SubwordBudget:
        """How many padded subwords go through the network at once."""
        device = self._shim.network.device
        if self._budget is None or self._budget_of != device:
            self._budget = SubwordBudget(self.settings.max_batch_subwords or default_budget(device))
            self._budget_of = device
        return self._budget

    @property
    def subwords(self) -> SubwordTokenizer:
        """The encoder's tokenizer."""
        return self._shim.encoder_checkpoint.subwords

    def on(self, shim: NetworkShim) -> Runner:
        """Return a runner of another network, with the same settings."""
        limits = {"windowed_segment": self._windowed_segment, "window_limit": self._window_limit}
        return Runner(shim, self.settings, **limits)  # type: ignore[arg-type]

    def check(self) -> None:
        """Raise ValueError if the encoder can't take `max_length`, or its windows would not advance."""
        room = self.max_length - special_count(self.subwords.single)
        if room <= self.settings.stride:
            raise InvalidError(Errors.E201.format(capacity=room, stride=self.settings.stride))

    def link(self, pipeline: PipelineLink, component: object) -> None:
        """Look for what is needed of a pipeline: nothing, as the encoder is the component's own."""

    def encode(self, texts: Sequence[Segments], *, training: bool = False) -> EncodedTexts:
        """Return the subwords of texts or pairs. training: whether to cache them for the next epoch."""
        is_pair = bool(texts) and isinstance(texts[0], tuple)
        segments = list(zip(*cast(Sequence[Pair], texts), strict=True)) if is_pair else [texts]
        return EncodedTexts(
            [self.encode_segment(cast(Sequence[str], segment), training=training) for segment in segments]
        )

    def encode_docs(
        self, docs: Sequence[Doc], parts: PartNames | None = None, *, training: bool = False
    ) -> EncodedTexts:
        """Return the subwords of Docs. parts: span groups of pair Docs, for the subwords of pairs; None: of all text.

        training: whether to cache the subwords for the next epoch. Raises the errors of `find_parts`.
        """
        texts = [doc.text if parts is None else pair_of(doc, parts) for doc in docs]
        return self.encode(texts, training=training)

    def encode_pairs(self, pairs: PairTexts, *, training: bool = False) -> AlignedTexts:
        """Return the subwords of pairs, and the tokens of the second texts that have subwords.

        training: whether to cache the subwords for the next epoch.
        """
        return aligned_pairs(pairs, partial(self.encode_segment, training=training))

    def encode_segment(self, texts: Sequence[str], *, training: bool = False, offsets: bool = False) -> Segment:
        """Return the subwords of texts. training: whether to cache them. offsets: whether to give their characters."""
        encode = self.subwords.encode_cached if training else self.subwords.encode
        return encode(texts, offsets=offsets)

    def encode_tokens(self, docs: Sequence[Doc], *, training: bool = False) -> AlignedTexts:
        """Return the subwords of Docs, none of them across a border of tokens, and the tokens that have subwords.

        training: whether to cache them for the next epoch.
        """
        texts, tokens = [doc.text for doc in docs], tokens_of(docs)
        encode = partial(self.encode_segment, training=training, offsets=True)
        subwords = separate_tokens(texts, encode(texts), tokens, encode)
        return AlignedTexts([subwords], align(tokens, subwords))

    @contextmanager
    def learning_from(
        self, component: ReadsExamples, examples: Sequence[Example], *, drop: float = 0.0
    ) -> Iterator[Lesson | None]:
        """Have a component read a batch of examples, and give the block what it read, to learn from it there.

        drop: the dropout rate of layers that are not torch's. Raises what `ReadsExamples.lesson` does.
        """
        yield component.lesson(examples)

    def windows(self, texts: EncodedTexts, *, training: bool = False) -> WindowBatch:
        """Lay out the windows of encoded texts, in training `max_windows` a text at most.

        Raises ValueError for a pair that no window can hold.
        """
        limits = [self._window_limit, self.settings.max_windows if training else None]
        is_pair = len(texts.segments) == 2
        try:
            batch = window_batch(
                texts.segments,
                self.subwords.pair if is_pair else self.subwords.single,
                max_length=self.max_length,
                stride=self.settings.stride,
                windowed=self._windowed_segment if is_pair else 0,
                limit=min((limit for limit in limits if limit is not None), default=None),
                pad_id=self.subwords.pad_id,
            )
        except DoesNotFit as err:
            if not is_pair:
                raise
            raise self._too_long(texts.segments[1 - self._windowed_segment][err.text], err.text) from err
        return texts.mark(batch)

    def predict(self, texts: EncodedTexts, docs: Sequence[Doc] = ()) -> WindowOutputs:
        """Return the logits of encoded texts: windows sorted by length, cut by the subword budget.

        docs: the Docs of the texts, if they have any.
        """
        batch = self.windows(texts)
        return WindowOutputs(batch, *self.compute(batch, np.arange(len(batch))))

    def compute(self, batch: WindowBatch, windows: Ints) -> tuple[list[Ints], list[Floats]]:
        """Return the logits of some windows, group by group: the numbers of the windows of each, and their logits."""
        self._shim.report_skipped()
        network, lengths = self._shim.network, batch.lengths[windows]
        groups: list[Ints] = []
        logits: list[Tensor] = []

        def run(rows: Ints) -> tuple[Ints, Tensor]:
            return rows, network.predict(batch.padded(rows))

        for group in group_by_length(lengths, self.budget.subwords):
            for rows, output in self.budget.work_through(windows[group], lengths[group], run):
                groups.append(rows)
                logits.append(output)
        return groups, [to_numpy(output) for output in logits]

    def learn(self, batch: WindowBatch, loss: LossOfWindows) -> RunningLoss | float:
        """Add up the gradients of one batch, worked through in slices of whole texts.

        Returns the batch's mean loss. If it is interrupted, all gradients since the last step are dropped.
        """
        learner, network = self._shim.learner, self._shim.network

        def learn(texts: Ints) -> Loss:
            rows = np.flatnonzero(np.isin(batch.windows.text, texts))
            width = int(recurring_width(batch.lengths[rows].max(), self.max_length))
            return learner.learn(
                lambda: loss(network(batch.padded(rows, width=width)), rows), inputs=self.inputs(batch)
            )

        try:
            return _mean_loss(self._work_through(batch, learn))
        except BaseException:
            learner.forget()
            raise

    def inputs(self, batch: WindowBatch) -> Sequence[Tensor]:
        """Return the tensors, beside the network's own parameters, that get a gradient of the loss."""
        return ()

    def _work_through(self, batch: WindowBatch, learn: Callable[[Ints], Loss]) -> Iterable[Loss]:
        """Learn from slices of whole texts within the budget, or of a single larger text; short texts first."""
        counts = np.bincount(batch.windows.text)
        longest = np.zeros(len(counts), dtype=np.int64)
        np.maximum.at(longest, batch.windows.text, recurring_width(batch.lengths, self.max_length))
        order = np.argsort(longest, kind="stable")
        return self.budget.work_through(order, longest[order], learn, windows=counts[order])

    def _too_long(self, segment: Subwords, text: int) -> DoesNotFit:
        """Return the error for a pair, by its number, whose whole text leaves no room for the windowed one."""
        which = ("first", "second")[1 - self._windowed_segment]
        beginning = self.subwords.decode(segment.ids[:15])
        numbers = {"length": len(segment), "max_length": self.max_length}
        return DoesNotFit(Errors.E205.format(which=which, text=beginning, **numbers), text)


def _mean_loss(losses: Iterable[Loss]) -> RunningLoss | float:
    """Return the sum of the losses divided by the sum of their counts."""
    totals, count = [], 0
    for loss in losses:
        totals.append(loss.total)
        count += loss.count
    return running_loss(sum(totals[1:], start=totals[0]) / count) if count else 0.0
