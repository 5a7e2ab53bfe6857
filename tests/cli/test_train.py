"""`train`: an interrupted process goes on where it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixtures.training_runs import MakeConfig, files_of, run_by_spacy, run_part

LONG = {"training.max_steps": 400, "training.eval_frequency": 100}
SIGNALS = {"SIGINT": 130, "SIGTERM": 143, "SIGKILL": -9}
PATIENCE = 120  # seconds


@pytest.fixture
def config_file(make_config: MakeConfig, tmp_path: Path) -> Path:
    make_config("textcat").to_disk(tmp_path / "my.cfg")
    return tmp_path / "my.cfg"


def start(config: Path, output: Path, *options: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "spacy", "bertadapt", "train", str(config), "-o", str(output), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def wait_for_state(output: Path, process: subprocess.Popen) -> None:
    end = time.monotonic() + PATIENCE
    while not list(output.glob("training-state/step-*")):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("name", list(SIGNALS))
def test_a_process_that_was_ended_goes_on_to_the_bit(name: str, make_config: MakeConfig, tmp_path: Path) -> None:
    config, output = make_config("textcat", **LONG), tmp_path / "out"
    config.to_disk(tmp_path / "my.cfg")
    process = start(tmp_path / "my.cfg", output)
    wait_for_state(output, process)
    os.kill(process.pid, getattr(signal, name))
    printed, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == SIGNALS[name], printed
    assert ("Go on with the same command and --resume" in " ".join(printed.split())) is (name != "SIGKILL")
    resumed = start(tmp_path / "my.cfg", output, "--resume")
    printed, _ = resumed.communicate(timeout=PATIENCE)
    assert resumed.returncode == 0, printed
    assert "Going on after step" in printed
    run_by_spacy(config, tmp_path / "spacy")
    assert files_of(output) == files_of(tmp_path / "spacy")


def test_a_run_says_what_it_made(config_file: Path, run: Callable, tmp_path: Path) -> None:
    result = run("train", config_file, "-o", tmp_path / "out", "--training.max_steps", 4)
    assert result.exit_code == 0, result.output
    assert "5 steps" in result.output
    assert (tmp_path / "out" / "model-best").is_dir()


def test_what_can_not_be_resumed_is_said(
    config_file: Path, make_config: MakeConfig, run: Callable, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    assert "E574" in run("train", config_file, "--resume").output
    assert "E571" in run("train", config_file, "-o", output, "--resume").output
    run_part(make_config("textcat"), output, steps=2)
    assert "E573" in run("train", config_file, "-o", output).output
    refused = run("train", config_file, "-o", output, "--resume", "--training.dropout", 0.3)
    assert refused.exit_code == 1
    assert "E572" in refused.output
    longer = run("train", config_file, "-o", output, "--resume", "--training.patience", 50)
    assert longer.exit_code == 0, longer.output
    assert "training.patience was 0, is 50" in longer.output
    assert run("train", config_file, "-o", output).exit_code == 0
