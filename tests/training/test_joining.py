"""Processes find each other by what a launcher says, and say in one line why they can't."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from benchmarks.processes import free_port
from spacy_bertadapt.errors import ProcessError
from spacy_bertadapt.learning.processes import ALONE
from spacy_bertadapt.training.joining import joined_processes, process_number
from tests.fixtures.processes import environment_of


def test_a_process_that_no_launcher_started_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in environment_of(0, 0):
        monkeypatch.delenv(name, raising=False)
    with joined_processes(1) as processes:
        assert processes is ALONE
        assert processes.is_first
        assert process_number() == 0


def test_one_of_one_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "1")
    with joined_processes(1) as processes:
        assert processes is ALONE


@pytest.mark.parametrize("launcher", ["OMPI_COMM_WORLD", "PMI"])
def test_processes_of_mpirun_find_each_other(launcher: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in environment_of(1, free_port()).items():
        monkeypatch.delenv(name, raising=False)
        if name.startswith("MASTER"):
            monkeypatch.setenv(name, text)
    monkeypatch.setenv(f"{launcher}_SIZE", "2")
    with pytest.raises(ProcessError, match=r"E577.* is one of 2, .* RANK"), joined_processes(1):
        pass
    monkeypatch.setenv(f"{launcher}_RANK", "1")
    with pytest.raises(ProcessError, match=r"E576.* 2 processes .*: nothing listens"), joined_processes(1):
        pass


@pytest.mark.parametrize(("missing", "value"), [("MASTER_PORT", None), ("RANK", "first"), ("WORLD_SIZE", "two")])
def test_an_incomplete_environment_is_named(missing: str, value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in environment_of(1, 1).items():
        monkeypatch.setenv(name, text)
    if value is None:
        monkeypatch.delenv(missing)
    else:
        monkeypatch.setenv(missing, value)
    with pytest.raises(ProcessError, match=rf"E577.*{missing}"), joined_processes(1):
        pass


@pytest.mark.parametrize("rank", [0, 1])
def test_a_process_that_does_not_come_is_waited_for_no_longer(rank: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in environment_of(rank, free_port()).items():
        monkeypatch.setenv(name, text)
    with pytest.raises(ProcessError, match=r"E576.* 2 processes .* in 1 s"), joined_processes(1):
        pass


MEETS_AND_ENDS = """
import os
from torch.distributed import rendezvous
print("imported", flush=True)
next(rendezvous("env://", 1, 2))
os._exit(9)
"""


def test_a_process_that_ends_as_all_join_is_waited_for_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    command, environment = [sys.executable, "-c", MEETS_AND_ENDS], {**os.environ, **environment_of(1, port)}
    for name, text in environment_of(0, port).items():
        monkeypatch.setenv(name, text)
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "imported\n"
        with pytest.raises(ProcessError, match="E576"), joined_processes(3):
            pass
    assert other.returncode == 9, "it was there"
