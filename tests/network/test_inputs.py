"""Copies of arrays to a device."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from spacy_bertadapt.network.inputs import to_device


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is asked of torch when an array is copied, in the place of a GPU."""
    asked: list[Any] = []

    def pin(tensor: Tensor) -> Tensor:
        asked.append("pin")
        return tensor

    def to(tensor: Tensor, device: torch.device, **settings: Any) -> Tensor:
        asked.append((device.type, settings))
        return tensor

    monkeypatch.setattr(Tensor, "pin_memory", pin)
    monkeypatch.setattr(Tensor, "to", to)
    return asked


def test_memory_is_pinned_for_cuda_so_that_nothing_waits(calls: list[Any]) -> None:
    to_device(np.zeros(2, dtype=np.int64), torch.device("cuda", 0))
    assert calls == ["pin", ("cuda", {"non_blocking": True})]


@pytest.mark.parametrize("device", ["cpu", "mps", "meta"])
def test_no_memory_is_pinned_for_other_devices(calls: list[Any], device: str) -> None:
    """Their copies wait: MPS would read an array that may be gone by then."""
    to_device(np.zeros(2, dtype=np.float32), torch.device(device))
    assert calls == [(device, {})]


@pytest.mark.parametrize("dtype", [np.int64, np.float32, np.bool_])
def test_arrays_keep_their_numbers(dtype: type) -> None:
    array = np.array([[0, 1], [1, 0]], dtype=dtype)
    for given in (array, torch.from_numpy(array)):
        copied = to_device(given, torch.device("cpu"))
        assert copied.numpy().dtype == dtype
        np.testing.assert_array_equal(copied.numpy(), array)
