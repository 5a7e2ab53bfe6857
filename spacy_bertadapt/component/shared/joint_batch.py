"""A batch of examples that several heads learn from, with one forward pass of their encoder.

Heads run on detached hidden states, each in its own `update`, and leave the gradients of these here. Then the encoder
goes backward, once, with their weighted sum. Where a batch is larger than the budget of subwords, only the last slice
keeps what its backward pass needs; the others go forward again, with the same dropout.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from spacy.training import Example
from torch import Tensor

from ...learning.encoder_learner import EncoderLearner
from ...learning.learner import Loss
from ...network.device_memory import SubwordBudget
from ...network.inputs import to_device
from ...network.network import Network
from ...subwords.batches import recurring_width
from ...subwords.unique_windows import flat_rows, unique_windows
from ...types import Ints, PaddedBatch
from ..lesson import Lesson


class HeadStates:
    """The hidden states that one head learns from, and what it gives back.

    leaf: (subwords + 1, hidden) the states of all subwords, then a row of zeros; its gradient is summed over the head's
    examples. count: of examples, or tokens, that the head's loss sums over.
    """

    def __init__(self, batch: JointBatch):
        """batch: the joint batch that the states are of."""
        self._batch = batch
        self.leaf = batch.flat.detach().requires_grad_(batch.learns)
        self.count = 0

    @property
    def learns(self) -> bool:
        """Whether the encoder wants the gradient."""
        return self._batch.learns

    def read(self, padded: PaddedBatch) -> Tensor:
        """Return the states of windows of the batch, (rows, width, hidden), zeros where there is padding."""
        places = self._batch.places(padded)
        index = to_device(places.ravel(), self.leaf.device)
        return self.leaf.index_select(0, index).view(*places.shape, -1)


@dataclass(slots=True)
class _Slice:
    """Windows that go through the encoder together.

    rows: (rows,) their numbers. random: the state of the random numbers before. states: with the graph that leads to
    them, (rows, width, hidden); None where that was dropped.
    """

    rows: Ints
    random: list[Tensor]
    states: Tensor | None


class JointBatch:
    """The windows that heads read of a batch of examples, each once, with their hidden states.

    lessons: what each head reads, by the identity of its component. learns: whether the encoder goes backward.
    """

    def __init__(
        self,
        network: Network,
        budget: SubwordBudget,
        examples: Sequence[Example],
        lessons: Mapping[int, Lesson],
        learner: EncoderLearner | None = None,
    ):
        """Run the encoder.

        examples: those of the pipeline's update. lessons: one or more. learner: of the encoder; None: it is frozen, and
        drops no units.
        """
        self.lessons = lessons
        self.learns = learner is not None and not learner.is_resting
        self._examples = list(examples)
        self._network, self._budget, self._learner = network, budget, learner
        self._windows, _ = unique_windows([lesson.batch for lesson in lessons.values()])
        self._numbers = {key: number for number, key in enumerate(self._windows.keys())}
        self._limit = network.checkpoint.max_length
        self._starts = np.zeros(len(self._windows), dtype=np.int64)
        self._slices: list[_Slice] = []
        self.flat = self._encode()
        self._heads = {head: HeadStates(self) for head in lessons}

    @property
    def is_open(self) -> bool:
        """Whether heads that could learn from it have not begun to."""
        return not any(states.count for states in self._heads.values())

    @property
    def counts(self) -> dict[int, int]:
        """How many examples, or tokens, each head has learned from, by the identity of its component."""
        return {head: states.count for head, states in self._heads.items()}

    def is_of(self, examples: Sequence[Example]) -> bool:
        """Return whether it is of just these examples."""
        return len(examples) == len(self._examples) and all(map(_is, examples, self._examples))

    def predicts(self, doc: object) -> bool:
        """Return whether a Doc is a predicted one of its examples, which components may annotate in the update."""
        return any(example.predicted is doc for example in self._examples)

    def states_of(self, head: int) -> HeadStates:
        """Return the states for a head, by the identity of its component."""
        return self._heads[head]

    def places(self, padded: PaddedBatch) -> Ints:
        """Return the rows of `flat` for a padded batch, (rows, width)."""
        keys = flat_rows(padded).keys()
        numbers = np.array([self._numbers[key] for key in keys], dtype=np.int64)
        return self._places(numbers, padded.input_ids.shape[1])

    def drop_graph(self) -> None:
        """Free the memory of what a backward pass needs; it will go forward again."""
        for part in self._slices:
            part.states = None

    def learn(self, counts: Mapping[int, int]) -> None:
        """Go backward through the encoder with the sum of the heads' gradients, each divided by a count.

        counts: of the examples of each head since the last step.
        """
        gradients = [
            states.leaf.grad / counts[head] for head, states in self._heads.items() if states.leaf.grad is not None
        ]
        if not self.learns or not gradients:
            return
        total = torch.stack(gradients).sum(0).float()
        total[-1] = 0.0
        for part in self._slices:
            widths = recurring_width(self._windows.lengths[part.rows], self._limit)
            back = partial(self._back, part, total)
            for _ in self._budget.work_through(part.rows, widths, back):
                pass
            part.states = None

    def _encode(self) -> Tensor:
        """Return the hidden states of all windows, laid end to end, and a row of zeros."""
        lengths = self._windows.lengths
        widths = recurring_width(lengths, self._limit)
        order = np.argsort(widths, kind="stable")
        pieces, filled = [], 0
        for part, piece in self._budget.work_through(order, widths[order], self._forward):
            self._slices.append(part)
            pieces.append(piece)
            self._starts[part.rows] = filled + np.cumsum(lengths[part.rows]) - lengths[part.rows]
            filled += len(piece)
        return torch.cat([*pieces, pieces[0].new_zeros(1, pieces[0].shape[1])])

    def _forward(self, rows: Ints) -> tuple[_Slice, Tensor]:
        self.drop_graph()
        random = _random_state(self._network.device) if self.learns else []
        states = self._states(rows)
        lengths = self._windows.lengths[rows]
        inside = np.flatnonzero(np.arange(states.shape[1]) < lengths[:, None])
        piece = states.detach().flatten(0, 1).index_select(0, to_device(inside, states.device))
        return _Slice(rows, random, states if self.learns else None), piece

    def _states(self, rows: Ints) -> Tensor:
        """Return the hidden states of some windows, (rows, width, hidden), in training mode if the encoder learns."""
        width = int(recurring_width(self._windows.lengths[rows].max(), self._limit))
        batch = self._network.batch(self._windows.padded(rows, width=width))
        if self._learner is None:
            with torch.no_grad():
                return self._network.encode(batch)
        with self._learner.training(), torch.set_grad_enabled(self.learns):
            return self._network.encode(batch)

    def _back(self, part: _Slice, total: Tensor, rows: Ints) -> None:
        assert self._learner is not None
        kept = part.states if len(rows) == len(part.rows) else None

        def forward() -> Loss:
            states = kept
            if states is None:
                with _random_state_of(part.random, self._network.device):
                    states = self._states(rows)
            places = self._places(rows, states.shape[1])
            wanted = total.index_select(0, to_device(places.ravel(), total.device)).view(*places.shape, -1)
            return Loss((states.float() * wanted).sum(), 0)

        self._learner.learn(forward)

    def _places(self, numbers: Ints, width: int) -> Ints:
        columns = np.arange(width)
        inside = columns < self._windows.lengths[numbers, None]
        row_of_zeros = int(self._windows.lengths.sum())
        return np.where(inside, self._starts[numbers, None] + columns, row_of_zeros)


def _is(one: object, other: object) -> bool:
    return one is other


def _random_state(device: torch.device) -> list[Tensor]:
    """Return the states of torch's random numbers that a forward pass on a device uses."""
    states = [torch.get_rng_state()]
    return [*states, torch.cuda.get_rng_state(device)] if device.type == "cuda" else states


@contextmanager
def _random_state_of(states: list[Tensor], device: torch.device) -> Iterator[None]:
    """Draw random numbers in the block as from earlier states; afterwards they go on as before the block."""
    before = _random_state(device)
    _set_random_state(states, device)
    try:
        yield
    finally:
        _set_random_state(before, device)


def _set_random_state(states: list[Tensor], device: torch.device) -> None:
    torch.set_rng_state(states[0])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states[1], device)
