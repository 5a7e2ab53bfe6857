"""A misspelled name in a config ends in one line, which knows what was meant."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from spacy_bertadapt.cli.config_errors import config_errors_in_one_line

CONFIG = Path(__file__).parents[2] / "configs" / "textcat.cfg"
COMPONENT = "components.bert_textcat"
MISSPELLED = {
    f"{COMPONENT}.adapt.@misc": ("spacy-bertadapt.LoRa.v1", "spacy-bertadapt.LoRA.v1"),
    f"{COMPONENT}.model.@architectures": (
        "spacy-bertadapt.SequenceClasifier.v1",
        "spacy-bertadapt.SequenceClassifier.v1",
    ),
    f"{COMPONENT}.factory": ("bert_textcatt", "bert_textcat"),
    f"{COMPONENT}.adapt.layer_decai": ("0.5", "layer_decay"),
    f"{COMPONENT}.max_lenght": ("5", "max_length"),
    f"{COMPONENT}.model.encoder.dropuot": ("0.1", "dropout"),
    "training.optimizer.learn_rat": ("1", "learn_rate"),
    "training.optimizer.learn_rate.warm_up": ("1", "warmup"),
}


def message_of(done: object) -> str:
    """What a command printed, without the line breaks of the terminal."""
    assert done.exit_code == 1, done.output
    assert isinstance(done.exception, SystemExit), done.exception
    return " ".join(re.sub(r"\x1b\[[\d;]*m", "", done.output).split())


@pytest.mark.parametrize("setting", list(MISSPELLED))
def test_the_nearest_name_is_in_the_message(run: Callable, tiny_bert: Path, setting: str) -> None:
    value, meant = MISSPELLED[setting]
    message = message_of(run("show", CONFIG, "--paths.encoder", tiny_bert, f"--{setting}", value))
    assert message.endswith(f"Did you mean '{meant}'?")
    assert len(message) < 200


def test_other_commands_know_it_too(run: Callable, tiny_bert: Path, tmp_path: Path) -> None:
    setting = (f"--{COMPONENT}.adapt.@misc", "spacy-bertadapt.HeadOnlyy.v1")
    done = run("compare", CONFIG, "-o", tmp_path / "out", "--paths.encoder", tiny_bert, *setting)
    assert message_of(done).endswith("Did you mean 'spacy-bertadapt.HeadOnly.v1'?")


def test_a_name_like_no_other_gets_all_settings(run: Callable, tiny_bert: Path) -> None:
    message = message_of(run("show", CONFIG, "--paths.encoder", tiny_bert, "--training.batcher.xyz", "1"))
    assert message.endswith("'spacy-bertadapt.LengthBatcher.v1'. It has size, encoder, revision, pool.")


def test_a_value_of_the_wrong_type_is_named(run: Callable, tiny_bert: Path) -> None:
    message = message_of(run("show", CONFIG, "--paths.encoder", tiny_bert, f"--{COMPONENT}.max_length", "long"))
    assert "[E531] bert_textcat.max_length can't be used: 'long' is not int." in message


def test_a_config_that_is_none_is_not_printed(run: Callable, tmp_path: Path) -> None:
    (tmp_path / "config.cfg").write_text("[paths]\nsecret = 1\n", encoding="utf8")
    message = message_of(run("show", tmp_path / "config.cfg"))
    assert "no [nlp] section found" in message
    assert "secret" not in message


def test_a_missing_peft_is_one_line(run: Callable, tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "spacy_bertadapt.learning.lora.find_spec", lambda name: None if name == "peft" else find_spec(name)
    )
    lora = (f"--{COMPONENT}.adapt.@misc", "spacy-bertadapt.LoRA.v1", f"--{COMPONENT}.max_length", "64")
    assert "[E114]" in message_of(run("show", CONFIG, "--paths.encoder", tiny_bert, *lora))


def test_a_mistake_of_the_program_stays_one() -> None:
    with pytest.raises(ValueError, match="too many values") as raised, config_errors_in_one_line():
        raise ValueError("too many values to unpack")
    assert type(raised.value) is ValueError
