"""What a frozen encoder gives, computed once a window and kept: in memory, then in a temporary file."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from threading import Lock
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel
from transformers.utils import ModelOutput

from ..errors import Warnings
from ..types import PaddedBatch

HIDDEN, POOLED = "last_hidden_state", "pooler_output"
CHUNK_BYTES = 2**24


class FeatureCache:
    """Runs the network of a frozen encoder, and the encoder in it only for batches with a window that is new.

    Where the head looks at the first position alone, as classifiers do, no other is kept.
    """

    def __init__(self, module: PreTrainedModel, *, memory: int):
        """memory: bytes of features that are held in memory."""
        self._module = module
        self._encoder: Any = module.base_model
        self._learns_pooler = any(p.requires_grad for name, p in self._encoder.named_parameters() if "pooler." in name)
        self._store = RowStore(memory)
        self._places: dict[bytes, dict[str, tuple[int, int]]] = {}
        self._output_class: type[ModelOutput] | None = None
        self._first_only: bool | None = None
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._places)

    def forward(self, batch: PaddedBatch, inputs: dict[str, Tensor], *, spill: bool) -> ModelOutput:
        """The network's output. inputs: the batch, as the network takes it. spill: what is new may go to the file."""
        keys = _keys(batch)
        with self._lock:
            if all(key in self._places for key in keys):
                known = self._gather(keys, batch.input_ids.shape[1], inputs["input_ids"].device)
                return self._run(inputs, lambda *_, **__: self._pooled(known))
            encode = self._encoder.forward
            kept: list[ModelOutput] = []

            def encode_and_keep(*args: Any, **settings: Any) -> ModelOutput:
                with torch.no_grad():
                    kept.append(encode(*args, **settings))
                return self._pooled(kept[0])

            output = self._run(inputs, encode_and_keep)
            if self._first_only is None:
                self._first_only = self._looks_at_first_only(inputs, kept[0])
            self._keep(keys, batch, kept[0], spill=spill)
            return output

    def _run(self, inputs: dict[str, Tensor], encode: Callable[..., ModelOutput]) -> ModelOutput:
        with _replaced(self._encoder, encode):
            return self._module(**inputs)

    def _pooled(self, output: ModelOutput) -> ModelOutput:
        """The encoder's output; a pooler that learns runs anew."""
        if self._learns_pooler and POOLED in output:
            return type(output)(**{**output, POOLED: self._encoder.pooler(output[HIDDEN])})
        return output

    def _looks_at_first_only(self, inputs: dict[str, Tensor], output: ModelOutput) -> bool:
        """Try what the head says where it is given the first position alone."""
        modes = [(part, part.training) for part in self._module.modules()]
        self._module.eval()
        try:
            with torch.no_grad():
                first = type(output)(**{**output, HIDDEN: output[HIDDEN][:, :1]})
                whole, short = (
                    self._run(inputs, lambda *_, each=each, **__: self._pooled(each)) for each in (output, first)
                )
            return all(torch.equal(whole[key], short[key]) for key in whole)
        except (IndexError, RuntimeError):
            return False
        finally:
            for part, mode in modes:
                part.training = mode

    def _keep(self, keys: list[bytes], batch: PaddedBatch, output: ModelOutput, *, spill: bool) -> None:
        self._output_class = type(output)
        lengths = _lengths(batch)
        for row, key in enumerate(keys):
            if key in self._places:
                continue
            hidden = output[HIDDEN][row, : 1 if self._first_only else lengths[row]]
            rows = {HIDDEN: hidden, **({POOLED: output[POOLED][row : row + 1]} if POOLED in output else {})}
            places = {name: self._store.append(name, found, spill=spill) for name, found in rows.items()}
            if None not in places.values():
                self._places[key] = places  # type: ignore[assignment]

    def _gather(self, keys: list[bytes], width: int, device: torch.device) -> ModelOutput:
        assert self._output_class is not None
        places = [self._places[key] for key in keys]
        fields = {name: [self._store.read(name, *place[name]) for place in places] for name in places[0]}
        hidden = torch.stack(fields[HIDDEN]) if self._first_only else _padded(fields[HIDDEN], width)
        pooled = {POOLED: torch.cat(fields[POOLED]).to(device)} if POOLED in fields else {}
        return self._output_class(**{HIDDEN: hidden.to(device), **pooled})


