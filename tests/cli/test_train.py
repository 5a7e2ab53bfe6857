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
import spacy
from spacy.language import Language

from spacy_bertadapt import save_pipeline
from tests.fixtures.training_runs import MakeConfig, files_of, run_part

LONG = {"training.max_steps": 400, "training.eval_frequency": 100}
SIGNALS = {"SIGINT": 130, "SIGTERM": 143, "SIGKILL": -9}
"""How a process is ended, and its exit code."""
PATIENCE = 120  # seconds


@pytest.fixture
def config_file(make_config: MakeConfig, tmp_path: Path) -> Path:
    make_config("textcat").to_disk(tmp_path / "my.cfg")
    return tmp_path / "my.cfg"


def start(config: Path, output: Path, *options: str) -> subprocess.Popen:
    return start_spacy("bertadapt", "train", "--no-report", str(config), "-o", str(output), *options)


def start_spacy(*arguments: str) -> subprocess.Popen:
    """Start a command of spaCy's. Bits depend on the number of threads, so all have one."""
    command, environment = [sys.executable, "-m", "spacy", *arguments], {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)


def states_of(output: Path) -> set[Path]:
    return set(output.glob("training-state/step-*"))


def wait_for_state(output: Path, process: subprocess.Popen) -> None:
    """Wait until a process has left another state than there was."""
    before, end = states_of(output), time.monotonic() + PATIENCE
    while not states_of(output) - before:
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_process_that_was_ended_goes_on_to_the_bit(make_config: MakeConfig, tmp_path: Path) -> None:
    make_config("textcat", **LONG).to_disk(tmp_path / "my.cfg")
    spacys = start_spacy("train", str(tmp_path / "my.cfg"), "-o", str(tmp_path / "spacy"))
    printed, _ = spacys.communicate(timeout=PATIENCE)
    assert spacys.returncode == 0, printed
    output, options = tmp_path / "ours", tuple[str, ...]()
    for name, code in SIGNALS.items():
        process = start(tmp_path / "my.cfg", output, *options)
        wait_for_state(output, process)
        os.kill(process.pid, getattr(signal, name))
        printed, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == code, printed
        assert ("Go on with the same command and --resume" in " ".join(printed.split())) is (name != "SIGKILL")
        options = ("--resume",)
    resumed = start(tmp_path / "my.cfg", output, *options)
    printed, _ = resumed.communicate(timeout=PATIENCE)
    assert resumed.returncode == 0, printed
    assert "Going on after step" in printed
    assert files_of(output) == files_of(tmp_path / "spacy")


@spacy.registry.callbacks("spacy-bertadapt.test_failing_late.v1")
def failing_late() -> Callable:
    """Return a callback that fails in the seventh step; states are saved after the first and the fifth."""

    def fail(nlp: Language, now: dict) -> None:
        assert now["step"] < 6, "of the callback"

    return fail


def test_a_run_that_fails_says_from_where_it_can_go_on(make_config: MakeConfig, run: Callable, tmp_path: Path) -> None:
    config = make_config("textcat")
    config["training"]["before_update"] = {"@callbacks": "spacy-bertadapt.test_failing_late.v1"}
    config.to_disk(tmp_path / "my.cfg")
    result = run("train", "--no-report", tmp_path / "my.cfg", "-o", tmp_path / "out")
    assert isinstance(result.exception, AssertionError)
    printed = " ".join(result.output.split())
    assert "state after step 4 is kept. Go on from there with the same command and --resume" in printed
    assert "is kept" not in run("train", "--no-report", tmp_path / "my.cfg").output, "there is no folder"


def test_a_run_says_where_it_saves(config_file: Path, run: Callable, tmp_path: Path) -> None:
    short = ("train", "--no-report", config_file, "--training.max_steps", 1)
    assert "Nothing is saved: no folder was given with -o" in " ".join(run(*short).output.split())
    assert f"Savingto{tmp_path}/out" in "".join(run(*short, "-o", tmp_path / "out").output.split())


