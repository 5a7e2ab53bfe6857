"""Joins the processes that a launcher, such as torchrun, has started to train together."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic, sleep

import torch
import torch.distributed as dist
from torch.distributed.distributed_c10d import _set_pg_timeout

from ..errors import Errors, ProcessError
from ..learning.processes import ALONE, FIRST, JoinedProcesses, Processes
from ..network.transformers_calls import first_line

COUNT, RANK, LOCAL_RANK = "WORLD_SIZE", "RANK", "LOCAL_RANK"
OTHER_NAMES = {
    COUNT: ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE"),
    RANK: ("OMPI_COMM_WORLD_RANK", "PMI_RANK"),
    LOCAL_RANK: ("OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID"),
}
"""What mpirun sets: that of Open MPI, and those of MPICH and Intel."""
ADDRESS = ("MASTER_ADDR", "MASTER_PORT")
LONGEST_WAIT = timedelta(hours=6)  # of the others, while the first process scores or saves


def process_number() -> int:
    """Return this process's number among those of its machine, from 0, as launchers set it in LOCAL_RANK."""
    number = os.environ.get(_name_in_use(LOCAL_RANK), "0")
    return int(number) if number.isdecimal() else 0


@contextmanager
def joined_processes(seconds: float) -> Iterator[Processes]:
    """Join the processes that the environment speaks of, for the block; without WORLD_SIZE there is this one alone.

    torchrun and `accelerate launch` set WORLD_SIZE, RANK, MASTER_ADDR and MASTER_PORT; mpirun sets names of its own for
    the first two. Whoever has joined torch's processes already, as Ray Train does, keeps them.
    seconds: how long to wait for all processes.
    Raises RuntimeError if they can't come together.
    """
    if dist.is_available() and dist.is_initialized():
        yield JoinedProcesses() if dist.get_world_size() > 1 else ALONE
        return
    count = _number(COUNT) if _name_in_use(COUNT) in os.environ else 1
    if count == 1:
        yield ALONE
        return
    _join(count, _number(RANK), seconds)
    try:
        yield (processes := JoinedProcesses())
        processes.wait()  # the first one keeps the others' meeting place
    finally:
        dist.destroy_process_group()


def _join(count: int, rank: int, seconds: float) -> None:
    if missing := [name for name in ADDRESS if name not in os.environ]:
        raise ProcessError(Errors.E577.format(count=count, names=" and ".join(missing)))
    has_gpu = torch.cuda.is_available() and dist.is_nccl_available()
    if has_gpu:
        torch.cuda.set_device(process_number() % torch.cuda.device_count())  # what device = "cuda" means here
    try:
        if rank != FIRST:
            _wait_for_first(os.environ[ADDRESS[0]], _number(ADDRESS[1]), seconds)
        store, _, _ = next(dist.rendezvous("env://", rank, count, timeout=timedelta(seconds=seconds)))
        backend = "cpu:gloo,cuda:nccl" if has_gpu else "gloo"
        dist.init_process_group(backend, store=store, rank=rank, world_size=count, timeout=timedelta(seconds=seconds))
        store.set_timeout(LONGEST_WAIT)
        _set_pg_timeout(LONGEST_WAIT)  # no public function does
    except (RuntimeError, ValueError, OSError) as err:
        reason = first_line(err).rstrip(".")
        raise ProcessError(Errors.E576.format(count=count, seconds=seconds, reason=reason)) from err


def _wait_for_first(address: str, port: int, seconds: float) -> None:
    """Wait until the first process listens: torch's own wait prints pages. Raises OSError if it never does."""
    end = monotonic() + seconds
    while True:
        try:
            socket.create_connection((address, port), timeout=seconds).close()
            return
        except OSError as err:
            if monotonic() > end:
                raise OSError(f"nothing listens at {address}:{port}: {first_line(err)}") from err
        sleep(0.2)


def _number(meaning: str) -> int:
    """Return what a launcher says. meaning: torchrun's name of it."""
    name = _name_in_use(meaning)
    text = os.environ.get(name, "")
    if not text.isdecimal() or (meaning == COUNT and int(text) < 1):
        raise ProcessError(Errors.E577.format(count=os.environ[_name_in_use(COUNT)], names=name))
    return int(text)


def _name_in_use(meaning: str) -> str:
    """Return the name by which the environment has what torchrun has by another one; torchrun's if it has neither."""
    return next((name for name in (meaning, *OTHER_NAMES.get(meaning, ())) if name in os.environ), meaning)
