"""What loggers and the progress bar show of a training."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
import spacy
import srsly
from spacy.training.initialize import init_nlp
from thinc.api import Config

from spacy_bertadapt.learning.processes import ALONE
from spacy_bertadapt.training.loop import RunOptions, TrainingRun
from spacy_bertadapt.training.pace import Pace, ProgressBar, peak_memory
from tests.fixtures.training_runs import EVAL_FREQUENCY, LAST_STEP, MakeConfig

INFOS: list[dict[str, Any]] = []


@spacy.registry.loggers("spacy-bertadapt.test_kept.v1")
def kept_logger() -> Any:
    """Return a logger that keeps what it is told of evaluations."""

    def setup(nlp: Any, stdout: Any, stderr: Any) -> Any:
        return lambda info: INFOS.append(dict(info)) if info else None, lambda: None

    return setup


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_loggers_get_speed_rate_and_norms(make_config: MakeConfig) -> None:
    config = make_config("textcat")
    config["training"]["logger"] = {"@loggers": "spacy-bertadapt.test_kept.v1"}
    INFOS.clear()
    run = TrainingRun(init_nlp(Config(config)), config, RunOptions())
    run.run(io.StringIO(), io.StringIO())
    assert [info["step"] for info in INFOS] == list(range(0, LAST_STEP, EVAL_FREQUENCY))
    first, *_, last = (info["other_scores"] for info in INFOS)
    assert first["learn_rate"] != last["learn_rate"]
    assert last["texts_per_second"] > 0
    assert last["gradient_norm_bert_textcat"] > 0
    assert srsly.json_dumps(last)
    assert run.progress.texts == 18, "two epochs of nine texts, in ten batches"


def test_a_terminal_shows_a_bar(make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spacy_bertadapt.training.pace.SECONDS_BETWEEN", 0.0)
    config, terminal = make_config("textcat"), Terminal()
    run = TrainingRun(init_nlp(Config(config)), config, RunOptions())
    run.run(io.StringIO(), terminal)
    shown = terminal.getvalue()
    assert f"/{LAST_STEP + 1}" in shown
    assert re.search(r"loss=\d+\.\d{4}, rate=[\de.-]+, texts/s=\d+, MB=\d", shown)


def test_a_file_shows_none(make_config: MakeConfig) -> None:
    config, file = make_config("textcat"), io.StringIO()
    TrainingRun(init_nlp(Config(config)), config, RunOptions()).run(io.StringIO(), file)
    assert "step/s" not in file.getvalue()


def test_a_hidden_bar_asks_for_no_loss() -> None:
    bar = ProgressBar(io.StringIO(), total=3, step=0)
    bar.advance(texts=1, loss_and_rate=lambda: pytest.fail("a GPU would wait"))
    bar.close()


def test_texts_are_counted_between_evaluations() -> None:
    pace = Pace(ALONE)
    pace.add(texts=3, words=10)
    pace.add(texts=1, words=2)
    assert pace.take()[:2] == (4, 12)
    assert pace.take()[:2] == (0, 0)
    assert peak_memory() > 10