class RowStore:
    """Rows of numbers by kind, in chunks: tensors in memory up to a limit, then temporary files mapped into memory."""

    def __init__(self, memory: int):
        """memory: bytes of chunks that are no files."""
        self._free = memory
        self._chunks: dict[str, list[Tensor]] = {}
        self._filled: dict[str, int] = {}
        self._folder: str | None = None
        self._full = False

    def append(self, kind: str, rows: Tensor, *, spill: bool) -> tuple[int, int] | None:
        """Keep rows, (n, width). Returns their chunk and first row there, or None where there is no room."""
        chunks = self._chunks.setdefault(kind, [])
        filled = self._filled.get(kind, 0)
        if not chunks or filled + len(rows) > len(chunks[-1]):
            count = max(len(rows), CHUNK_BYTES // (rows.shape[1] * rows.element_size()))
            chunk = self._new_chunk((count, rows.shape[1]), rows.dtype, spill=spill)
            if chunk is None:
                return None
            chunks.append(chunk)
            filled = 0
        chunks[-1][filled : filled + len(rows)] = rows
        self._filled[kind] = filled + len(rows)
        return (len(chunks) - 1) * _LARGE + filled, len(rows)

    def read(self, kind: str, place: int, count: int) -> Tensor:
        """Rows that `append` gave a place."""
        chunk, row = divmod(place, _LARGE)
        return self._chunks[kind][chunk][row : row + count]

    @torch.inference_mode(False)
    def _new_chunk(self, shape: tuple[int, int], dtype: torch.dtype, *, spill: bool) -> Tensor | None:
        size = shape[0] * shape[1] * dtype.itemsize
        if size <= self._free:
            self._free -= size
            return torch.empty(shape, dtype=dtype)
        if not spill or self._full:
            return None
        try:
            return self._new_file(shape, dtype, size)
        except OSError as err:
            self._full = True
            warnings.warn(Warnings.W103.format(reason=err), stacklevel=2)
            return None

    def _new_file(self, shape: tuple[int, int], dtype: torch.dtype, size: int) -> Tensor:
        if self._folder is None:
            self._folder = tempfile.mkdtemp(prefix="bertadapt-")
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        handle, name = tempfile.mkstemp(dir=self._folder)
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(handle, 0, size)  # a full disk shows here, and not as a crash on writing
            else:
                os.truncate(handle, size)
        finally:
            os.close(handle)
        return torch.from_file(name, shared=True, size=shape[0] * shape[1], dtype=dtype).view(shape)


_LARGE = 2**40  # more rows than a chunk has


@contextmanager
def _replaced(encoder: torch.nn.Module, forward: Callable[..., ModelOutput]) -> Iterator[None]:
    encoder.forward = forward  # type: ignore[method-assign]
    try:
        yield
    finally:
        del encoder.forward


def _lengths(batch: PaddedBatch) -> np.ndarray:
    return np.full(len(batch), batch.input_ids.shape[1]) if batch.mask is None else batch.mask.sum(axis=1)


def _keys(batch: PaddedBatch) -> list[bytes]:
    """What tells windows apart: their subwords and token types, without the padding."""
    types = batch.token_type_ids
    keys = []
    for row, length in enumerate(_lengths(batch)):
        digest = blake2b(batch.input_ids[row, :length].tobytes(), digest_size=16)
        if types is not None and types[row, :length].any():
            digest.update(types[row, :length].tobytes())
        keys.append(digest.digest())
    return keys


def _padded(rows: list[Tensor], width: int) -> Tensor:
    """Rows of (n, hidden) as (rows, width, hidden), with zeros after their end."""
    batch = rows[0].new_zeros((len(rows), width, rows[0].shape[1]))
    for target, row in zip(batch, rows, strict=True):
        target[: len(row)] = row
    return batch
