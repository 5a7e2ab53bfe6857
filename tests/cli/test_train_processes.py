"""`train` in two processes: whole trainings, and what the other one says if one of them dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import srsly

from benchmarks.processes import free_port
from spacy_bertadapt.training.run_state import load_state
from tests.fixtures.processes import PROCESSES, environment_of
from tests.fixtures.training_runs import MakeConfig

from .test_train import PATIENCE, wait_for_state

SETTINGS = {"training.max_steps": 150, "training.eval_frequency": 50}


@pytest.fixture
def config_file(make_config: MakeConfig, tmp_path: Path) -> Path:
    make_config("textcat", **SETTINGS).to_disk(tmp_path / "my.cfg")
    return tmp_path / "my.cfg"


def start(config: Path, output: Path, *options: str) -> list[subprocess.Popen]:
    """Start two processes as a launcher does."""
    command = [
        sys.executable,
        "-m",
        "spacy",
        "bertadapt",
        "train",
        "--no-report",
        str(config),
        "-o",
        str(output),
        *options,
    ]
    environments = [environment_of(rank, port) for port in [free_port()] for rank in range(PROCESSES)]
    settings = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    own = {**os.environ, "OMP_NUM_THREADS": "1"}
    return [subprocess.Popen(command, env={**own, **other}, **settings) for other in environments]  # type: ignore[call-overload]


def test_a_process_that_dies_ends_the_other_and_both_go_on(config_file: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    first, second = start(config_file, output)
    wait_for_state(output, first)
    os.kill(second.pid, signal.SIGKILL)
    printed, _ = first.communicate(timeout=PATIENCE)
    second.communicate()
    assert first.returncode == 1
    assert "E575" in printed
    assert "Traceback" not in printed
    state = load_state(output)
    assert len(state.positions) == PROCESSES
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(PROCESSES)]
    command = [
        *torchrun,
        "-m",
        "spacy",
        "bertadapt",
        "train",
        "--no-report",
        str(config_file),
        "-o",
        str(output),
        "--resume",
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"Going on after step {state.progress.step - 1}" in done.stdout
    assert done.stdout.count("Training pipeline") == 1, "the first process alone prints"
    assert [line["step"] for line in srsly.read_jsonl(output / "log.jsonl")] == [0, 50, 100, 150]
