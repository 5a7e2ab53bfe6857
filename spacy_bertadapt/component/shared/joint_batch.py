"""A batch of examples that several heads learn from, with one forward pass of their encoder.

Heads run on detached hidden states, each in its own `update`, and leave the gradients of these here. Then the encoder
goes backward, once, with their weighted sum. Where a batch is larger than the budget of subwords, only the last slice
keeps what its backward pass needs; the others go forward again, with the same dropout. If there is no memory for a
slice's backward pass, its halves go forward with other dropout than the heads have seen: that happens seldom, as the
budget stays halved.
"""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import is_

import numpy as np
import torch
from spacy.tokens import Doc
from spacy.training import Example
from torch import Tensor

from ...learning.encoder_learner import EncoderLearner
from ...learning.learner import Loss
from ...network.device_memory import SubwordBudget
from ...network.inputs import to_device
from ...network.network import Network
from ...network.random_numbers import random_state, random_state_of
from ...subwords.batches import recurring_width
from ...subwords.unique_windows import FlatWindows, flat_rows, unique_windows
from ...types import Ints, PaddedBatch
from ..lesson import Lesson
from .head_states import HeadStates


@dataclass(slots=True)
class _Slice:
    """Windows that go through the encoder together.

    starts: (windows,) where the states of each begin among those of the batch. random: the state of the random numbers
    before. states: with the graph that leads to them, (windows, width, hidden); None where that was dropped.
    """

    windows: FlatWindows
    starts: Ints
    random: list[Tensor]
    states: Tensor | None