def test_a_run_says_what_it_made(config_file: Path, run: Callable, tmp_path: Path) -> None:
    result = run("train", "--no-report", config_file, "-o", tmp_path / "out", "--training.max_steps", 4)
    assert result.exit_code == 0, result.output
    assert "5 steps" in result.output
    assert (tmp_path / "out" / "model-best").is_dir()


def test_what_can_not_be_resumed_is_said(
    config_file: Path, make_config: MakeConfig, run: Callable, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    assert "E574" in run("train", "--no-report", config_file, "--resume").output
    run_part(make_config("textcat"), output, steps=2)
    assert "E573" in run("train", "--no-report", config_file, "-o", output).output
    refused = run("train", "--no-report", config_file, "-o", output, "--resume", "--training.dropout", 0.3)
    assert refused.exit_code == 1
    assert "E572" in refused.output
    longer = run("train", "--no-report", config_file, "-o", output, "--resume", "--training.patience", 50)
    assert longer.exit_code == 0, longer.output
    assert "training.patience was 0, is 50" in longer.output
    assert run("train", "--no-report", config_file, "-o", output).exit_code == 0


def test_resuming_begins_where_nothing_is_saved_yet(config_file: Path, run: Callable, tmp_path: Path) -> None:
    begun = run("train", "--no-report", config_file, "-o", tmp_path / "out", "--resume", "--training.max_steps", 1)
    assert begun.exit_code == 0, begun.output
    assert "Nothing to resume" in begun.output


def test_a_run_that_was_killed_before_its_first_state_begins_again(
    make_config: MakeConfig, config_file: Path, run: Callable, tmp_path: Path
) -> None:
    failing = make_config("textcat")
    failing["training"]["before_to_disk"] = {"@callbacks": "spacy-bertadapt.test_failing_after_a_save.v1"}
    failing.to_disk(tmp_path / "failing.cfg")
    assert run("train", "--no-report", tmp_path / "failing.cfg", "-o", tmp_path / "out").exit_code == 1
    begun = run("train", "--no-report", config_file, "-o", tmp_path / "out", "--resume")
    assert begun.exit_code == 0, begun.output
    assert "Nothing to resume" in begun.output


@spacy.registry.callbacks("spacy-bertadapt.test_failing_after_a_save.v1")
def failing_after_a_save() -> Callable:
    """Return a callback whose pipeline is saved, after which the run fails."""

    class Saved:
        def __init__(self, nlp: Language):
            self.nlp = nlp

        def to_disk(self, path: Path) -> None:
            self.nlp.to_disk(path)
            raise ZeroDivisionError

    return Saved


def test_a_finished_training_is_not_made_again(config_file: Path, run: Callable, tmp_path: Path) -> None:
    first = ("train", "--no-report", config_file, "-o", tmp_path / "out", "--training.max_steps", 4)
    assert run(*first).exit_code == 0
    before = files_of(tmp_path / "out")
    again = run(*first, "--resume")
    assert again.exit_code == 0, again.output
    assert "has come to its end" in " ".join(again.output.split())
    assert files_of(tmp_path / "out") == before
    longer = run("train", "--no-report", config_file, "-o", tmp_path / "out", "--training.max_steps", 8, "--resume")
    assert longer.exit_code == 1
    assert "E566" in longer.output
    assert "training.max_steps was 4, is 8" in " ".join(longer.output.split())


def test_pipelines_of_another_training_are_not_replaced_by_resuming(
    config_file: Path, run: Callable, tmp_path: Path
) -> None:
    save_pipeline(spacy.blank("en"), tmp_path / "out" / "model-best")
    refused = run("train", "--no-report", config_file, "-o", tmp_path / "out", "--resume")
    assert refused.exit_code == 1
    assert "E567" in refused.output
    assert (tmp_path / "out" / "model-best").is_dir()
