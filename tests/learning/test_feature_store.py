"""Rows that are kept in memory and in temporary files, which last as long as the process that made them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from spacy_bertadapt.learning import feature_store
from spacy_bertadapt.learning.feature_store import RowStore, rows_at

ROWS = torch.arange(12.0).reshape(4, 3)
FORKS = """
import atexit, os, sys
atexit.register(lambda: os.getpid() == parent and print(os.path.exists(store._folder)))
import torch
from spacy_bertadapt.learning.feature_store import RowStore

parent, store = os.getpid(), RowStore(0)
store.append(torch.ones(2, 3), spill=True)
child = os.fork()
if not child:
    sys.exit()
os.waitpid(child, 0)
print(os.path.exists(store._folder))
"""


def folder_of(store: RowStore) -> Path:
    assert store._folder is not None
    return Path(store._folder)


def test_rows_are_read_as_they_were_kept() -> None:
    store = RowStore(2**24)
    for spill in (False, True, True):  # in memory, and in a file once that is used up
        place = store.append(ROWS, spill=spill)
        assert place is not None
        assert torch.equal(store.read(*place), ROWS)
        store._filled = 10**9


@pytest.mark.parametrize("memory", [0, 2**24])
def test_all_rows_are_given_at_once_without_a_copy(memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_store, "CHUNK_BYTES", 72)  # six rows: a second group finds no room behind the first
    store = RowStore(memory)
    groups = [ROWS, ROWS + 12, ROWS[:2] + 24]
    places = [store.append(rows, spill=True) for rows in groups]
    chunks = store.chunks()
    assert [len(chunk) for chunk in chunks] == [4, 6]
    for place, rows in zip(places, groups, strict=True):
        assert place is not None
        assert torch.equal(rows_at(chunks, *place), rows)
        assert rows_at(chunks, *place).data_ptr() == store.read(*place).data_ptr()


def test_rows_that_may_not_spill_are_in_no_file_even_if_it_has_room() -> None:
    store = RowStore(0)
    assert store.append(ROWS, spill=False) is None
    assert store.append(ROWS, spill=True) is not None
    before = store._filled
    assert store.append(ROWS, spill=False) is None
    assert store._filled == before
    assert store.append(ROWS, spill=True) is not None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks")
def test_a_forked_process_that_ends_leaves_the_files() -> None:
    done = subprocess.run([sys.executable, "-c", FORKS], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True", "False"], "there after the child's end, and gone after the parent's"


def test_files_are_gone_with_their_rows() -> None:
    store = RowStore(0)
    store.append(ROWS, spill=True)
    folder = folder_of(store)
    assert folder.is_dir()
    del store
    assert not folder.exists()
