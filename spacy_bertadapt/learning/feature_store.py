"""Rows of numbers in chunks: tensors in memory up to a limit, then temporary files mapped into memory."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
import weakref
from collections.abc import Sequence

import torch
from torch import Tensor

from ..errors import Warnings

CHUNK_BYTES = 2**24
CHUNK_SPAN = 2**40  # more rows than a chunk has: a place is chunk * CHUNK_SPAN + row


class RowStore:
    """Keeps rows of one width, and gives them back by their place."""

    def __init__(self, memory: int):
        """memory: how many bytes of rows may stay in memory."""
        self._free = memory
        self._chunks: list[Tensor] = []
        self._filled = 0
        self._folder: str | None = None
        self._disk_is_full = False

    def append(self, rows: Tensor, *, spill: bool) -> tuple[int, int] | None:
        """Keep rows, (n, width). Returns the place of the first and their number, or None if there is no room.

        spill: whether rows may go to a file once memory is used up.
        """
        if self._folder is not None and not spill:
            return None
        if not self._chunks or self._filled + len(rows) > len(self._chunks[-1]):
            count = max(len(rows), CHUNK_BYTES // (rows.shape[1] * rows.element_size()))
            chunk = self._new_chunk((count, rows.shape[1]), rows.dtype, spill=spill)
            if chunk is None:
                return None
            self._chunks = [*self.chunks(), chunk]
            self._filled = 0
        start = self._filled
        self._filled += len(rows)
        self._chunks[-1][start : self._filled] = rows
        return (len(self._chunks) - 1) * CHUNK_SPAN + start, len(rows)

    def read(self, place: int, count: int) -> Tensor:
        """Return the rows at a place that `append` returned."""
        return rows_at(self._chunks, place, count)

    def chunks(self) -> list[Tensor]:
        """Return all rows, in the tensors that hold them: `rows_at` finds a place in these."""
        return [*self._chunks[:-1], *(chunk[: self._filled] for chunk in self._chunks[-1:])]

    @torch.inference_mode(False)
    def _new_chunk(self, shape: tuple[int, int], dtype: torch.dtype, *, spill: bool) -> Tensor | None:
        size = shape[0] * shape[1] * dtype.itemsize
        if size <= self._free:
            self._free -= size
            return torch.empty(shape, dtype=dtype)
        if not spill or self._disk_is_full:
            return None
        try:
            return self._new_file(shape, dtype, size)
        except OSError as err:
            self._disk_is_full = True
            warnings.warn(Warnings.W103.format(reason=err), stacklevel=2)
            return None

    def _new_file(self, shape: tuple[int, int], dtype: torch.dtype, size: int) -> Tensor:
        if self._folder is None:
            self._folder = tempfile.mkdtemp(prefix="bertadapt-")
            weakref.finalize(self, _remove, self._folder, os.getpid())
        handle, name = tempfile.mkstemp(dir=self._folder)
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(handle, 0, size)  # a full disk shows here, and not as a crash on writing
            else:
                os.truncate(handle, size)
        finally:
            os.close(handle)
        return torch.from_file(name, shared=True, size=shape[0] * shape[1], dtype=dtype).view(shape)


def rows_at(chunks: Sequence[Tensor], place: int, count: int) -> Tensor:
    """Return the rows at a place in the chunks of a store."""
    chunk, row = divmod(place, CHUNK_SPAN)
    return chunks[chunk][row : row + count]


def _remove(folder: str, process: int) -> None:
    """Delete a folder in the process that made it: one that was forked from it ends earlier."""
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)
