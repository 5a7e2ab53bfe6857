"""Random numbers that are drawn again."""

from __future__ import annotations

import torch

from spacy_bertadapt.network.random_numbers import random_state, random_state_of

CPU = torch.device("cpu")


def test_they_are_drawn_again_and_go_on_afterwards():
    state = random_state(CPU)
    first, second = torch.rand(3), torch.rand(3)
    torch.set_rng_state(state[0])
    torch.rand(3)
    with random_state_of(state, CPU):
        assert torch.equal(torch.rand(3), first)
    assert torch.equal(torch.rand(3), second)


def test_those_of_mps_too(monkeypatch):
    now = [torch.tensor([7])]
    monkeypatch.setattr(torch.mps, "get_rng_state", lambda: now[0])
    monkeypatch.setattr(torch.mps, "set_rng_state", lambda state: now.__setitem__(0, state))
    mps = torch.device("mps")
    earlier = random_state(mps)
    now[0] = torch.tensor([8])
    with random_state_of(earlier, mps):
        assert now[0].item() == 7
    assert now[0].item() == 8
