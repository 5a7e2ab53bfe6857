"""`bertadapt pretrain`."""

from __future__ import annotations

import json
import re
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from spacy_bertadapt.cli.pretrain import _cells
from spacy_bertadapt.pretraining.state import has_state
from spacy_bertadapt.pretraining.trainer import Evaluation
from tests.fixtures.commands import ROWS


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    path = tmp_path / "texts.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text, _ in ROWS * 4), encoding="utf8")
    return path


def test_prints_a_table_and_writes_a_model(texts: Path, tiny_bert: Path, run: Callable, tmp_path: Path) -> None:
    output = tmp_path / "out"
    options = ["--encoder", tiny_bert, "--max-steps", 4, "--eval-every", 2, "--device", "cpu", "--batch-size", 8]
    result = run("pretrain", texts, output, *options)
    assert result.exit_code == 0, result.output
    assert "a new one is trained" in result.output
    assert "Perplexity" in result.output
    rows = re.findall(r"^ +\d+\.\d\d +(\d+) .* \d+$", result.output, re.MULTILINE)
    assert rows == ["0", "2", "4"], "steps, after epochs; the last column is seconds"
    assert {path.name for path in (output / "model").iterdir()} >= {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
    }
    again = run("pretrain", texts, output, *options)
    assert again.exit_code == 1
    assert "[E513]" in again.output
    assert run("pretrain", texts, output, *options, "--force").exit_code == 0


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--encoder", "/none"], "E101"),
        (["--resume"], "E514"),
        (["--max-length", 65], "E110"),
        (["--mask-probability", 1.5], "E308"),
        (["--lang", "zz"], "E048"),
        (["--device", "warp"], "E108"),
        (["--precision", "int4"], "E107"),
    ],
)
def test_errors_are_one_paragraph(
    options: list, code: str, texts: Path, tiny_bert: Path, run: Callable, tmp_path: Path
) -> None:
    result = run("pretrain", texts, tmp_path / "out", "--encoder", tiny_bert, "--device", "cpu", *options)
    assert result.exit_code == 1
    assert f"[{code}]" in result.output
    assert not (tmp_path / "out").exists()


def test_training_that_diverges_ends_with_a_message(
    texts: Path, tiny_bert: Path, run: Callable, tmp_path: Path
) -> None:
    options = ["--encoder", tiny_bert, "--max-steps", 4, "--eval-every", 2, "--device", "cpu", "--batch-size", 8]
    result = run("pretrain", texts, tmp_path / "out", *options, "--learn-rate", 100, "--warmup", 0)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit), result.exception
    message = " ".join(result.output.partition("[E330]")[2].split())
    assert "after step 2" in message
    assert "learn_rate = 100" in message
    assert not (tmp_path / "out" / "model").exists()


def test_a_large_perplexity_is_a_power_of_ten() -> None:
    evaluations = [Evaluation(1, 0.1, 2.0, perplexity, 1e-4, 1.0) for perplexity in (1234.5, 2.5e9)]
    assert [_cells(evaluation)[3] for evaluation in evaluations] == ["1,234.50", "2.50e+09"]


def test_missing_file(tiny_bert: Path, run: Callable, tmp_path: Path) -> None:
    result = run("pretrain", tmp_path / "none.txt", tmp_path / "out", "--encoder", tiny_bert)
    assert result.exit_code == 1
    assert "[E502]" in result.output


def test_an_interrupted_run_says_how_to_go_on(texts: Path, tiny_bert: Path, run: Callable, tmp_path: Path) -> None:
    output, main = tmp_path / "out", threading.main_thread().ident
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may start tests with SIGINT ignored

    def interrupt() -> None:
        while not has_state(output / "state"):
            time.sleep(0.01)
        signal.pthread_kill(main, signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    options = ["--max-steps", 100_000, "--eval-every", 1, "--device", "cpu", "--batch-size", 8]
    try:
        result = run("pretrain", texts, output, "--encoder", tiny_bert, *options)
    finally:
        signal.signal(signal.SIGINT, before)
    assert result.exit_code == 130
    assert "--resume" in result.output
    assert not (output / "model").exists()
