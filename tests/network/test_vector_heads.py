"""Heads on vectors: neighbours in a batch and padding change nothing, and texts without tokens have logits."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from spacy_bertadapt.network.vector_heads import VECTOR_HEADS, VectorHeadConfig

WIDTH = 6
LENGTHS = (1, 2, 5)  # with column 0


@pytest.fixture(params=[(name, segments) for name in VECTOR_HEADS for segments in (1, 2)], ids=str)
def head(request: pytest.FixtureRequest) -> torch.nn.Module:
    name, segments = request.param
    torch.manual_seed(0)
    return VECTOR_HEADS[name](VectorHeadConfig({0: "a", 1: "b"}, WIDTH, segments)).eval()


def row(length: int) -> tuple[Tensor, Tensor]:
    """Return vectors, (1, length, width), and the segment of each."""
    torch.manual_seed(length)
    states = torch.randn(1, length, WIDTH)
    states[:, 0] = 0
    return states, (torch.arange(length) > length // 2).long()[None]


def test_padding_changes_nothing(head: torch.nn.Module) -> None:
    rows = [row(length) for length in LENGTHS]
    width = max(LENGTHS) + 2
    states, types = torch.full((len(rows), width, WIDTH), 7.0), torch.ones((len(rows), width), dtype=torch.long)
    mask = torch.arange(width) < torch.tensor(LENGTHS)[:, None]
    for number, (own, own_types) in enumerate(rows):
        states[number, : LENGTHS[number]], types[number, : LENGTHS[number]] = own[0], own_types[0]
    together = head(states, mask.long(), types)
    for number, (own, own_types) in enumerate(rows):
        alone = head(own, None, own_types)[0]
        same = together[number] if together.dim() == 2 else together[number, : LENGTHS[number]]
        torch.testing.assert_close(alone, same)


def test_gradients_reach_the_vectors_and_all_weights(head: torch.nn.Module) -> None:
    states, types = row(5)
    head(states.requires_grad_(), None, types).square().sum().backward()
    assert states.grad is not None
    assert states.grad[:, 1:].abs().amin() > 0
    assert all(parameter.grad is not None for parameter in head.parameters())


def test_order_of_a_pair_counts() -> None:
    head = VECTOR_HEADS["AutoModelForSequenceClassification"](VectorHeadConfig({0: "a", 1: "b"}, WIDTH, 2)).eval()
    states, types = row(5)
    assert not torch.allclose(head(states, None, types), head(states, None, 1 - types))