class JointBatch:
    """The windows that heads read of a batch of examples, each once, with their hidden states.

    learns: whether the encoder goes backward. heads: those that have learned from it, or found nothing to learn.
    """

    def __init__(
        self,
        network: Network,
        budget: SubwordBudget,
        examples: Sequence[Example],
        learner: EncoderLearner | None = None,
    ):
        """Take the examples: `add` runs the encoder.

        examples: those of the pipeline's update. learner: of the encoder; None: it is frozen, and drops no units.
        """
        self.learns = learner is not None and not learner.is_resting
        self.heads: weakref.WeakSet[object] = weakref.WeakSet()
        self._examples = list(examples)
        self._network, self._budget, self._learner = network, budget, learner
        self._limit = network.checkpoint.max_length
        self._lessons: dict[object, Lesson] = {}
        self._states_of_heads: list[tuple[object, HeadStates]] = []
        self._starts: dict[bytes, int] = {}
        self._slices: list[_Slice] = []
        self._flat: Tensor | None = None

    @property
    def counts(self) -> Counter[object]:
        """How many examples, or tokens, each head has learned from."""
        counts: Counter[object] = Counter()
        for head, states in self._states_of_heads:
            counts[head] += states.count
        return counts

    def is_of(self, examples: Sequence[Example]) -> bool:
        """Return whether it is of just these examples."""
        return len(examples) == len(self._examples) and all(map(is_, examples, self._examples))

    def has_all(self, docs: Sequence[Doc]) -> bool:
        """Return whether Docs are predicted ones of its examples, which components may annotate in the update."""
        predicted = {id(example.predicted) for example in self._examples}
        return predicted.issuperset(map(id, docs))

    def has_lesson(self, head: object) -> bool:
        """Return whether there is something that a head has yet to learn from."""
        return head in self._lessons

    def add(self, lessons: Mapping[object, Lesson]) -> None:
        """Run the encoder over the windows that heads are about to learn from, but for those that it has run over."""
        if not lessons:
            return
        windows, _ = unique_windows([lesson.batch for lesson in lessons.values()])
        keys = windows.keys()
        new = np.array([key not in self._starts for key in keys])
        if new.any():
            self._encode(windows.select(np.flatnonzero(new)))
        self._lessons.update(lessons)

    def take(self, head: object) -> tuple[Lesson, HeadStates]:
        """Return what a head learns from, once, and its hidden states."""
        assert self._flat is not None
        states = HeadStates(self._flat, self.places, learns=self.learns)
        self._states_of_heads.append((head, states))
        return self._lessons.pop(head), states

    def places(self, padded: PaddedBatch) -> Ints:
        """Return the rows of the states for a padded batch, (rows, width)."""
        windows = flat_rows(padded)
        keys = windows.keys()
        starts = np.array([self._starts[key] for key in keys], dtype=np.int64)
        return _places(starts, windows.lengths, padded.input_ids.shape[1])

    def close(self) -> None:
        """Keep what the encoder's backward pass needs alone, as all heads have learned; it will go forward again."""
        self._flat = None
        self._lessons.clear()
        _drop_graphs(self._slices)

    def learn(self, counts: Mapping[object, int]) -> None:
        """Go backward through the encoder with the sum of the heads' gradients, each divided by a count.

        counts: of the examples of each head since the last step.
        """
        gradients = [
            states.gradient / counts[head] for head, states in self._states_of_heads if states.gradient is not None
        ]
        if not self.learns or not gradients:
            return
        total = torch.zeros_like(max(gradients, key=len), dtype=torch.float32)
        for gradient in gradients:
            total[: len(gradient)] += gradient  # a head that came early has none of what was added for a later one
        total[0] = 0.0
        for part in self._slices:
            self._learn_slice(part, total)

    def _encode(self, windows: FlatWindows) -> None:
        """Append the hidden states of new windows to those there are. An error leaves these as they are."""
        widths = recurring_width(windows.lengths, self._limit)
        order = np.argsort(widths, kind="stable")
        pieces = [] if self._flat is None else [self._flat]
        slices: list[_Slice] = []
        _drop_graphs(self._slices)
        for part, piece in self._budget.work_through(order, widths[order], partial(self._forward, windows, slices)):
            if not pieces:
                pieces.append(piece.new_zeros(1, piece.shape[1]))
            lengths = part.windows.lengths
            part.starts = sum(map(len, pieces)) + np.cumsum(lengths) - lengths
            slices.append(part)
            pieces.append(piece)
        self._flat = torch.cat(pieces)
        self._slices += slices
        for part in slices:
            self._starts.update(zip(part.windows.keys(), part.starts.tolist(), strict=True))

    def _forward(self, windows: FlatWindows, earlier: Sequence[_Slice], rows: Ints) -> tuple[_Slice, Tensor]:
        """Run the encoder over some windows. Returns also their states without padding, (subwords, hidden).

        earlier: those before, which lose what their backward pass needs.
        """
        _drop_graphs(earlier)
        random = random_state(self._network.device) if self.learns else []
        chosen = windows.select(rows)
        states = self._states(chosen)
        inside = np.flatnonzero(np.arange(states.shape[1]) < chosen.lengths[:, None])
        piece = states.detach().flatten(0, 1).index_select(0, to_device(inside, states.device))
        return _Slice(chosen, np.zeros(0, dtype=np.int64), random, states if self.learns else None), piece

    def _states(self, windows: FlatWindows) -> Tensor:
        """Return the hidden states of windows, (windows, width, hidden), in training mode if the encoder learns."""
        width = int(recurring_width(windows.lengths.max(), self._limit))
        batch = self._network.batch(windows.padded(np.arange(len(windows)), width=width))
        if self._learner is None:
            with torch.no_grad():
                return self._network.encode(batch)
        with self._learner.training(), torch.set_grad_enabled(self.learns):
            return self._network.encode(batch)

    def _learn_slice(self, part: _Slice, total: Tensor) -> None:
        """Go backward through a slice. total: the gradient of all states, (1 + subwords, hidden)."""
        rows, widths = np.arange(len(part.windows)), recurring_width(part.windows.lengths, self._limit)
        for _ in self._budget.work_through(rows, widths, partial(self._back, part, total)):
            pass

    def _back(self, part: _Slice, total: Tensor, rows: Ints) -> None:
        assert self._learner is not None
        kept, part.states = part.states, None
        kept = kept if len(rows) == len(part.windows) else None
        windows = part.windows.select(rows)

        def forward() -> Loss:
            states = kept
            if states is None:
                with random_state_of(part.random, self._network.device):
                    states = self._states(windows)
            places = _places(part.starts[rows], windows.lengths, states.shape[1])
            wanted = total.index_select(0, to_device(places.ravel(), total.device)).view(*places.shape, -1)
            return Loss((states.float() * wanted).sum(), 0)

        self._learner.learn(forward)


def _drop_graphs(slices: Sequence[_Slice]) -> None:
    """Free the memory of what the backward passes of slices need."""
    for part in slices:
        part.states = None


def _places(starts: Ints, lengths: Ints, width: int) -> Ints:
    """Return the rows of windows' states, (windows, width); 0, the row of zeros, where there is padding."""
    columns = np.arange(width)
    return np.where(columns < lengths[:, None], starts[:, None] + columns, 0)
