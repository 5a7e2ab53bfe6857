"""Freed memory goes back to the system, and not too often."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import torch

from spacy_bertadapt.serving.server.memory import COMPILED_SHAPES, FreedMemory, limit_compiled_shapes

MEGABYTE = 2**20


def resident() -> float:
    """Return the megabytes of memory that the process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MEGABYTE


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc is Linux's")
def test_what_is_free_between_what_is_used_goes_back() -> None:
    size = MEGABYTE // 8  # bytes, of blocks that glibc cuts from its heap
    blocks = [torch.ones(size // 4 - 64) for _ in range(1600)]
    kept = blocks[::8]
    del blocks
    before = resident()
    memory = FreedMemory(seconds=0.0)
    memory.give_back()
    assert before - resident() > 100
    assert float(sum(block.sum() for block in kept)) == 200 * (size // 4 - 64)


def test_the_environment_may_say_how_many_shapes_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = COMPILED_SHAPES
    monkeypatch.setenv(first, "5")
    monkeypatch.delenv(second, raising=False)
    limit_compiled_shapes()
    assert os.environ[first] == "5"
    assert os.environ[second] == COMPILED_SHAPES[second]
    monkeypatch.delenv(second)


def test_it_is_done_now_and_then() -> None:
    times: list[int] = []
    memory = FreedMemory(seconds=1000.0)
    memory._trim = lambda pad: times.append(pad) or 0
    memory.give_back()
    assert not times
    memory._last -= 1000
    memory.give_back()
    memory.give_back()
    assert times == [0]
